package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Cookie;
import io.javalin.http.SameSite;
import java.io.IOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logging in and out by a browser. Any thread. */
final class SessionApi {
  private static final Logger log = LoggerFactory.getLogger(SessionApi.class);
  static final String TAG = "access";
  private static final String PATH = "/api/v1/session";
  private static final Set<String> KEYS = Set.of("token");
  private static final String LOGIN_COOKIE = "millrace-login";
  private static final int BODY_BYTES_MAX = 8 * 1024;
  private static final int LOGIN_SECONDS_MAX = 600;
  private static final String PLACE = "/(#[A-Za-z0-9._~/?=&%@:,+*-]{0,500})?";

  private final Access access;

  SessionApi(Access access) {
    this.access = access;
  }

  List<Route> routes() {
    return List.of(
        get(PATH, TAG, "Who you are here, and how to log in", "Session", this::show)
            .needs(Role.VIEWER, Scope.PUBLIC),
        post(
                PATH,
                TAG,
                "Log in with a token; sets a cookie",
                "Login",
                List.of(json(200, "Session")),
                this::login)
            .needs(Role.VIEWER, Scope.PUBLIC),
        post(PATH, TAG, "Log out, everywhere", null, List.of(json(200, "Session")), this::logout)
            .as("DELETE")
            .needs(Role.VIEWER, Scope.PUBLIC),
        get("/auth/login", TAG, "To the OIDC issuer, which sends back", null, this::toIssuer)
            .media("text/plain")
            .query("to")
            .needs(Role.VIEWER, Scope.PUBLIC),
        get("/auth/callback", TAG, "Where the OIDC issuer sends back to", null, this::fromIssuer)
            .media("text/plain")
            .query("code", "state", "error", "iss")
            .needs(Role.VIEWER, Scope.PUBLIC));
  }

  private void show(Call call) {
    answer(call, call.principal());
  }

  private void answer(Call call, Principal principal) {
    boolean known = principal.kind() != Principal.Kind.NOBODY;
    ObjectNode node = Json.object().put("authenticated", known);
    node.put("name", known ? principal.name() : null);
    node.put("kind", known ? principal.kind().name().toLowerCase(Locale.ROOT) : null);
    node.set("roles", Roles.json(principal.roles()));
    ObjectNode login = node.putObject("login").put("token", true);
    access
        .oidc()
        .ifPresentOrElse(
            oidc ->
                login
                    .putObject("oidc")
                    .put("name", oidc.settings().oidcName())
                    .put("url", "/auth/login"),
            () -> login.putNull("oidc"));
    node.putNull("csrf");
    node.put("expiresAt", Json.text(principal.expiresAt()));
    call.answer(200, node);
  }

  private void login(Call call) {
    ObjectNode body = call.object(KEYS, BODY_BYTES_MAX);
    String token = body.path("token").asText().strip();
    Principal principal = access.ofToken(call.http(), token);
    if (principal.kind() == Principal.Kind.NOBODY) {
      throw Access.unauthorized(call.http(), "this is not a token that can log in here");
    }
    begin(call, principal);
    call.http().attribute(Call.PRINCIPAL, principal);
    answer(call, principal);
  }

  private void begin(Call call, Principal principal) {
    String value = access.sessions().begin(principal, call.http().ip());
    boolean https = access.isHttps(call.http());
    Cookie cookie =
        cookie(
            https ? Access.SAFE_COOKIE : Access.COOKIE,
            value,
            "/",
            (int) SessionBook.MOST.toSeconds(),
            https,
            SameSite.STRICT);
    call.http().cookie(cookie);
  }

  private void logout(Call call) {
    String cookie = Access.cookie(call.http());
    if (cookie != null) {
      access.sessions().end(cookie);
    }
    call.http().removeCookie(Access.COOKIE, "/");
    if (access.isHttps(call.http())) {
      call.http().cookie(cookie(Access.SAFE_COOKIE, "", "/", 0, true, SameSite.STRICT));
    }
    answer(call, Principal.NOBODY);
  }

  private Oidc oidc() {
    return access
        .oidc()
        .orElseThrow(
            () ->
                Problem.notFound(
                    "nobody logs in by OIDC here", "Log in with a token: POST " + PATH + "."));
  }

