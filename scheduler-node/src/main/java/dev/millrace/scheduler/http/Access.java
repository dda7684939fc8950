package dev.millrace.scheduler.http;

import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;

/**
 * Who calls: the holder of a token, of a session's cookie or of a token of the OIDC issuer; on a
 * machine of its own whoever is on it. And what nobody may send, such as what a foreign web page
 * makes a browser send. Any thread.
 */
final class Access {
  static final String COOKIE = "millrace";
  static final String SAFE_COOKIE = "__Host-millrace";
  static final String REQUEST_HEADER = "X-Millrace-Request";
  private static final String PROBLEM = "caller-problem";
  private static final String BY_COOKIE = "caller-cookie";
  private static final String BEARER = "Bearer ";
  private static final int KEY_CHARS = 24;

  private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Set<String> BODY_TYPES =
      Set.of("application/json", "application/yaml", "application/x-yaml", "text/yaml");

  /** Who shows the token of the settings. */
  private static final Principal STATIC =
      new Principal(
          "static", Principal.Kind.TOKEN, Map.of(Principal.EVERYWHERE, Role.ADMIN), null, null);

  private final HttpConfig config;
  private final byte[] staticHash;
  private final TokenBook tokens;
  private final SessionBook sessions;
  private final Oidc oidc;
  private final Clock clock;
  private final Limits limits;

  Access(HttpConfig config, Jdbi jdbi, Clock clock) {
    this.config = config;
    this.clock = clock;
    this.staticHash = config.token() == null ? null : TokenText.hash(config.token());
    this.tokens = new TokenBook(jdbi);
    this.sessions = new SessionBook(jdbi, tokens);
    this.oidc = config.access().hasOidc() ? new Oidc(config.access(), clock) : null;
    this.limits = new Limits(config.access().requestsPerSecond(), System::nanoTime);
  }

  TokenBook tokens() {
    return tokens;
  }

  SessionBook sessions() {
    return sessions;
  }

  /** Empty when nobody logs in by OIDC. */
  Optional<Oidc> oidc() {
    return Optional.ofNullable(oidc);
  }

  Limits limits() {
    return limits;
  }

  HttpConfig config() {
    return config;
  }

  /** Once for each request, before its route is known. Refuses only what comes by a wrong name. */
  void identify(Context http) {
    if (config.open() && !isHook(http)) {
      checkHost(http);
    }
    http.attribute(Call.ACCESS, this);
    String path = http.path();
    if (path.startsWith("/api/") || path.startsWith("/metrics")) {
      http.attribute(Call.PRINCIPAL, principal(http));
    }
  }

  private Principal principal(Context http) {
    String header = http.header("Authorization");
    if (header != null) {
      return ofHeader(http, header);
    }
    String cookie = cookie(http);
    if (cookie != null) {
      Optional<Principal> principal = sessions.of(cookie);
      if (principal.isPresent()) {
        http.attribute(BY_COOKIE, true);
        return principal.get();
      }
      if (!config.open()) {
        http.attribute(PROBLEM, "the session has ended");
        return Principal.NOBODY;
      }
    }
    return config.open() ? Principal.LOCAL : Principal.NOBODY;
  }

  private Principal ofHeader(Context http, String header) {
    String shown =
        header.regionMatches(true, 0, BEARER, 0, BEARER.length())
            ? header.substring(BEARER.length()).strip()
            : "";
    if (oidc == null || shown.chars().filter(c -> c == '.').count() != 2) {
      return ofToken(http, shown);
    }
    return switch (oidc.bearer(shown)) {
      case Oidc.Known.Good good -> good.principal();
      case Oidc.Known.Bad bad -> wrong(http, shown, bad.why());
    };
  }

  /** Who has this token of Millrace; nobody when it is none, and that is counted. */
  Principal ofToken(Context http, String shown) {
    if (staticHash != null && MessageDigest.isEqual(TokenText.hash(shown), staticHash)) {
      return STATIC;
    }
    return switch (tokens.show(shown)) {
      case TokenBook.Shown.Good good -> good.principal();
      case TokenBook.Shown.Bad bad -> wrong(http, bad.guess() ? shown : null, bad.why());
    };
  }

  /**
   * @param shown what was guessed, or null when it was not
   */
  private Principal wrong(Context http, String shown, String why) {
    http.attribute(PROBLEM, why);
    if (shown != null) {
      limits.failed(http.ip(), shown.substring(0, Math.min(KEY_CHARS, shown.length())));
    }
    return Principal.NOBODY;
  }

  /** The only routes there judge the signature of the call themselves. */
  private static boolean isHook(Context http) {
    return http.path().startsWith(HooksApi.PREFIX) && http.req().getMethod().equals("POST");
  }

  static String cookie(Context http) {
    String safe = http.cookie(SAFE_COOKIE);
    return safe == null ? http.cookie(COOKIE) : safe;
  }

  /** What no caller of a route may send, and how often it may send. */
  void check(Context http, Principal principal, Route route) {
    limits.requireCalm(http, principal);
    if (route.needs().scope() == Scope.PUBLIC && !isRead(http) && !isHook(http)) {
      limits.requireFewFailures(http.ip());
    }
    if (http.attribute(PROBLEM) != null && route.needs().scope() != Scope.PUBLIC) {
      throw unauthorized(http, http.attribute(PROBLEM));
    }
    if (http.header("Upgrade") != null) {
      checkOrigin(http); // a foreign page may open a socket, and is not asked by its browser
    }
    if (isRead(http) || isHook(http)) {
      return;
    }
    checkOrigin(http);
    checkBodyType(http);
    if (http.attribute(BY_COOKIE) != null && http.header(REQUEST_HEADER) == null) {
      throw Problem.forbidden(
          "a change by a browser's session needs the header " + REQUEST_HEADER,
          "Send " + REQUEST_HEADER + ": 1, which a foreign page cannot.");
    }
  }

  /** Which routes there are is nobody's business who has shown nothing. */
  Exception hiding(Context http, HttpResponseException failure) {
    String path = http.path();
    boolean guarded =
        path.startsWith("/api/") || path.equals("/api") || path.startsWith("/metrics");
    Principal principal = http.attribute(Call.PRINCIPAL);
    boolean nobody = principal == null || principal.kind() == Principal.Kind.NOBODY;
    return guarded && nobody && !config.open() && http.attribute(Call.ROUTE) == null
        ? unauthorized(http, "this API needs credentials")
        : failure;
  }

  static Problem.Refused unauthorized(Context http, String detail) {
    http.header("WWW-Authenticate", "Bearer");
    return new Problem.Refused(
        new Problem(
            401,
            "unauthorized",
            "Unauthorized",
            detail,
            "Send 'Authorization: Bearer TOKEN' with a token of this Millrace, or log in."));
  }

  /** True while the caller of a long answer could call again. Looks every two seconds at most. */
  boolean stillAllowed(Principal principal) {
    if (principal.expired(clock.instant())) {
      return false;
    }
    String credential = principal.credential();
    if (credential == null) {
      return true;
    }
    String id = credential.substring(credential.indexOf(':') + 1);
    return credential.startsWith("token:")
        ? tokens.find(Long.parseLong(id)).filter(row -> !row.ended()).isPresent()
        : sessions.ofHash(id).isPresent();
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

  /** True when people reach this API by https, be it through a proxy. */
  boolean isHttps(Context http) {
    return config.access().publicUrl().startsWith("https:")
        || "https".equalsIgnoreCase(http.header("X-Forwarded-Proto"))
        || http.req().isSecure();
  }
}
