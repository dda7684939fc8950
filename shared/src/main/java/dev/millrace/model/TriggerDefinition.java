package dev.millrace.model;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** What starts runs of a job by time. Immutable. */
public sealed interface TriggerDefinition {
  /** The zone where none is written; its id reads better than an offset's Z. */
  ZoneId UTC = ZoneId.of("UTC");

  TriggerRules rules();

  /** The zone whose days and local times it is about. */
  ZoneId zone();

  default Misfire misfire() {
    return rules().misfire();
  }

  /** What it gives its runs: a JSON object as text whose strings may hold expressions. */
  default String params() {
    return "{}";
  }

  /**
   * @param expression 5, 6 or 7 fields (dialect by field count) or a nickname such as
   *     {@code @daily}, as written
   * @param zone the zone whose local time line the expression is evaluated on
   * @param dst what happens where that line has a gap or an overlap
   */
  record Cron(String expression, ZoneId zone, Dst dst, TriggerRules rules)
      implements TriggerDefinition {
    /** With the usual rules. */
    public Cron(String expression, ZoneId zone, Misfire misfire) {
      this(expression, zone, Dst.DEFAULT, TriggerRules.DEFAULT.withMisfire(misfire));
    }
  }

  /** What becomes of an instant that is in the past already when its job is defined. */
  enum Past {
    /** The misfire policy decides, as if nobody had led at that instant. */
    MISFIRE,
    /** The definition is refused. */
    REFUSE,
    /** It runs at once. */
    RUN
  }

  /** Once. */
  record At(Instant instant, Past past, TriggerRules rules) implements TriggerDefinition {
    /** With the usual rules. */
    public At(Instant instant, Misfire misfire) {
      this(instant, Past.MISFIRE, TriggerRules.DEFAULT.withMisfire(misfire));
    }

    @Override
    public ZoneId zone() {
      return UTC;
    }
  }

  /** What the interval lies between. */
  enum Mode {
    /** Between the planned instants: without drift, whatever the runs do. */
    FIXED_RATE,
    /** Between the end of one run and the start of the next. */
    FIXED_DELAY
  }

  /**
   * At {@code anchor + phase + n * interval}: fixed rate without drift. Or, with a fixed delay, so
   * long after the end of its previous run.
   *
   * @param anchor null means the Unix epoch, so that every node agrees without having to remember
   * @param phase shorter than the interval
   * @param zone whose days {@code except} is about
   */
  record Every(
      Duration interval, Instant anchor, Duration phase, Mode mode, ZoneId zone, TriggerRules rules)
      implements TriggerDefinition {
    /** A fixed rate with the usual rules. */
    public Every(Duration interval, Instant anchor, Misfire misfire) {
      this(
          interval,
          anchor,
          Duration.ZERO,
          Mode.FIXED_RATE,
          UTC,
          TriggerRules.DEFAULT.withMisfire(misfire));
    }
  }

  /**
   * One of the others that gives its runs params. It ticks as that one does: who changes only the
   * params changes no schedule.
   *
   * @param params a JSON object as text whose strings may hold expressions
   */
  record Giving(TriggerDefinition trigger, String params) implements TriggerDefinition {
    @Override
    public TriggerRules rules() {
      return trigger.rules();
    }

    @Override
    public ZoneId zone() {
      return trigger.zone();
    }
  }
}
