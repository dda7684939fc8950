package dev.millrace.scheduler.http;

import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Who may call. With a token: who shows it. Without: only this machine, and only what the user's
 * own programs and the dashboard itself send, not what a foreign web page makes the browser send.
 * Webhooks are left to their signatures. Any thread.
 */
final class Access {
  private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Set<String> BODY_TYPES =
      Set.of("application/json", "application/yaml", "application/x-yaml", "text/yaml");

  /** Who shows the token of the settings. */
  private static final Principal STATIC =
      new Principal(
          "static", Principal.Kind.TOKEN, Map.of(Principal.EVERYWHERE, Role.ADMIN), null, null);

  private final byte[] tokenHash;

  Access(String token) {
    this.tokenHash = token == null ? null : hash(token);
  }

  void check(Context http) {
    String path = http.path();
    if (path.startsWith(HooksApi.PREFIX) && http.req().getMethod().equals("POST")) {
      return; // the only routes there judge the signature of the call themselves
    }
    boolean guarded =
        path.startsWith("/api/") || path.equals("/api") || path.startsWith("/metrics");
    if (tokenHash != null) {
      if (guarded) {
        checkToken(http);
      }
    } else {
      checkHost(http);
      http.attribute(Call.PRINCIPAL, Principal.LOCAL);
    }
    if (!isRead(http)) {
      checkOrigin(http);
      checkBodyType(http);
    }
  }

  private void checkToken(Context http) {
    String header = http.header("Authorization");
    String shown =
        header != null && header.regionMatches(true, 0, "Bearer ", 0, 7) ? header.substring(7) : "";
    if (!MessageDigest.isEqual(hash(shown.strip()), tokenHash)) {
      throw unauthorized(
          http, header == null ? "this API needs a token" : "the token is not the right one");
    }
    http.attribute(Call.PRINCIPAL, STATIC);
  }

  static Problem.Refused unauthorized(Context http, String detail) {
    http.header("WWW-Authenticate", "Bearer");
    return new Problem.Refused(
        new Problem(
            401,
            "unauthorized",
            "Unauthorized",
            detail,
            "Send 'Authorization: Bearer TOKEN' with a token of this Millrace."));
  }

  /** A foreign name that resolves to this machine is how DNS rebinding reads a local API. */
  private static void checkHost(Context http) {
    String host = http.header("Host");
    String name = host == null ? "" : host.toLowerCase(Locale.ROOT).replaceFirst(":\\d+$", "");
    if (!LOOPBACK_NAMES.contains(name)) {
      throw Problem.forbidden(
          "without a token this API answers only to names of this machine",
          "Use http://localhost or http://127.0.0.1, or start the node with a token.");
    }
  }

  /** Refuses what a foreign page makes the browser send. */
  static void checkOrigin(Context http) {
    String origin = http.header("Origin");
    String site = http.header("Sec-Fetch-Site");
    boolean sameSite = site == null || site.equals("same-origin") || site.equals("none");
    boolean sameOrigin =
        origin == null
            || origin.equalsIgnoreCase("http://" + http.header("Host"))
            || origin.equalsIgnoreCase("https://" + http.header("Host"));
    if (!sameSite || !sameOrigin) {
      throw Problem.forbidden(
          "this request comes from another web page",
          "Send it from the dashboard of this node, or from a program.");
    }
  }

  /** These types make a browser ask first; what an HTML form can send is refused. */
  private static void checkBodyType(Context http) {
    String type = http.contentType();
    if (type == null && !hasBody(http)) {
      return;
    }
    String plain = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!BODY_TYPES.contains(plain)) {
      throw new Problem.Refused(
          new Problem(
              415,
              "media-type",
              "Unsupported media type",
              type == null ? "the body has no Content-Type" : "a body of this type is not taken",
              "Send Content-Type: application/json or application/yaml."));
    }
  }

  private static boolean hasBody(Context http) {
    return http.req().getContentLengthLong() > 0 || http.header("Transfer-Encoding") != null;
  }

  static boolean isRead(Context http) {
    String method = http.req().getMethod();
    return method.equals("GET") || method.equals("HEAD") || method.equals("OPTIONS");
  }

  private static byte[] hash(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