  private void toIssuer(Call call) {
    Oidc oidc = oidc();
    String to = call.query("to");
    String place = to != null && to.matches(PLACE) ? to : "/";
    String state = TokenText.newSecret();
    String nonce = TokenText.newSecret();
    String verifier = TokenText.newSecret();
    Map<String, String> query = new LinkedHashMap<>();
    query.put("response_type", "code");
    query.put("client_id", oidc.settings().oidcClient());
    query.put("redirect_uri", redirect(call));
    query.put("scope", "openid profile email");
    query.put("state", state);
    query.put("nonce", nonce);
    query.put("code_challenge", encoded(TokenText.hash(verifier)));
    query.put("code_challenge_method", "S256");
    OidcIssuer.Places places;
    try {
      places = oidc.issuer().places();
    } catch (OidcIssuer.Away e) {
      throw new Problem.Refused(Problem.unavailable("the OIDC issuer does not answer"));
    }
    // Lax: the issuer's page leads back here. Whoever has another browser has no such cookie.
    String kept = String.join("~", state, nonce, verifier, encoded(place.getBytes(UTF_8)));
    loginCookie(call, kept, LOGIN_SECONDS_MAX);
    String authorize = places.authorize().toString();
    String between = authorize.contains("?") ? "&" : "?";
    call.http().redirect(authorize + between + OidcIssuer.form(query));
  }

  private static final java.nio.charset.Charset UTF_8 = java.nio.charset.StandardCharsets.UTF_8;

  private static String encoded(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private void loginCookie(Call call, String value, int seconds) {
    boolean https = access.isHttps(call.http());
    call.http().cookie(cookie(LOGIN_COOKIE, value, "/auth", seconds, https, SameSite.LAX));
  }

  /** One that no script can read. */
  private static Cookie cookie(
      String name, String value, String path, int seconds, boolean https, SameSite site) {
    return new Cookie(name, value, path, seconds, https, true, null, site);
  }

  /** Where the issuer sends back to; it knows this address and takes no other. */
  private String redirect(Call call) {
    String url = access.config().access().publicUrl();
    String base =
        url.isEmpty()
            ? (access.isHttps(call.http()) ? "https://" : "http://") + call.http().host()
            : url;
    return base + "/auth/callback";
  }

  private void fromIssuer(Call call) throws InterruptedException {
    Oidc oidc = oidc();
    String kept = call.http().cookie(LOGIN_COOKIE);
    String[] parts = kept == null ? new String[0] : kept.split("~", -1);
    loginCookie(call, "", 0); // each login is answered once
    String state = call.query("state");
    if (parts.length != 4 || state == null || !state.equals(parts[0])) {
      throw failed("this browser has not asked for this login, or it took too long");
    }
    String issuer = call.query("iss");
    if (issuer != null && !issuer.equals(oidc.settings().oidcIssuer())) {
      throw failed("another issuer answers");
    }
    String code = call.query("code");
    if (code == null) {
      throw failed("the issuer gives no code");
    }
    Principal principal = redeemed(call, oidc, code, parts);
    if (principal.roles().isEmpty()) {
      throw Problem.forbidden(
          "'" + principal.name() + "' has no role here",
          "Ask an admin to map one of your groups: see oidc.roles in docs/security.md.");
    }
    // The cookie's own times count, not those of a token of identity, which lives for minutes.
    begin(call, new Principal(principal.name(), principal.kind(), principal.roles(), null, null));
    String place = new String(Base64.getUrlDecoder().decode(parts[3]), UTF_8);
    call.http().redirect(place.matches(PLACE) ? place : "/");
  }

  private Principal redeemed(Call call, Oidc oidc, String code, String[] parts)
      throws InterruptedException {
    try {
      String token = oidc.issuer().redeem(oidc.settings(), code, parts[2], redirect(call));
      switch (oidc.verify(token, parts[1])) {
        case Oidc.Known.Good good -> {
          return good.principal();
        }
        case Oidc.Known.Bad bad -> throw failed(bad.why());
      }
    } catch (IOException e) {
      log.info("a login by OIDC failed cause={}", AuditTrail.plain(e.getMessage()));
      throw failed("the issuer does not take the code");
    } catch (OidcIssuer.Away e) {
      throw new Problem.Refused(Problem.unavailable("the OIDC issuer does not answer"));
    }
  }

  private static Problem.Refused failed(String detail) {
    return new Problem.Refused(
        new Problem(
            401, "login", "Login failed", detail, "Begin again at /auth/login, or use a token."));
  }
}
