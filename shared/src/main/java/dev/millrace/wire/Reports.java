package dev.millrace.wire;

import java.util.List;

/**
 * One message on {@code millrace.reports}. Immutable.
 *
 * @param worker the id of the worker that speaks
 */
public record Reports(String worker, List<Report> reports) {
  /** Reports in one message at the most. */
  public static final int BATCH_MAX = 200;
}
