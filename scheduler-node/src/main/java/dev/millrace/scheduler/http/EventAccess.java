package dev.millrace.scheduler.http;

import java.util.Set;

/** What one client of events may follow, for as long as it does. Any thread. */
final class EventAccess {
  private final String name;

  private EventAccess(String name) {
    this.name = name;
  }

  static EventAccess of(Call call) {
    return new EventAccess("local");
  }

  /** Whose places are counted together. */
  String name() {
    return name;
  }

  /**
   * The namespaces of which events are told; a problem is thrown for one that it may not see.
   *
   * @param asked a namespace, or {@code *} for all that it may see
   * @return null for all there are
   */
  Set<String> namespaces(String asked) {
    return asked.equals("*") ? null : Set.of(asked);
  }

  /** Why it may not follow any more, or null while it may. */
  String denied() {
    return null;
  }
}
