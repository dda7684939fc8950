package dev.millrace.scheduler.http;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An OIDC issuer over HTTP: discovery, keys that rotate, authorize (everybody is logged in), and a
 * token endpoint that judges the client's secret, PKCE, the address and that a code is used once.
 */
final class LocalIssuer implements AutoCloseable {
  private final HttpServer server;
  private final String client;
  private final String secret;
  private final Map<String, Map<String, String>> codes = new ConcurrentHashMap<>();
  private final AtomicInteger keysAsked = new AtomicInteger();
  private final RSAKey stranger = rsa();
  private final ECKey curve;
  private volatile RSAKey key = rsa();
  private volatile String nonce;

  LocalIssuer(String client, String secret) throws IOException, JOSEException {
    this.client = client;
    this.secret = secret;
    this.curve = new ECKeyGenerator(Curve.P_256).keyID("curve").generate();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/.well-known/openid-configuration", this::discovery);
    server.createContext("/keys", this::keys);
    server.createContext("/authorize", this::authorize);
    server.createContext("/token", this::token);
    server.start();
  }

  private static RSAKey rsa() throws JOSEException {
    return new RSAKeyGenerator(2048).keyID(UUID.randomUUID().toString()).generate();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  int keysAsked() {
    return keysAsked.get();
  }

  void rotate() throws JOSEException {
    key = rsa();
  }

  void answersWithNonce(String other) {
    nonce = other;
  }

  JWTClaimsSet.Builder claims(List<String> groups) {
    Instant now = Instant.now();
    return new JWTClaimsSet.Builder()
        .issuer(url())
        .audience(client)
        .subject("person-1")
        .claim("preferred_username", "somebody")
        .claim("groups", groups)
        .issueTime(Date.from(now))
        .expirationTime(Date.from(now.plusSeconds(300)));
  }

  String signed(JWSAlgorithm algorithm, JWTClaimsSet claims) throws JOSEException {
    boolean curves = algorithm.equals(JWSAlgorithm.ES256);
    String id = curves ? curve.getKeyID() : key.getKeyID();
    SignedJWT token = new SignedJWT(new JWSHeader.Builder(algorithm).keyID(id).build(), claims);
    token.sign(curves ? new ECDSASigner(curve) : new RSASSASigner(key));
    return token.serialize();
  }

  String unsigned(JWTClaimsSet claims) {
    return new PlainJWT(claims).serialize();
  }

  String signedWithPublicKey(JWTClaimsSet claims) throws JOSEException {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(key.getKeyID()).build(), claims);
    token.sign(new MACSigner(key.toRSAPublicKey().getEncoded()));
    return token.serialize();
  }

  String signedByStranger(JWTClaimsSet claims) throws JOSEException {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(UUID.randomUUID().toString()).build(),
            claims);
    token.sign(new RSASSASigner(stranger));
    return token.serialize();
  }

  private void discovery(HttpExchange http) throws IOException {
    answer(
        http,
        200,
        Json.write(
            Json.object()
                .put("issuer", url())
                .put("authorization_endpoint", url() + "/authorize")
                .put("token_endpoint", url() + "/token")
                .put("jwks_uri", url() + "/keys")));
  }

  private void keys(HttpExchange http) throws IOException {
    keysAsked.incrementAndGet();
    answer(http, 200, new JWKSet(List.of(key.toPublicJWK(), curve.toPublicJWK())).toString());
  }

  private void authorize(HttpExchange http) throws IOException {
    Map<String, String> query = form(http.getRequestURI().getRawQuery());
    String code = UUID.randomUUID().toString();
    codes.put(code, query);
    http.getResponseHeaders()
        .add(
            "Location",
            query.get("redirect_uri") + "?code=" + code + "&state=" + query.get("state"));
    http.sendResponseHeaders(302, -1);
    http.close();
  }

  private void token(HttpExchange http) throws IOException {
    Map<String, String> form =
        form(new String(http.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
    Map<String, String> asked = codes.remove(form.getOrDefault("code", ""));
    String challenge =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(TokenText.hash(form.getOrDefault("code_verifier", "")));
    boolean good =
        asked != null
            && isClient(http)
            && "authorization_code".equals(form.get("grant_type"))
            && challenge.equals(asked.get("code_challenge"))
            && asked.get("redirect_uri").equals(form.get("redirect_uri"));
    if (!good) {
      answer(http, 400, "{\"error\":\"invalid_grant\"}");
      return;
    }
    try {
      JWTClaimsSet claims =
          claims(List.of("ops")).claim("nonce", nonce == null ? asked.get("nonce") : nonce).build();
      answer(
          http,
          200,
          Json.write(
              Json.object()
                  .put("id_token", signed(JWSAlgorithm.RS256, claims))
                  .put("token_type", "Bearer")));
    } catch (JOSEException e) {
      throw new IOException(e);
    }
  }

  private boolean isClient(HttpExchange http) {
    String header = http.getRequestHeaders().getFirst("Authorization");
    if (header == null || !header.startsWith("Basic ")) {
      return false;
    }
    String[] pair =
        new String(Base64.getDecoder().decode(header.substring(6)), StandardCharsets.UTF_8)
            .split(":", 2);
    return decoded(pair[0]).equals(client) && decoded(pair[1]).equals(secret);
  }

  private static Map<String, String> form(String text) {
    Map<String, String> fields = new HashMap<>();
    for (String pair : text.split("&", -1)) {
      String[] parts = pair.split("=", 2);
      fields.put(decoded(parts[0]), decoded(parts[1]));
    }
    return fields;
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static void answer(HttpExchange http, int status, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    http.getResponseHeaders().add("Content-Type", "application/json");
    http.sendResponseHeaders(status, bytes.length);
    http.getResponseBody().write(bytes);
    http.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
