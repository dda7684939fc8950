package dev.millrace.worker;

import dev.millrace.wire.Outcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * What a worker counts. Labels are bounded: outcomes, and handlers that exist here. Thread-safe.
 */
final class WorkerMeters {
  private final MeterRegistry registry;
  private final Map<Outcome, Counter> finished = new EnumMap<>(Outcome.class);
  private final Map<String, Timer> durations = new ConcurrentHashMap<>();
  private final Counter duplicates;
  private final Counter quarantined;

  WorkerMeters(MeterRegistry registry) {
    this.registry = registry;
    for (Outcome outcome : Outcome.values()) {
      finished.put(
          outcome,
          Counter.builder("millrace.worker.attempts")
              .description("Attempts that ended on this worker")
              .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    duplicates =
        Counter.builder("millrace.worker.duplicates")
            .description("Starts that were delivered again and not executed again")
            .register(registry);
    quarantined =
        Counter.builder("millrace.worker.quarantined")
            .description("Messages that could not be read")
            .register(registry);
  }

  void gauge(String name, String description, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).register(registry);
  }

  void poolGauge(String name, String description, String pool, Supplier<Number> value) {
    Gauge.builder(name, value).description(description).tag("pool", pool).register(registry);
  }

  void finished(Outcome outcome) {
    finished.get(outcome).increment();
  }

  void executed(String handler, long nanos) {
    durations
        .computeIfAbsent(
            handler,
            name ->
                Timer.builder("millrace.worker.execution")
                    .description("Time from a handler's start to its end")
                    .tag("handler", name)
                    .register(registry))
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  void duplicate() {
    duplicates.increment();
  }

  void quarantined() {
    quarantined.increment();
  }
}
