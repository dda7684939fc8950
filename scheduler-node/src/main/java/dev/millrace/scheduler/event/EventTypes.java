package dev.millrace.scheduler.event;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Every type of event that there is; docs/events.md says what each means. Stateless. */
public final class EventTypes {
  /** What all of them begin with. */
  public static final String PREFIX = "scheduler.";

  /** Only that something changed, and how many rows of the log; in a digest alone. */
  public static final String CHANGED = PREFIX + "changed";

  /** The last event of a stream whose credentials hold no more. */
  public static final String DENIED = PREFIX + "denied";

  /** States in which a run ends, which end what its job does. */
  static final Set<String> ENDS = Set.of("COMPLETED", "FAILED", "CANCELLED", "ENDED");

  private static final List<String> OF_JOB =
      List.of(
          "created",
          "updated",
          "deleted",
          "scheduled",
          "paused",
          "resumed",
          "stopped",
          "started",
          "completed",
          "failed",
          "cancelled",
          "ended");

  /** What is noted about a run without being a move. */
  private static final List<String> NOTES_OF_RUN =
      List.of("also_paused", "still_paused", "extended", "late", "gate");

  private static final List<String> NOTES_OF_STAGE = List.of("expression", "too_short", "too_long");

  /** In alphabetical order. */
  public static final Set<String> ALL = all();

  private EventTypes() {}

  private static Set<String> all() {
    Set<String> all = new TreeSet<>();
    OF_JOB.forEach(verb -> all.add(PREFIX + "job_" + verb));
    all.add(PREFIX + "run_created");
    all.add(PREFIX + "run_resumed");
    for (RunState state : RunState.values()) {
      all.add(PREFIX + "run_" + verb(state.name()));
    }
    NOTES_OF_RUN.forEach(note -> all.add(PREFIX + "run_" + note));
    for (StageState state : StageState.values()) {
      all.add(PREFIX + "stage_" + verb(state.name()));
    }
    NOTES_OF_STAGE.forEach(note -> all.add(PREFIX + "stage_" + note));
    return all;
  }

  private static String verb(String state) {
    return state.equals("RUNNING") ? "started" : state.toLowerCase(Locale.ROOT);
  }
}
