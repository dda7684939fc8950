package dev.millrace.model;

import java.time.Duration;
import java.time.ZoneId;

/**
 * Starts a run when runs of other jobs have ended. Immutable.
 *
 * @param jobs the condition; its leaves name jobs, of another namespace as {@code namespace/job}
 * @param within how long ago each of them may have ended, or null for no limit
 * @param match which of their runs belong together
 * @param zone whose days {@link Matching#DAY} means
 * @param params what it gives its runs: a JSON object as text whose strings may hold expressions
 */
public record AfterTrigger(Need jobs, Duration within, Matching match, ZoneId zone, String params)
    implements EventTrigger {
  public static final String KIND = "after";

  @Override
  public String kind() {
    return KIND;
  }
}
