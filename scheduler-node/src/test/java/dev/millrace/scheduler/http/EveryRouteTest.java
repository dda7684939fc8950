package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every route refuses alike, tried with each line of the route table: a new route is tried,
 * too. Each answer is one that the document lists for the route.
 */
class EveryRouteTest {
  private static final String UNKNOWN = "0HZXW3V5K2Q8T";

  /** They take a body of any shape, or none that is read before it is signed. */
  private static final Set<String> FREE_BODIES = Set.of("HookBody", "JobText");

  private static TestDatabase database;
  private static ApiFixture api;
  private static JsonNode document;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.leader.start();
    api.rows.job(Rows.CHAIN.formatted("some"));
    document = api.get("/openapi.json").json();
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  static List<Route> routes() {
    return api.server.routes().stream()
        .filter(route -> route.path().startsWith("/api/"))
        .filter(route -> !route.tag().equals(HooksApi.TAG))
        .toList();
  }

  static Stream<Route> withBody() {
    return routes().stream()
        .filter(route -> route.body() != null && !FREE_BODIES.contains(route.body()));
  }

  static Stream<Route> ofId() {
    return routes().stream().filter(route -> route.path().matches(".*\\{(run|id)}.*"));
  }

  private static String path(Route route, String id) {
    return route
        .path()
        .replaceAll("\\{(run|id)}", id)
        .replace("{artifact}", "0".repeat(32))
        .replace("{version}", "1")
        .replaceAll("\\{\\w+}", "some");
  }

  private static ApiFixture.Answer ask(Route route, String path, String type, String body)
      throws Exception {
    var request = api.request(path).method(route.method(), BodyPublishers.ofString(body));
    return api.send(type == null ? request.build() : request.header("Content-Type", type).build());
  }

  private static void isRefused(Route route, ApiFixture.Answer answer, int status) {
    assertThat(answer.status()).as("%s %s", route, answer.text()).isEqualTo(status);
    assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
    assertThat(answer.json().path("remedy").asText()).isNotEmpty();
    assertThat(answer.json().path("detail").asText()).isNotEmpty();
    assertThat(
            document
                .path("paths")
                .path(route.path())
                .path(route.method().toLowerCase(Locale.ROOT))
                .path("responses")
                .has(Integer.toString(status)))
        .as("the document lists %s of %s %s", status, route.method(), route.path())
        .isTrue();
  }

  @ParameterizedTest
  @MethodSource("routes")
  void aParameterThatItDoesNotKnow(Route route) throws Exception {
    String path = path(route, UNKNOWN) + "?nonsense=1";
    String type = route.body() == null ? null : "application/json";
    isRefused(route, ask(route, path, type, route.body() == null ? "" : "{}"), 400);
  }

  @ParameterizedTest
  @MethodSource("ofId")
  void anIdThatIsNone(Route route) throws Exception {
    String type = route.body() == null ? null : "application/json";
    isRefused(route, ask(route, path(route, "short"), type, route.body() == null ? "" : "{}"), 400);
  }

  @ParameterizedTest
  @MethodSource("withBody")
  void aBodyThatIsNoJson(Route route) throws Exception {
    var answer = ask(route, path(route, UNKNOWN), "application/json", "{\"a\":");
    // A row that is not there is told first: its namespace decides who may ask.
    isRefused(route, answer, answer.status() == 404 ? 404 : 400);
  }

  @ParameterizedTest
  @MethodSource("withBody")
  void aKeyThatItDoesNotKnow(Route route) throws Exception {
    var answer = ask(route, path(route, UNKNOWN), "application/json", "{\"nonsense\":1}");
    isRefused(route, answer, Set.of(404, 422).contains(answer.status()) ? answer.status() : 400);
  }

  @ParameterizedTest
  @MethodSource("withBody")
  void aBodyOfAType(Route route) throws Exception {
    var answer = ask(route, path(route, UNKNOWN), "application/x-www-form-urlencoded", "a=b");
    isRefused(route, answer, 415);
  }

  @ParameterizedTest
  @MethodSource("routes")
  void aMethodThatItDoesNotKnow(Route route) throws Exception {
    var answer =
        api.send(
            api.request(path(route, UNKNOWN)).method("PATCH", BodyPublishers.noBody()).build());
    assertThat(answer.status()).as(answer.text()).isEqualTo(405);
  }

  @ParameterizedTest
  @MethodSource("routes")
  void aLimitThatIsNone(Route route) throws Exception {
    if (route.query().contains("limit") && !route.path().contains("{")) {
      for (String limit : List.of("abc", "0", "501", "-1", "1e9", "99999999999999999999")) {
        isRefused(route, ask(route, route.path() + "?limit=" + limit, null, ""), 400);
      }
    }
  }
}
