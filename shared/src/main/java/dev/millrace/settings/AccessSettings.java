package dev.millrace.settings;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who may use the API besides the holders of tokens, how often, and how long it is remembered.
 * Immutable.
 *
 * @param requestsPerSecond of one caller to one node
 * @param auditKeep the audit log keeps so much, in whole months at least
 * @param oidcIssuer empty: nobody logs in by OIDC
 * @param oidcClient the client's id at the issuer, also the audience of its tokens
 * @param oidcSecret empty for a public client
 * @param oidcClaim the claim that {@code oidcRoles} is about
 * @param oidcRoles by value of the claim, exactly as it is: {@code namespace:role}, several with
 *     "+" between
 * @param publicUrl where people reach this API; empty: as the request says
 */
public record AccessSettings(
    int requestsPerSecond,
    Duration auditKeep,
    String oidcIssuer,
    String oidcClient,
    String oidcSecret,
    String oidcName,
    String oidcClaim,
    Map<String, String> oidcRoles,
    String publicUrl) {
  public AccessSettings {
    oidcRoles = Map.copyOf(oidcRoles);
  }

  /** Nobody but the holders of tokens. */
  public static final AccessSettings STANDARD =
      new AccessSettings(5_000, Duration.ofDays(400), "", "", "", "OIDC", "groups", Map.of(), "");

  static AccessSettings read(Values values) {
    AccessSettings settings =
        new AccessSettings(
            values.integer("http.requests-per-second", 1, 1_000_000),
            values.duration("audit.keep", Duration.ofDays(1), Duration.ofDays(36_500)),
            values.text("oidc.issuer"),
            values.text("oidc.client-id"),
            values.secret("oidc.client-secret"),
            values.text("oidc.name"),
            values.text("oidc.claim"),
            roles(values),
            values.text("http.public-url"));
    values.require(
        settings.oidcIssuer.isEmpty() || isSafe(settings.oidcIssuer),
        "the issuer is no https URL; http only on loopback",
        "oidc.issuer");
    values.require(
        settings.oidcIssuer.isEmpty() || !settings.oidcClient.isEmpty(),
        "an issuer needs the id that this client has there",
        "oidc.client-id");
    for (String key : new String[] {"oidc.name", "oidc.claim", "oidc.client-id"}) {
      values.require(values.text(key).matches("\\P{Cntrl}*"), "has control characters", key);
    }
    values.require(
        settings.publicUrl.isEmpty() || settings.publicUrl.matches("https?://[^/?#@\\s]+"),
        "the public URL is not like https://millrace.example.org",
        "http.public-url");
    return settings;
  }

  private static Map<String, String> roles(Values values) {
    Map<String, String> roles = new LinkedHashMap<>();
    for (String part : values.text("oidc.roles").split(",", -1)) {
      int at = part.lastIndexOf('=');
      String wanted = part.substring(at + 1).strip();
      boolean good =
          at > 0
              && wanted.matches(
                  "(\\*|[a-z0-9][a-z0-9._-]*):[a-z]+(\\+(\\*|[a-z0-9][a-z0-9._-]*):[a-z]+)*");
      values.require(
          part.isBlank() || good,
          "'" + part + "' is not like GROUP=NAMESPACE:ROLE or GROUP=*:ROLE",
          "oidc.roles");
      if (good) {
        roles.put(part.substring(0, at).strip(), wanted);
      }
    }
    return roles;
  }

  /** Only https, but for this machine. */
  public static boolean isSafe(String url) {
    try {
      URI uri = URI.create(url);
      String host = uri.getHost();
      boolean local =
          host != null
              && (host.equals("localhost")
                  || host.equals("[::1]")
                  || host.matches("127(\\.\\d{1,3}){3}"));
      return host != null
          && uri.getUserInfo() == null
          && ("https".equals(uri.getScheme()) || (local && "http".equals(uri.getScheme())));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  public boolean hasOidc() {
    return !oidcIssuer.isEmpty();
  }

  @Override
  public String toString() {
    return "AccessSettings[requestsPerSecond="
        + requestsPerSecond
        + ", oidcIssuer="
        + oidcIssuer
        + ", oidcClient="
        + oidcClient
        + ", oidcSecret="
        + Masks.secret(oidcSecret)
        + "]";
  }
}
