package dev.millrace.scheduler.http;

import java.util.Set;
import org.jdbi.v3.core.JdbiException;

/** What one client of events may follow, for as long as it does. Any thread. */
final class EventAccess {
  private final Principal principal;
  private final Access access;

  private EventAccess(Principal principal, Access access) {
    this.principal = principal;
    this.access = access;
  }

  static EventAccess of(Call call) {
    return new EventAccess(call.principal(), call.http().attribute(Call.ACCESS));
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
    try {
      boolean may = access == null || access.stillAllowed(principal);
      return may ? null : "the credentials have expired, or were revoked";
    } catch (JdbiException e) {
      return null; // nobody knows; a database that is away tells of no events either
    }
  }
}
