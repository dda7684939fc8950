package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.artifact.ArtifactStores;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.secret.Vaults;
import dev.millrace.settings.AccessSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Logins and tokens by OIDC, against an issuer that is real but for its people. */
class OidcTest {
  private TestDatabase database;
  private ApiFixture base;
  private LocalIssuer issuer;
  private HttpServer server;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  @BeforeEach
  void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    base = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    issuer = new LocalIssuer("millrace", "a secret & more");
    AccessSettings access =
        new AccessSettings(
            5_000,
            Duration.ofDays(400),
            issuer.url(),
            "millrace",
            "a secret & more",
            "Company",
            "groups",
            Map.of("ops", "default:operator+shop:viewer", "admins", "*:admin"),
            "");
    server =
        new HttpServer(
            new HttpConfig("127.0.0.1", 0, null, "node-1", "0.1.0", name -> null, false, access),
            base.jdbi,
            new Commands(base.jdbi, () -> {}),
            new ArtifactStore(base.jdbi, ArtifactStores.settings(), Clock.systemUTC()),
            Vaults.of(base.jdbi),
            () -> ApiFixture.HEALTHY,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    issuer.close();
    base.close();
    database.close();
  }

  private String url(String path) {
    return "http://127.0.0.1:" + server.port() + path;
  }

