package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What the API reads of patterns and of who uses them. Stateless; the caller's thread. */
public final class ReadsPatterns {
  private ReadsPatterns() {}

  /**
   * A living pattern.
   *
   * @param users living jobs whose version in force was made of it
   * @param behind those of them that were made of an older version than the newest
   */
  public record Row(
      long id,
      String namespace,
      String name,
      int version,
      String source,
      Instant createdAt,
      Instant updatedAt,
      int users,
      int behind) {}

  /** One version of a pattern, as it was written. */
  public record Version(
      int version,
      String text,
      String format,
      String hash,
      String actor,
      String reason,
      String source,
      Instant createdAt,
      int users) {}

  /** A living job that was made of a pattern. */
  public record User(String namespace, String job, int jobVersion, int patternVersion) {}

  private static final String COLUMNS =
      """
      select p.id, p.namespace, p.name, p.version, p.source, p.created_at, p.updated_at,
        coalesce(u.users, 0) as users, coalesce(u.behind, 0) as behind
      from pattern p
      left join lateral (
        select count(*) as users, count(*) filter (where v.pattern_version < p.version) as behind
        from job_version v join job j on j.id = v.job and j.version = v.version and j.state <> 'ARCHIVED'
        where v.pattern = p.id
      ) u on true
      """;

  private static final String PAGE =
      COLUMNS
          + """
            where p.namespace = :namespace and p.gone_at is null and p.name > :after
            order by p.name limit :limit
            """;

  private static final String FIND =
      COLUMNS + " where p.namespace = :namespace and p.name = :name and p.gone_at is null";

  private static final String VERSION_COLUMNS =
      """
      select v.version, v.text, v.format, v.hash, v.actor, v.reason, v.source, v.created_at, (
        select count(*) from job_version w join job j on j.id = w.job and j.version = w.version
          and j.state <> 'ARCHIVED'
        where w.pattern = v.pattern and w.pattern_version = v.version
      ) as users
      from pattern_version v
      """;

  private static final String VERSIONS =
      VERSION_COLUMNS
          + """
            where v.pattern = :pattern and v.version < :before
            order by v.version desc limit :limit
            """;

  private static final String VERSION =
      VERSION_COLUMNS + " where v.pattern = :pattern and v.version = :version";

  private static final String USERS =
      """
      select j.namespace, j.name, j.version, v.pattern_version
      from job_version v join job j on j.id = v.job and j.version = v.version and j.state <> 'ARCHIVED'
      where v.pattern = :pattern
      order by v.pattern_version, j.namespace, j.name limit :limit
      """;

  /** Of a namespace, by name. */
  public static List<Row> page(Handle handle, String namespace, String after, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("after", after)
        .bind("limit", limit)
        .map((row, context) -> row(row))
        .list();
  }

  public static Optional<Row> find(Handle handle, String namespace, String name) {
    return handle
        .createQuery(FIND)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((row, context) -> row(row))
        .findOne();
  }

  /** Versions below {@code before}, newest first. */
  public static List<Version> versions(Handle handle, long pattern, int before, int limit) {
    return handle
        .createQuery(VERSIONS)
        .bind("pattern", pattern)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> version(row))
        .list();
  }

  public static Optional<Version> version(Handle handle, long pattern, int version) {
    return handle
        .createQuery(VERSION)
        .bind("pattern", pattern)
        .bind("version", version)
        .map((row, context) -> version(row))
        .findOne();
  }

  /** Who uses it, the oldest version first. */
  public static List<User> users(Handle handle, long pattern, int limit) {
    return handle
        .createQuery(USERS)
        .bind("pattern", pattern)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new User(row.getString(1), row.getString(2), row.getInt(3), row.getInt(4)))
        .list();
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getLong("id"),
        row.getString("namespace"),
        row.getString("name"),
        row.getInt("version"),
        row.getString("source"),
        instant(row, "created_at"),
        instant(row, "updated_at"),
        row.getInt("users"),
        row.getInt("behind"));
  }

  private static Version version(ResultSet row) throws SQLException {
    return new Version(
        row.getInt("version"),
        row.getString("text"),
        row.getString("format"),
        row.getString("hash"),
        row.getString("actor"),
        row.getString("reason"),
        row.getString("source"),
        instant(row, "created_at"),
        row.getInt("users"));
  }
}
