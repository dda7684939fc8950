package dev.millrace.scheduler.leader;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The leader's meters; docs/operations.md tells what each means. Labels are bounded. Any thread.
 */
final class Meters {
  private static final Set<String> DEAD_REASONS =
      Set.of(
          "exit",
          "signal",
          "http",
          "connect",
          "timeout",
          "heartbeat",
          "fetch",
          "parse",
          "storage",
          "config",
          "expression",
          "crash",
          "lost",
          "unsupported",
          "queue-timeout",
          "start-timeout");

  private final MeterRegistry registry;
  private final Timer turn;
  private final DistributionSummary batch;
  private final Timer tickLateness;
  private final Counter quarantined;
  private final Counter republished;
  private final Counter quotaWaited;
  private final Map<String, Counter> counters = new ConcurrentHashMap<>();

  Meters(MeterRegistry registry) {
    this.registry = registry;
    this.turn = Timer.builder("millrace.turn").publishPercentileHistogram().register(registry);
    this.batch = DistributionSummary.builder("millrace.turn.batch").register(registry);
    this.tickLateness =
        Timer.builder("millrace.tick.lateness")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofMinutes(1))
            .register(registry);
    this.quarantined = registry.counter("millrace.messages.quarantined");
    this.quotaWaited = registry.counter("millrace.quota.waited");
    this.republished = registry.counter("millrace.dispatch.republished", "cause", "sweep");
  }

  void turn(long nanos, int runs) {
    turn.record(nanos, TimeUnit.NANOSECONDS);
    batch.record(runs);
  }

  void tickLateness(long micros) {
    tickLateness.record(micros, TimeUnit.MICROSECONDS);
  }

  void quarantined() {
    quarantined.increment();
  }

  void republished() {
    republished.increment();
  }

  void report(String verdict) {
    counter("millrace.reports", "verdict", verdict).increment();
  }

  void ticks(String disposition, int count) {
    counter("millrace.ticks", "disposition", disposition).increment(count);
  }

  void runCreated(String trigger) {
    counter("millrace.runs.created", "trigger", trigger).increment();
  }

  void runsCreated(String trigger, int count) {
    counter("millrace.runs.created", "trigger", trigger).increment(count);
  }

  void runFinished(String state) {
    counter("millrace.runs.finished", "state", state).increment();
  }

  void stageFinished(String state) {
    counter("millrace.stages.finished", "state", state).increment();
  }

  /** The class of its error, but of those only that this program knows: labels are bounded. */
  void deadLetter(String errorClass) {
    int colon = errorClass.indexOf(':');
    String kind = colon < 0 ? errorClass : errorClass.substring(0, colon);
    counter("millrace.dead.letters", "reason", DEAD_REASONS.contains(kind) ? kind : "other")
        .increment();
  }

  void deadLettersClosed(String how, int count) {
    if (count > 0) {
      counter("millrace.dead.letters.closed", "how", how).increment(count);
    }
  }

  /** The limit that was reached, one of a fixed set. */
  void quotaRefused(String limit) {
    counter("millrace.quota.refused", "limit", limit).increment();
  }

  void quotaWaited() {
    quotaWaited.increment();
  }

  private Counter counter(String name, String label, String value) {
    return counters.computeIfAbsent(name + value, any -> registry.counter(name, label, value));
  }
}
