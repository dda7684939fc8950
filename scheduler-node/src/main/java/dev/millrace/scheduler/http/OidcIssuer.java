package dev.millrace.scheduler.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import dev.millrace.settings.AccessSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the issuer says of itself, its keys, and what it gives for a code. Keys that are unknown are
 * asked for again, at most every ten seconds. Follows no redirects; every address is https, or this
 * machine. Any thread.
 */
final class OidcIssuer {
  private static final Logger log = LoggerFactory.getLogger(OidcIssuer.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final int ANSWER_BYTES_MAX = 512 * 1024;
  private static final long KEPT_NANOS = Duration.ofMinutes(15).toNanos();
  private static final long AGAIN_NANOS = Duration.ofSeconds(10).toNanos();

  /** The issuer cannot be asked. */
  static final class Away extends RuntimeException {
    private static final long serialVersionUID = 1;

    Away(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Where what is. */
  record Places(URI authorize, URI token, URI keys) {}

  private record Read(Places places, JWKSet keys, long atNanos) {}

  private final String issuer;
  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(TIMEOUT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();
  private Read read;
  private long askedNanos;

  OidcIssuer(String issuer) {
    this.issuer = issuer;
  }

  Places places() {
    return read(false).places();
  }

  /** The keys that may have made this signature. */
  List<JWK> keys(JWSHeader header) {
    JWKSelector selector = new JWKSelector(JWKMatcher.forJWSHeader(header));
    List<JWK> found = selector.select(read(false).keys());
    return found.isEmpty() ? selector.select(read(true).keys()) : found;
  }

  /**
   * @param again true when what is known is not enough
   */
  private synchronized Read read(boolean again) {
    long now = System.nanoTime();
    boolean old = read == null || again || now - read.atNanos() > KEPT_NANOS;
    boolean mayAsk = askedNanos == 0 || now - askedNanos > AGAIN_NANOS;
    if (old && mayAsk) {
      askedNanos = now;
      try {
        read = ask(now);
      } catch (IOException | ParseException | IllegalArgumentException e) {
        log.warn("the OIDC issuer does not answer as it should cause={}", e.toString());
        if (read == null) {
          askedNanos = 0; // there is nothing to live on meanwhile
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (read == null) {
      throw new Away("the OIDC issuer does not answer", null);
    }
    return read;
  }

  private Read ask(long now) throws IOException, InterruptedException, ParseException {
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    JsonNode said = json(get(safe(base + "/.well-known/openid-configuration")));
    if (!issuer.equals(said.path("issuer").asText())) {
      throw new IOException("it calls itself " + Call.shortened(said.path("issuer").asText()));
    }
    Places places =
        new Places(
            safe(said.path("authorization_endpoint").asText()),
            safe(said.path("token_endpoint").asText()),
            safe(said.path("jwks_uri").asText()));
    return new Read(places, JWKSet.parse(get(places.keys())), now);
  }

  private static URI safe(String url) throws IOException {
    if (!AccessSettings.isSafe(url)) {
      throw new IOException("'" + Call.shortened(url) + "' is no https URL");
    }
    return URI.create(url);
  }

  private String get(URI uri) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(uri).header("Accept", "application/json"));
  }

  private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<InputStream> answer =
        client.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = answer.body()) {
      byte[] bytes = in.readNBytes(ANSWER_BYTES_MAX + 1);
      if (answer.statusCode() != 200 || bytes.length > ANSWER_BYTES_MAX) {
        throw new IOException(
            "it answers " + answer.statusCode() + " with " + bytes.length + " bytes");
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private static JsonNode json(String text) throws IOException {
    try {
      return Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException("it does not answer with JSON", e);
    }
  }

  /**
   * Gives a code for a token of identity.
   *
   * @throws IOException when the issuer refuses it
   */
  String redeem(AccessSettings settings, String code, String verifier, String redirect)
      throws IOException, InterruptedException {
    Map<String, String> form =
        Map.of(
            "grant_type", "authorization_code",
            "code", code,
            "code_verifier", verifier,
            "redirect_uri", redirect,
            "client_id", settings.oidcClient());
    HttpRequest.Builder request =
        HttpRequest.newBuilder(places().token())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(form(form)));
    if (!settings.oidcSecret().isEmpty()) {
      String pair = encoded(settings.oidcClient()) + ":" + encoded(settings.oidcSecret());
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    }
    String token = json(send(request)).path("id_token").asText();
    if (token.isEmpty()) {
      throw new IOException("it gives no token of identity");
    }
    return token;
  }

  static String form(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
        .collect(Collectors.joining("&"));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
