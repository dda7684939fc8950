package dev.millrace.model;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;

/**
 * When a run of a plan lives: from a start that a cron expression plans until so long after it.
 * Immutable.
 *
 * @param start a cron expression as written
 * @param zone the zone whose local time line it is evaluated on
 * @param length from the planned start to the planned end
 * @param blackouts when nothing new starts; what runs goes on
 * @param end what happens at the planned end
 * @param prepare true when the next run may be made ahead, so that people can hold and skip in it
 * @param dst what happens to a start where the zone's local time line has a gap or an overlap
 * @param params what it gives its runs, a JSON object as text whose strings may hold expressions
 */
public record Window(
    String start,
    ZoneId zone,
    Duration length,
    List<Blackout> blackouts,
    End end,
    boolean prepare,
    Dst dst,
    String params) {
  /** What the planned end means. */
  public enum End {
    /** The run ends, whatever is under way. */
    CLOSE,
    /** Nothing new starts; what is under way completes, then the run ends. */
    COMPLETE,
    /** Only a person ends it. */
    MANUAL
  }

  /**
   * Either from a cron start for a length, or between two instants; the others are null.
   *
   * @param cron evaluated in the window's zone
   */
  public record Blackout(String cron, Duration length, Instant from, Instant until) {}

  public Window {
    blackouts = List.copyOf(blackouts);
  }

  /** With the usual policy for changes of the clocks, and without params for its runs. */
  public Window(
      String start,
      ZoneId zone,
      Duration length,
      List<Blackout> blackouts,
      End end,
      boolean prepare) {
    this(start, zone, length, blackouts, end, prepare, Dst.DEFAULT, "{}");
  }

  /** Its starts. */
  public TriggerDefinition asTrigger() {
    return new TriggerDefinition.Cron(start, zone, dst, TriggerRules.DEFAULT);
  }
}
