package dev.millrace.scheduler.sweep;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.scheduler.store.Standing;
import dev.millrace.scheduler.store.TickSpans;
import dev.millrace.scheduler.trigger.SpanAudit;
import dev.millrace.scheduler.trigger.TickAudit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether the ledger has every tick that was planned: goes round over the triggers, some in
 * each pass, and audits each from where it was sound the last time. What is not sound is looked at
 * again in every round until it is. Its own loop, one for a term.
 */
public final class TickAuditSweep {
  private static final Logger log = LoggerFactory.getLogger(TickAuditSweep.class);
  private static final Duration EVERY = Duration.ofSeconds(5);
  private static final int SPANS_PER_PASS = 500;
  private static final int TICKS_PER_SPAN = 5_000;

  private final Jdbi jdbi;
  private final Counter audited;
  private final Map<TickSpans.Place, Long> unsound = new HashMap<>();
  private TickSpans.Place place = TickSpans.Place.START;
  private volatile long unaccounted;
  private long told = -1;

  public TickAuditSweep(Jdbi jdbi, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.audited = metrics.counter("millrace.ticks.audited");
  }

  public Loop loop() {
    return new Loop("tick-audit", this::runOnce, new Pulse(), EVERY);
  }

  /** Planned ticks that the ledger does not have, as far as is known. Any thread. */
  public long unaccounted() {
    return unaccounted;
  }

  /** One pass: false, the next one is in time whatever this one found. */
  public boolean runOnce() {
    List<TickSpans.Span> spans =
        jdbi.withHandle(handle -> TickSpans.unchecked(handle, place, SPANS_PER_PASS));
    jdbi.useHandle(handle -> spans.forEach(span -> audit(handle, span)));
    boolean round = spans.size() < SPANS_PER_PASS;
    place = round ? TickSpans.Place.START : spans.getLast().place();
    unaccounted = unsound.values().stream().mapToLong(Long::longValue).sum();
    if (unaccounted != told) {
      jdbi.useHandle(handle -> Standing.put(handle, Standing.TICKS_UNACCOUNTED, unaccounted));
      told = unaccounted;
    }
    return false;
  }

  private void audit(Handle handle, TickSpans.Span span) {
    TickAudit.Result result;
    try {
      result = SpanAudit.of(handle, span, span.checked(), TICKS_PER_SPAN);
    } catch (IllegalArgumentException e) {
      log.warn(
          "trigger cannot be audited trigger={} job={}/{} cause=\"{}\"; it is looked at again",
          span.trigger(),
          span.namespace(),
          span.job(),
          e.getMessage());
      return;
    }
    long apart = result.unaccounted();
    Long before = apart == 0 ? unsound.remove(span.place()) : unsound.put(span.place(), apart);
    if (apart != 0 && (before == null || before != apart)) {
      log.error(
          "the ledger lacks ticks trigger={} job={}/{} ticks={} first={}; see docs/operations.md",
          span.trigger(),
          span.namespace(),
          span.job(),
          apart,
          result.gaps().getFirst());
    }
    if (result.soundUntil() > span.checked()) {
      TickSpans.checked(handle, span.place(), result.soundUntil());
      audited.increment(apart == 0 ? result.planned() : 0);
    }
  }
}
