package dev.millrace.scheduler.http;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.millrace.settings.AccessSettings;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Believes tokens that the issuer has signed for this client, and gives the roles that the settings
 * say for the values of one claim, compared exactly. Any thread.
 */
final class Oidc {
  /** Signatures by keys that only the issuer has: never none, never a secret that both share. */
  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  private static final Duration SKEW = Duration.ofSeconds(30);
  private static final int JWT_CHARS_MAX = 16 * 1024;
  private static final int NAME_CHARS_MAX = 100;

  private final AccessSettings settings;
  private final Clock clock;
  private final OidcIssuer issuer;

  Oidc(AccessSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    this.issuer = new OidcIssuer(settings.oidcIssuer());
  }

  /** What became of a token that was shown. */
  sealed interface Known {
    record Good(Principal principal) implements Known {}

    record Bad(String why) implements Known {}
  }

  AccessSettings settings() {
    return settings;
  }

  OidcIssuer issuer() {
    return issuer;
  }

  /** A token that a program shows. */
  Known bearer(String text) {
    return verify(text, null);
  }

  /**
   * A token, and with a nonce one that answers this login.
   *
   * @param nonce or null
   */
  Known verify(String text, String nonce) {
    if (text.length() > JWT_CHARS_MAX) {
      return new Known.Bad("the token is too long");
    }
    try {
      SignedJWT token = SignedJWT.parse(text);
      if (!ALGORITHMS.contains(token.getHeader().getAlgorithm())) {
        return new Known.Bad("the token is not signed in a way that is taken here");
      }
      if (!isSigned(token)) {
        return new Known.Bad("the token is not signed by the issuer");
      }
      JWTClaimsSet claims = token.getJWTClaimsSet();
      String wrong = wrong(claims, nonce);
      return wrong == null ? principal(claims) : new Known.Bad(wrong);
    } catch (ParseException | JOSEException | IllegalArgumentException e) {
      return new Known.Bad("the token cannot be read");
    } catch (OidcIssuer.Away e) {
      throw new Problem.Refused(Problem.unavailable("the OIDC issuer does not answer"));
    }
  }

  private boolean isSigned(SignedJWT token) throws JOSEException {
    for (JWK key : issuer.keys(token.getHeader())) {
      if (key instanceof AsymmetricJWK asymmetric
          && token.verify(
              new DefaultJWSVerifierFactory()
                  .createJWSVerifier(token.getHeader(), asymmetric.toPublicKey()))) {
        return true;
      }
    }
    return false;
  }

  /** Null when the claims are about this client, and now. */
  private String wrong(JWTClaimsSet claims, String nonce) throws ParseException {
    Instant now = clock.instant();
    List<String> audience = claims.getAudience();
    String party = claims.getStringClaim("azp");
    if (!settings.oidcIssuer().equals(claims.getIssuer())) {
      return "the token is of another issuer";
    }
    if (!audience.contains(settings.oidcClient())
        || (audience.size() > 1 && party != null && !party.equals(settings.oidcClient()))) {
      return "the token is for another client";
    }
    if (claims.getExpirationTime() == null
        || !now.isBefore(claims.getExpirationTime().toInstant().plus(SKEW))) {
      return "the token has expired";
    }
    if (claims.getNotBeforeTime() != null
        && now.isBefore(claims.getNotBeforeTime().toInstant().minus(SKEW))) {
      return "the token is not valid yet";
    }
    if (claims.getSubject() == null || claims.getSubject().isEmpty()) {
      return "the token names nobody";
    }
    if (nonce != null && !nonce.equals(claims.getStringClaim("nonce"))) {
      return "the token answers another login";
    }
    return null;
  }

  private Known principal(JWTClaimsSet claims) throws ParseException {
    Map<String, Role> roles = new LinkedHashMap<>();
    for (String value : values(claims)) {
      for (String one : settings.oidcRoles().getOrDefault(value, "").split("\\+", -1)) {
        int at = one.lastIndexOf(':');
        if (at > 0) {
          Role.of(one.substring(at + 1))
              .ifPresent(
                  role ->
                      roles.merge(
                          one.substring(0, at), role, (a, b) -> a.compareTo(b) > 0 ? a : b));
        }
      }
    }
    return new Known.Good(
        new Principal(
            name(claims),
            Principal.Kind.OIDC,
            roles,
            null,
            claims.getExpirationTime().toInstant()));
  }

  /** A list of texts, or one text. */
  private List<String> values(JWTClaimsSet claims) throws ParseException {
    Object claim = claims.getClaim(settings.oidcClaim());
    return switch (claim) {
      case String one -> List.of(one);
      case List<?> many ->
          many.stream().filter(String.class::isInstance).map(String.class::cast).toList();
      case null, default -> List.of();
    };
  }

  /** Never only what somebody could have chosen: the subject is the issuer's. */
  private static String name(JWTClaimsSet claims) throws ParseException {
    String called = claims.getStringClaim("preferred_username");
    String subject = claims.getSubject();
    String name =
        called == null || called.equals(subject) ? subject : called + " (" + subject + ")";
    return AuditTrail.plain(
        name.length() > NAME_CHARS_MAX ? name.substring(0, NAME_CHARS_MAX) : name);
  }
}
