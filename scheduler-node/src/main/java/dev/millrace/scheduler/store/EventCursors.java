package dev.millrace.scheduler.store;

import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;

/**
 * How far followers of the log that outlive their process have come: the table event_cursor.
 * Stateless; the caller's thread.
 */
public final class EventCursors {
  private EventCursors() {}

  private static final String READ = "select batch from event_cursor where name = :name";

  /** Whoever leads later wins: what an earlier term still writes changes nothing. */
  private static final String WRITE =
      """
      insert into event_cursor as c (name, batch, epoch, at)
      values (:name, :batch, :epoch, clock_timestamp())
      on conflict (name) do update
      set batch = excluded.batch, epoch = excluded.epoch, at = excluded.at
      where c.epoch <= excluded.epoch
      """;

  private static final String FORGET = "delete from event_cursor where name = :name";

  /** Whoever follows under this name begins anew, with what comes from then on. */
  public static void forget(Handle handle, String name) {
    handle.createUpdate(FORGET).bind("name", name).execute();
  }

  /** The batch up to which the follower has told everything; empty before its first. */
  public static OptionalLong read(Handle handle, String name) {
    return handle
        .createQuery(READ)
        .bind("name", name)
        .mapTo(Long.class)
        .findOne()
        .map(OptionalLong::of)
        .orElseGet(OptionalLong::empty);
  }

  /**
   * Writes how far it has come.
   *
   * @return false when a later term has written already
   */
  public static boolean write(Handle handle, String name, long batch, long epoch) {
    return handle
            .createUpdate(WRITE)
            .bind("name", name)
            .bind("batch", batch)
            .bind("epoch", epoch)
            .execute()
        == 1;
  }
}
