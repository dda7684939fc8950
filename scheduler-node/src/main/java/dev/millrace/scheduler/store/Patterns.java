package dev.millrace.scheduler.store;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The tables pattern and pattern_version, as the leader writes them. A deleted pattern keeps its
 * versions: jobs were made of them. Stateless; the caller's transaction.
 */
public final class Patterns {
  private Patterns() {}

  /** A living pattern; {@code hash} is that of its newest version. */
  public record Row(
      long id, String namespace, String name, int version, String source, String hash) {}

  /** A version of a pattern, by name. */
  public record Use(String namespace, String name, int version) {}

  /**
   * A version to be written.
   *
   * @param format {@code yaml} or {@code json}
   * @param hash of what it says
   */
  public record Version(
      long pattern,
      int version,
      String text,
      String format,
      String hash,
      String actor,
      String reason,
      String source) {}

  private static final String FIND =
      """
      select p.id, p.namespace, p.name, p.version, p.source, v.hash
      from pattern p join pattern_version v on v.pattern = p.id and v.version = p.version
      where p.namespace = :namespace and p.name = :name and p.gone_at is null
      """;

  private static final String OF_SOURCE =
      """
      select p.id, p.namespace, p.name, p.version, p.source, v.hash
      from pattern p join pattern_version v on v.pattern = p.id and v.version = p.version
      where p.source = :source and p.gone_at is null order by p.namespace, p.name
      """;

  private static final String INSERT =
      """
      insert into pattern (namespace, name, version, source, created_at, updated_at)
      values (:namespace, :name, 1, :source, ts(:now), ts(:now)) returning id
      """;

  private static final String UPDATE =
      "update pattern set version = :version, source = :source, updated_at = ts(:now) where id = :id";

  private static final String INSERT_VERSION =
      """
      insert into pattern_version (pattern, version, text, format, hash, actor, reason, source, created_at)
      values (:pattern, :version, :text, :format, :hash, :actor, :reason, :source, ts(:now))
      """;

  private static final String IDS =
      """
      select p.id, p.namespace, p.name, v.version
      from unnest(:namespaces, :names, :versions) as k (namespace, name, version)
      join pattern p on p.namespace = k.namespace and p.name = k.name and p.gone_at is null
      join pattern_version v on v.pattern = p.id and v.version = k.version
      """;

  private static final String USERS =
      """
      select j.namespace || '/' || j.name
      from job_version v join job j on j.id = v.job and j.version = v.version and j.state <> 'ARCHIVED'
      where v.pattern = :pattern
      order by 1 limit :limit
      """;

  private static final String DELETE = "update pattern set gone_at = ts(:now) where id = :id";

  public static Optional<Row> find(Handle tx, String namespace, String name) {
    return tx.createQuery(FIND)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((row, context) -> row(row))
        .findOne();
  }

  /** The living patterns that exactly this source owns. */
  public static List<Row> ofSource(Handle tx, String source) {
    return tx.createQuery(OF_SOURCE).bind("source", source).map((row, context) -> row(row)).list();
  }

  /** The key of a new pattern, which has no version yet. */
  public static long insert(Handle tx, String namespace, String name, String source, long now) {
    return tx.createQuery(INSERT)
        .bind("namespace", namespace)
        .bind("name", name)
        .bind("source", source)
        .bind("now", now)
        .mapTo(Long.class)
        .one();
  }

  public static void update(Handle tx, long id, int version, String source, long now) {
    tx.createUpdate(UPDATE)
        .bind("id", id)
        .bind("version", version)
        .bind("source", source)
        .bind("now", now)
        .execute();
  }

  public static void insertVersion(Handle tx, Version version, long now) {
    tx.createUpdate(INSERT_VERSION)
        .bind("pattern", version.pattern())
        .bind("version", version.version())
        .bind("text", Columns.storable(version.text()))
        .bind("format", version.format())
        .bind("hash", version.hash())
        .bind("actor", Columns.storable(version.actor()))
        .bind("reason", Columns.storable(version.reason()))
        .bind("source", version.source())
        .bind("now", now)
        .execute();
  }

  /**
   * The keys of the patterns that these versions belong to; those that are not there are missing.
   */
  public static Map<Use, Long> ids(Handle tx, List<Use> uses) {
    Map<Use, Long> ids = new HashMap<>();
    if (!uses.isEmpty()) {
      tx.createQuery(IDS)
          .bindArray("namespaces", String.class, uses.stream().map(Use::namespace).toList())
          .bindArray("names", String.class, uses.stream().map(Use::name).toList())
          .bindArray("versions", Integer.class, uses.stream().map(Use::version).toList())
          .map(
              (row, context) ->
                  ids.put(
                      new Use(row.getString(2), row.getString(3), row.getInt(4)), row.getLong(1)))
          .list();
    }
    return ids;
  }

  /** Living jobs whose version in force was made of any version of the pattern. */
  public static List<String> users(Handle tx, long pattern, int limit) {
    return tx.createQuery(USERS)
        .bind("pattern", pattern)
        .bind("limit", limit)
        .mapTo(String.class)
        .list();
  }

  /** Its name is free; its versions stay. */
  public static void delete(Handle tx, long id, long now) {
    tx.createUpdate(DELETE).bind("id", id).bind("now", now).execute();
  }

  private static Row row(java.sql.ResultSet row) throws java.sql.SQLException {
    return new Row(
        row.getLong(1),
        row.getString(2),
        row.getString(3),
        row.getInt(4),
        row.getString(5),
        row.getString(6));
  }
}
