package dev.millrace.scheduler.store;

import dev.millrace.file.FileMark;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** The table file_seen: which files started runs. Stateless; the caller's transaction. */
public final class FilesSeen {
  /** Longer paths are not looked at: the key of the table could not hold them. */
  public static final int PATH_BYTES_MAX = 1_024;

  /** Whose files they are: the key of the table begins so. */
  public record Whose(long job, String pool) {}

  /**
   * A file that starts a run.
   *
   * @param archiveTo where it goes when that is COMPLETED, or null
   */
  public record Fresh(Whose whose, FileMark mark, long trigger, long run, String archiveTo) {}

  /** A file that is to be moved. */
  public record Owed(long id, Whose whose, FileMark mark, String archiveTo) {}

  private FilesSeen() {}

  private static final String KNOWN =
      """
      select u.path, u.size, u.modified from unnest(:paths, :sizes, :dates) as u (path, size, modified)
      where exists (
        select 1 from file_seen f
        where f.job = :job and f.pool = :pool and f.path = u.path and f.size = u.size
          and f.modified = u.modified)
      """;

  private static final String INSERT =
      """
      insert into file_seen (job, pool, path, size, modified, trigger, run, archive_to, epoch, seen_at, last_seen_at)
      select u.job, u.pool, u.path, u.size, u.modified, u.trigger, u.run, u.archive_to, u.epoch, ts(u.now), ts(u.now)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (job, pool, path, size, modified, trigger, run, archive_to, epoch, now)
      """;

  private static final String TOUCH =
      """
      update file_seen f set last_seen_at = ts(:now), trigger = :trigger
      from unnest(:paths, :sizes, :dates) as u (path, size, modified)
      where f.job = :job and f.pool = :pool and f.path = u.path and f.size = u.size
        and f.modified = u.modified and (f.last_seen_at < ts(:before) or f.trigger <> :trigger)
      """;

  private static final String OWED =
      """
      select f.id, f.job, f.pool, f.path, f.size, f.modified, f.archive_to from file_seen f
      join run r on r.id = f.run
      where f.archive_to is not null and f.archived_at is null and f.id > :after
        and (f.pool <> '') = :pooled and r.state = 'COMPLETED'
      order by f.id limit :limit
      """;

  private static final String ARCHIVED =
      """
      update file_seen set archived_at = ts(:now), archived_as = :as
      where id = :id and archived_at is null
      """;

  private static final String FORGET =
      """
      delete from file_seen where id in (
        select id from file_seen where trigger = :trigger and last_seen_at < ts(:before) limit :limit)
      """;

  private static final String FORGET_ORPHANS =
      """
      delete from file_seen where id in (
        select f.id from trigger g join job j on j.id = g.job join file_seen f on f.trigger = g.id
        where not g.active and g.kind = 'file' and j.state <> 'STOPPED' and f.last_seen_at < ts(:before)
        limit :limit)
      """;

  /** Those of these that started a run before. */
  public static Set<FileMark> known(Handle handle, Whose whose, Collection<FileMark> marks) {
    if (marks.isEmpty()) {
      return Set.of();
    }
    Set<Key> found = new HashSet<>();
    Keys keys = Keys.of(marks);
    handle
        .createQuery(KNOWN)
        .bind("job", whose.job)
        .bind("pool", whose.pool)
        .bindArray("paths", String.class, keys.paths)
        .bindArray("sizes", Long.class, keys.sizes)
        .bindArray("dates", Long.class, keys.dates)
        .map((row, context) -> found.add(new Key(row.getString(1), row.getLong(2), row.getLong(3))))
        .list();
    Set<FileMark> known = new HashSet<>();
    for (FileMark mark : marks) {
      if (found.contains(Key.of(mark))) {
        known.add(mark);
      }
    }
    return known;
  }

  private record Key(String path, long size, long modified) {
    static Key of(FileMark mark) {
      return new Key(mark.path(), mark.size(), mark.modifiedMicros());
    }
  }

  /** The same in columns. */
  private record Keys(List<String> paths, List<Long> sizes, List<Long> dates) {
    static Keys of(Collection<FileMark> marks) {
      return new Keys(
          marks.stream().map(FileMark::path).toList(),
          marks.stream().map(FileMark::size).toList(),
          marks.stream().map(FileMark::modifiedMicros).toList());
    }
  }

  /** These start runs in this transaction. None of them did before. */
  public static void insert(Handle tx, List<Fresh> files, long epoch, long now) {
    if (files.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var jobs = columns.longs();
    var pools = columns.texts();
    var paths = columns.texts();
    var sizes = columns.longs();
    var dates = columns.longs();
    var triggers = columns.longs();
    var runs = columns.longs();
    var archives = columns.texts();
    var epochs = columns.longs();
    var times = columns.longs();
    for (Fresh file : files) {
      jobs.add(file.whose.job);
      pools.add(file.whose.pool);
      paths.add(file.mark.path());
      sizes.add(file.mark.size());
      dates.add(file.mark.modifiedMicros());
      triggers.add(file.trigger);
      runs.add(file.run);
      archives.add(file.archiveTo);
      epochs.add(epoch);
      times.add(now);
    }
    columns.execute(tx, INSERT);
  }

  /** They are still there, as a trigger has found. */
  public static void touch(
      Handle tx, Whose whose, long trigger, Collection<FileMark> marks, long before, long now) {
    Keys keys = Keys.of(marks);
    tx.createUpdate(TOUCH)
        .bind("job", whose.job)
        .bind("pool", whose.pool)
        .bind("trigger", trigger)
        .bindArray("paths", String.class, keys.paths)
        .bindArray("sizes", Long.class, keys.sizes)
        .bindArray("dates", Long.class, keys.dates)
        .bind("before", before)
        .bind("now", now)
        .execute();
  }

  /**
   * Files whose runs are COMPLETED and that are to be moved, above an id.
   *
   * @param pooled those of pools, else those of the scheduler's nodes
   */
  public static List<Owed> owed(Handle handle, boolean pooled, long after, int limit) {
    return handle
        .createQuery(OWED)
        .bind("pooled", pooled)
        .bind("after", after)
        .bind("limit", limit)
        .map((row, context) -> owed(row))
        .list();
  }

  private static Owed owed(ResultSet row) throws SQLException {
    long modified = row.getLong("modified");
    Instant date =
        Instant.ofEpochSecond(
            Math.floorDiv(modified, 1_000_000L), Math.floorMod(modified, 1_000_000L) * 1_000);
    return new Owed(
        row.getLong("id"),
        new Whose(row.getLong("job"), row.getString("pool")),
        new FileMark(row.getString("path"), row.getLong("size"), date),
        row.getString("archive_to"));
  }

  /**
   * Nothing is owed for it any more.
   *
   * @param as where it is, or null when it is gone
   */
  public static void archived(Handle tx, long id, String as, long now) {
    tx.createUpdate(ARCHIVED).bind("id", id).bind("as", as).bind("now", now).execute();
  }

  /**
   * Forgets what a trigger that looks at its folder has not found for long.
   *
   * @return how many
   */
  public static int forget(Handle tx, long trigger, long before, int limit) {
    return tx.createUpdate(FORGET)
        .bind("trigger", trigger)
        .bind("before", before)
        .bind("limit", limit)
        .execute();
  }

  /**
   * Forgets what no trigger looks at any more; of a stopped job it may do so again.
   *
   * @return how many
   */
  public static int forgetOrphans(Handle tx, long before, int limit) {
    return tx.createUpdate(FORGET_ORPHANS).bind("before", before).bind("limit", limit).execute();
  }
}
