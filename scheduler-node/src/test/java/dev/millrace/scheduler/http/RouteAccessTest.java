package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.artifact.ArtifactStores;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.secret.Vaults;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

/** Every route says who may call it, and says it in a way that can be enforced. */
class RouteAccessTest {
  /** The only ones that need no credentials. */
  private static final Set<String> PUBLIC =
      Set.of(
          "GET /livez",
          "GET /readyz",
          "GET /openapi.json",
          "GET /schema/job.json",
          "GET /api/v1/session",
          "POST /api/v1/session",
          "DELETE /api/v1/session",
          "GET /auth/login",
          "GET /auth/callback",
          "POST /api/v1/hooks/{namespace}/{job}",
          "POST /api/v1/hooks/{namespace}/{job}/{trigger}");

  private static final Map<Scope, String> IN_PATH =
      Map.of(
          Scope.PATH, "{namespace}",
          Scope.RUN, "{run}",
          Scope.START, "{run}",
          Scope.ARTIFACT, "{artifact}",
          Scope.DEAD_LETTER, "{id}",
          Scope.REDRIVE, "{id}",
          Scope.BULK, "{id}",
          Scope.BACKFILL, "{id}");

  /** Routes of one row that say so by their paths. */
  private static final Map<String, Scope> ROWS =
      Map.of(
          "/api/v1/runs/{run}", Scope.RUN,
          "/api/v1/starts/{run}", Scope.START,
          "/api/v1/artifacts/{artifact}", Scope.ARTIFACT,
          "/api/v1/dead-letters/{id}", Scope.DEAD_LETTER,
          "/api/v1/dead-letters/redrives/{id}", Scope.REDRIVE,
          "/api/v1/bulk/{id}", Scope.BULK,
          "/api/v1/backfills/{id}", Scope.BACKFILL);

  private static List<Route> routes() {
    Jdbi none =
        Jdbi.create(
            () -> {
              throw new SQLException("there is no database");
            });
    return new HttpServer(
            new HttpConfig("127.0.0.1", 0, null, "node-1", "0.1.0"),
            none,
            new Commands(none, () -> {}),
            new ArtifactStore(none, ArtifactStores.settings(), Clock.systemUTC()),
            Vaults.of(none),
            () -> ApiFixture.HEALTHY,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))
        .routes();
  }

  @Test
  void everyRouteSaysWhoMayCallIt() {
    assertThat(routes())
        .isNotEmpty()
        .allSatisfy(route -> assertThat(route.needs()).as(name(route)).isNotNull());
  }

  @Test
  void onlyWhatIsListedHereIsPublic() {
    assertThat(routes())
        .filteredOn(route -> route.needs().scope() == Scope.PUBLIC)
        .extracting(RouteAccessTest::name)
        .containsExactlyInAnyOrderElementsOf(PUBLIC);
  }

  @Test
  void theNamespaceCanBeFoundWhereTheRouteSays() {
    for (Route route : routes()) {
      Scope scope = route.needs().scope();
      if (IN_PATH.containsKey(scope)) {
        assertThat(route.path()).as(name(route)).contains(IN_PATH.get(scope));
      }
      if (scope == Scope.QUERY) {
        assertThat(route.query()).as(name(route)).contains("namespace");
      }
      ROWS.forEach(
          (path, wanted) -> {
            if (route.path().equals(path) || route.path().startsWith(path + "/")) {
              assertThat(scope).as(name(route)).isEqualTo(wanted);
            }
          });
    }
  }

  @Test
  void aViewerChangesNothing() {
    assertThat(routes())
        .filteredOn(route -> !route.method().equals("GET"))
        .filteredOn(route -> route.needs().scope() != Scope.PUBLIC)
        .filteredOn(route -> route.needs().role() == Role.VIEWER)
        .extracting(RouteAccessTest::name)
        .containsExactly("POST /api/v1/jobs/check", "POST /api/v1/schedule/preview");
  }

  private static String name(Route route) {
    return route.method() + " " + route.path();
  }
}
