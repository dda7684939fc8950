package dev.millrace.model;

import java.time.Duration;
import java.time.ZoneId;

/**
 * What of other jobs must have happened before a run of a job is admitted: since the job's previous
 * run, or, with a matching, for the same instant or day. Immutable.
 *
 * @param jobs the condition; its leaves name jobs, of another namespace as {@code namespace/job}
 * @param within how long ago each of them may have ended, or null for no limit
 * @param match which of their runs count
 * @param zone whose days {@link Matching#DAY} means
 * @param timeout how long a run waits for it before it is cancelled, or null for ever
 */
public record Requirement(
    Need jobs, Duration within, Matching match, ZoneId zone, Duration timeout) {}
