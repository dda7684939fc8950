package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.number;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** The table file_watch, and what the API reads of files. Stateless; the caller's transaction. */
public final class FileWatches {
  private FileWatches() {}

  /**
   * How a trigger's last look went.
   *
   * @param problem null when all is well
   * @param waiting whole files that have started no run yet
   * @param why what keeps them from it, or null
   */
  public record Look(String state, String problem, int waiting, String why) {}

  /** A trigger by files with how its last look went; no look when nobody has looked yet. */
  public record Watch(long trigger, int position, String spec, Look look, Instant since) {}

  /**
   * A file that started a run.
   *
   * @param archivedAs null when it is where it was, or gone
   */
  public record File(
      long id,
      long trigger,
      String pool,
      String path,
      long size,
      long modified,
      Long run,
      Instant seenAt,
      String archiveTo,
      Instant archivedAt,
      String archivedAs) {}

  private static final String PUT =
      """
      insert into file_watch (trigger, state, problem, since, waiting, why)
      select g.id, :state, :problem, ts(:now), :waiting, :why from trigger g where g.id = :trigger
      on conflict (trigger) do update
      set state = excluded.state, problem = excluded.problem, waiting = excluded.waiting, why = excluded.why,
        since = case when file_watch.state = excluded.state then file_watch.since else excluded.since end
      """;

  private static final String OF_JOB =
      """
      select g.id, g.position, g.spec, w.state, w.problem, w.since, w.waiting, w.why
      from trigger g left join file_watch w on w.trigger = g.id
      where g.job = :job and g.active and g.kind = 'file' order by g.position
      """;

  private static final String FILES =
      """
      select id, trigger, pool, path, size, modified, run, seen_at, archive_to, archived_at, archived_as
      from file_seen where job = :job and id < :before order by id desc limit :limit
      """;

  public static void put(Handle tx, long trigger, Look look, long now) {
    tx.createUpdate(PUT)
        .bind("trigger", trigger)
        .bind("state", look.state)
        .bind("problem", look.problem)
        .bind("waiting", look.waiting)
        .bind("why", look.why)
        .bind("now", now)
        .execute();
  }

  public static List<Watch> of(Handle handle, long job) {
    return handle
        .createQuery(OF_JOB)
        .bind("job", job)
        .map(
            (row, context) ->
                new Watch(
                    row.getLong("id"),
                    row.getInt("position"),
                    row.getString("spec"),
                    row.getString("state") == null
                        ? null
                        : new Look(
                            row.getString("state"),
                            row.getString("problem"),
                            row.getInt("waiting"),
                            row.getString("why")),
                    instant(row, "since")))
        .list();
  }

  /** Files that started runs of a job below an id, newest first. */
  public static List<File> files(Handle handle, long job, long before, int limit) {
    return handle
        .createQuery(FILES)
        .bind("job", job)
        .bind("before", before)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new File(
                    row.getLong("id"),
                    row.getLong("trigger"),
                    row.getString("pool"),
                    row.getString("path"),
                    row.getLong("size"),
                    row.getLong("modified"),
                    number(row, "run"),
                    instant(row, "seen_at"),
                    row.getString("archive_to"),
                    instant(row, "archived_at"),
                    row.getString("archived_as")))
        .list();
  }
}
