package dev.millrace.scheduler.store;

import java.util.List;

/**
 * Which jobs a list wants; all of it must be so. Immutable.
 *
 * @param states one of these; empty for all but ARCHIVED
 * @param q what its id or its description contains, in upper or lower case; or null
 * @param trigger a kind of trigger that it has, or null
 */
public record JobFilter(
    String namespace, List<String> states, List<RunFilter.Label> labels, String q, String trigger) {
  private static final String ARCHIVED = "ARCHIVED";

  /** True when there may be several of one name. */
  public boolean archived() {
    return states.contains(ARCHIVED);
  }

  boolean picky() {
    return !states.isEmpty() || !labels.isEmpty() || q != null || trigger != null;
  }
}