  private HttpResponse<String> get(String url, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> jobs(String bearer) throws Exception {
    return get(url("/api/v1/jobs"), "Authorization", "Bearer " + bearer);
  }

  private String token(UnaryOperator<JWTClaimsSet.Builder> change) throws Exception {
    return issuer.signed(JWSAlgorithm.RS256, change.apply(issuer.claims(List.of("ops"))).build());
  }

  @Test
  void aBearerHasTheRolesOfItsGroups() throws Exception {
    String token = token(claims -> claims);
    assertThat(jobs(token).statusCode()).isEqualTo(200);
    assertThat(
            get(url("/api/v1/jobs?namespace=other"), "Authorization", "Bearer " + token)
                .statusCode())
        .isEqualTo(403);
    HttpResponse<String> session = get(url("/api/v1/session"), "Authorization", "Bearer " + token);
    assertThat(session.body())
        .contains("\"kind\":\"oidc\"", "\"default\":\"operator\"", "\"shop\":\"viewer\"");
    assertThat(
            jobs(issuer.signed(JWSAlgorithm.ES256, issuer.claims(List.of("ops")).build()))
                .statusCode())
        .as("elliptic curves")
        .isEqualTo(200);
    assertThat(
            jobs(token(claims -> claims.claim("groups", List.of("OPS", "ops2", "op"))))
                .statusCode())
        .as("values are compared exactly")
        .isEqualTo(403);
  }

  @Test
  void whatTheIssuerHasNotSignedForThisClientNowIsRefused() throws Exception {
    Instant now = Instant.now();
    Map<String, String> bad =
        Map.of(
            "alg none", issuer.unsigned(issuer.claims(List.of("admins")).build()),
            "HS256 with the public key",
                issuer.signedWithPublicKey(issuer.claims(List.of("admins")).build()),
            "another audience", token(claims -> claims.audience("other")),
            "another issuer", token(claims -> claims.issuer("https://example.org")),
            "expired", token(claims -> claims.expirationTime(Date.from(now.minusSeconds(120)))),
            "no expiry", token(claims -> claims.expirationTime(null)),
            "not yet", token(claims -> claims.notBeforeTime(Date.from(now.plusSeconds(120)))),
            "a key that nobody knows",
                issuer.signedByStranger(issuer.claims(List.of("admins")).build()),
            "changed", tampered(token(claims -> claims)),
            "rubbish", "a.b.c");
    for (var each : bad.entrySet()) {
      assertThat(jobs(each.getValue()).statusCode()).as(each.getKey()).isIn(401, 429);
    }
  }

  /** Another payload under the same signature. */
  private String tampered(String token) throws Exception {
    String[] parts = token.split("\\.");
    String[] other = token(claims -> claims.claim("groups", List.of("admins"))).split("\\.");
    return parts[0] + "." + other[1] + "." + parts[2];
  }

  @Test
  void aKeyThatIsNewIsAskedForAndManyUnknownOnesAreNot() throws Exception {
    assertThat(jobs(token(claims -> claims)).statusCode()).isEqualTo(200);
    int before = issuer.keysAsked();
    for (int i = 0; i < 5; i++) {
      jobs(issuer.signedByStranger(issuer.claims(List.of("admins")).build()));
    }
    assertThat(issuer.keysAsked() - before).isLessThanOrEqualTo(1);
    issuer.rotate();
    Oidc fresh =
        new Oidc(
            new AccessSettings(
                1, Duration.ofDays(1), issuer.url(), "millrace", "", "n", "groups", Map.of(), ""),
            Clock.systemUTC());
    assertThat(fresh.bearer(token(claims -> claims))).isInstanceOf(Oidc.Known.Good.class);
  }

  private record Login(String cookie, URI authorize) {}

  private Login begin(String to) throws Exception {
    HttpResponse<String> first = get(url("/auth/login?to=" + to));
    assertThat(first.statusCode()).as(first.body()).isEqualTo(302);
    String set = first.headers().firstValue("Set-Cookie").orElseThrow();
    assertThat(set).contains("HttpOnly", "SameSite=Lax", "Path=/auth");
    return new Login(
        set.substring(0, set.indexOf(';')),
        URI.create(first.headers().firstValue("Location").orElseThrow()));
  }

  /** What the issuer sends the browser back to. */
  private String back(Login login) throws Exception {
    HttpResponse<String> sent = get(login.authorize().toString());
    assertThat(sent.statusCode()).as(sent.body()).isEqualTo(302);
    return sent.headers().firstValue("Location").orElseThrow();
  }

  @Test
  void aBrowserLogsInAndGetsASessionOfItsOwn() throws Exception {
    Login login = begin("/%23/runs");
    assertThat(login.authorize().getQuery())
        .contains("code_challenge_method=S256", "response_type=code", "state=", "nonce=");
    HttpResponse<String> done = get(back(login), "Cookie", login.cookie());
    assertThat(done.statusCode()).as(done.body()).isEqualTo(302);
    assertThat(done.headers().firstValue("Location")).contains("/#/runs");
    String session =
        done.headers().allValues("Set-Cookie").stream()
            .filter(set -> set.startsWith("millrace="))
            .findFirst()
            .orElseThrow();
    assertThat(session).contains("SameSite=Strict", "HttpOnly");
    HttpResponse<String> who =
        get(url("/api/v1/session"), "Cookie", session.substring(0, session.indexOf(';')));
    assertThat(who.body()).contains("\"authenticated\":true", "\"kind\":\"oidc\"", "somebody");
  }

  @Test
  void aLoginThatIsNotThisBrowsersOwnIsRefused() throws Exception {
    Login login = begin("/");
    String back = back(login);
    assertThat(get(back).statusCode()).as("another browser").isEqualTo(401);
    assertThat(
            get(back.replaceFirst("state=[^&]+", "state=x"), "Cookie", login.cookie()).statusCode())
        .as("another state")
        .isEqualTo(401);
    assertThat(get(back, "Cookie", login.cookie()).statusCode()).isEqualTo(302);
    assertThat(get(back, "Cookie", login.cookie()).statusCode())
        .as("the code a second time")
        .isEqualTo(401);
    issuer.answersWithNonce("another");
    Login second = begin("/");
    assertThat(get(back(second), "Cookie", second.cookie()).statusCode())
        .as("another nonce")
        .isEqualTo(401);
  }

  @Test
  void nobodyIsSentToAnotherPlace() throws Exception {
    for (String to :
        List.of("https://evil.example", "//evil.example", "/%5Cevil.example", "/a%0d%0ab")) {
      Login login = begin(to);
      HttpResponse<String> done = get(back(login), "Cookie", login.cookie());
      assertThat(done.headers().firstValue("Location")).as(to).contains("/");
      assertThat(done.headers().firstValue("Location").orElseThrow()).isEqualTo("/");
    }
  }
}
