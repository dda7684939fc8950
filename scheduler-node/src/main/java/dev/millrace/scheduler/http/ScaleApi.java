package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.store.PoolScales;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pool, and how many workers it is wanted to have. Millrace starts no workers: the number is
 * kept, shown and measured for an autoscaler that does. Any thread.
 */
final class ScaleApi {
  private static final Logger log = LoggerFactory.getLogger(ScaleApi.class);
  private static final String PATH = "/api/v1/pools/{pool}";
  private static final Set<String> KEYS = Set.of("desired", "reason");
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Jdbi jdbi;
  private final FleetApi fleet;
  private final MultiGauge gauge;
  private final AtomicLong lookedNanos = new AtomicLong(System.nanoTime() - LOOK_NANOS);

  ScaleApi(Jdbi jdbi, FleetApi fleet, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.fleet = fleet;
    this.gauge =
        MultiGauge.builder("pool.desired.workers")
            .description("Workers that somebody wants a pool to have")
            .register(metrics);
  }

  List<Route> routes() {
    return List.of(
        get(PATH, "fleet", "A pool and its backlog", "Pool", this::one)
            .needs(Role.VIEWER, Scope.ANYONE),
        post(
                PATH + "/scale",
                "fleet",
                "Say how many workers it is wanted to have; an autoscaler reads it",
                "ScaleIn",
                List.of(json(200, "Pool")),
                this::scale)
            .needs(Role.OPERATOR, Scope.CLUSTER));
  }

  private void one(Call call) throws InterruptedException {
    call.answer(200, fleet.pool(call.path("pool")));
  }

  private void scale(Call call) throws InterruptedException {
    ObjectNode asked = call.object(KEYS);
    JsonNode desired = asked.path("desired");
    if (!desired.isIntegralNumber()
        || !desired.canConvertToInt()
        || desired.asInt() < 0
        || desired.asInt() > PoolScales.DESIRED_MAX) {
      throw Problem.badRequest(
          "desired is a number of workers from 0 to " + PoolScales.DESIRED_MAX,
          "Send {\"desired\": 8}.");
    }
    String pool = call.path("pool");
    String reason = Call.reason(asked);
    boolean known =
        jdbi.withHandle(
            handle -> PoolScales.put(handle, pool, desired.asInt(), call.actor(), reason));
    if (!known) {
      throw FleetApi.noPool(pool);
    }
    fleet.changed();
    call.answer(200, fleet.pool(pool).put("desired", desired.asInt()));
  }

  /** What the gauges show is looked up now and then, without making who asks for it wait. */
  void look() {
    long before = lookedNanos.get();
    long now = System.nanoTime();
    if (now - before >= LOOK_NANOS && lookedNanos.compareAndSet(before, now)) {
      Thread.startVirtualThread(this::measure);
    }
  }

  private void measure() {
    try {
      gauge.register(
          jdbi.withHandle(PoolScales::all).entrySet().stream()
              .map(each -> MultiGauge.Row.of(Tags.of("pool", each.getKey()), each.getValue()))
              .toList(),
          true);
    } catch (JdbiException e) {
      log.debug("the wanted sizes of pools were not read cause={}", e.getMessage());
    }
  }
}
