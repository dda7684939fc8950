package dev.millrace.model;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** What starts runs of a job by time. Immutable. */
public sealed interface TriggerDefinition {
  Misfire misfire();

  /** What it gives its runs: a JSON object as text whose strings may hold expressions. */
  default String params() {
    return "{}";
  }

  /**
   * @param expression 5, 6 or 7 fields (dialect by field count) or a nickname such as
   *     {@code @daily}, as written
   * @param zone the zone whose local time line the expression is evaluated on
   */
  record Cron(String expression, ZoneId zone, Misfire misfire) implements TriggerDefinition {}

  /** Once. */
  record At(Instant instant, Misfire misfire) implements TriggerDefinition {}

  /**
   * At {@code anchor + n * interval}: fixed rate without drift.
   *
   * @param anchor null means the Unix epoch, so that every node agrees without having to remember
   */
  record Every(Duration interval, Instant anchor, Misfire misfire) implements TriggerDefinition {}

  /**
   * One of the others that gives its runs params. It ticks as that one does: who changes only the
   * params changes no schedule.
   *
   * @param params a JSON object as text whose strings may hold expressions
   */
  record Giving(TriggerDefinition trigger, String params) implements TriggerDefinition {
    @Override
    public Misfire misfire() {
      return trigger.misfire();
    }
  }
}
