package dev.millrace.scheduler.http;

import java.time.Clock;
import java.util.Set;

/** What one client of events may follow, for as long as it does. Any thread. */
final class EventAccess {
  private final Principal principal;
  private final Clock clock;

  private EventAccess(Principal principal, Clock clock) {
    this.principal = principal;
    this.clock = clock;
  }

  static EventAccess of(Call call) {
    return new EventAccess(call.principal(), Clock.systemUTC());
  }

  /** Whose places are counted together. */
  String name() {
    return principal.name();
  }

  /**
   * The namespaces of which events are told; a problem is thrown for one that it may not see.
   *
   * @param asked a namespace, or {@code *} for all that it may see
   * @return null for all there are
   */
  Set<String> namespaces(String asked) {
    if (!asked.equals(Principal.EVERYWHERE)) {
      if (!principal.sees(asked)) {
        throw Gate.lacks(principal, Role.VIEWER, "namespace '" + Call.shortened(asked) + "'");
      }
      return Set.of(asked);
    }
    return principal.mayEverywhere(Role.VIEWER) ? null : principal.namespaces(Role.VIEWER);
  }

  /** Why it may not follow any more, or null while it may. */
  String denied() {
    return principal.expired(clock.instant()) ? "the credentials have expired" : null;
  }
}
