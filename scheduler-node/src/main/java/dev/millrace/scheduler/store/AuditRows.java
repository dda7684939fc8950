package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/** The table audit. Stateless; the caller's thread and transaction. */
public final class AuditRows {
  private AuditRows() {}

  /**
   * A call that asked for a change.
   *
   * @param id time-ordered
   * @param at null for a new one
   * @param status null while it is executed
   */
  public record Row(
      long id,
      Instant at,
      String actor,
      String kind,
      String ip,
      String action,
      String method,
      String path,
      String namespace,
      String subject,
      Integer status,
      String reason) {}

  /** How a call ended. */
  public record End(long id, String namespace, String subject, int status, String reason) {}

  /**
   * Which ones; null for all.
   *
   * @param since an id, inclusive; until is exclusive
   */
  public record Filter(
      String namespace, String actor, String action, String subject, long since, long until) {}

  private static final String PUT =
      """
      insert into audit (id, actor, kind, ip, action, method, path, namespace, subject, status, reason)
      select * from unnest(:ids, :actors, :kinds, :ips, :actions, :methods, :paths, :namespaces, :subjects,
        :statuses, :reasons)
      """;

  private static final String END =
      """
      update audit a set namespace = u.namespace, subject = coalesce(u.subject, a.subject), status = u.status,
        reason = u.reason
      from unnest(:ids, :namespaces, :subjects, :statuses, :reasons) as u (id, namespace, subject, status, reason)
      where a.id = u.id and a.id between :low and :high and a.status is null
      """;

  private static final String PAGE =
      """
      select id, at, actor, kind, ip, action, method, path, namespace, subject, status, reason from audit
      where id < :until and id >= :since
      """;

  public static void put(Handle tx, List<Row> rows) {
    tx.createUpdate(PUT)
        .bindArray("ids", Long.class, rows.stream().map(Row::id).toList())
        .bindArray("actors", String.class, rows.stream().map(Row::actor).toList())
        .bindArray("kinds", String.class, rows.stream().map(Row::kind).toList())
        .bindArray("ips", String.class, rows.stream().map(Row::ip).toList())
        .bindArray("actions", String.class, rows.stream().map(Row::action).toList())
        .bindArray("methods", String.class, rows.stream().map(Row::method).toList())
        .bindArray("paths", String.class, rows.stream().map(Row::path).toList())
        .bindArray("namespaces", String.class, rows.stream().map(Row::namespace).toList())
        .bindArray("subjects", String.class, rows.stream().map(Row::subject).toList())
        .bindArray("statuses", Integer.class, rows.stream().map(Row::status).toList())
        .bindArray("reasons", String.class, rows.stream().map(Row::reason).toList())
        .execute();
  }

  public static void end(Handle tx, List<End> ends) {
    tx.createUpdate(END)
        .bindArray("ids", Long.class, ends.stream().map(End::id).toList())
        .bindArray("namespaces", String.class, ends.stream().map(End::namespace).toList())
        .bindArray("subjects", String.class, ends.stream().map(End::subject).toList())
        .bindArray("statuses", Integer.class, ends.stream().map(End::status).toList())
        .bindArray("reasons", String.class, ends.stream().map(End::reason).toList())
        .bind("low", ends.stream().mapToLong(End::id).min().orElseThrow())
        .bind("high", ends.stream().mapToLong(End::id).max().orElseThrow())
        .execute();
  }

  /** Newest first. */
  public static List<Row> page(Handle handle, Filter filter, int limit) {
    StringBuilder sql = new StringBuilder(PAGE);
    equal(sql, "namespace", filter.namespace());
    equal(sql, "actor", filter.actor());
    equal(sql, "action", filter.action());
    equal(sql, "subject", filter.subject());
    Query query =
        handle
            .createQuery(sql.append(" order by id desc limit :limit").toString())
            .bind("since", filter.since())
            .bind("until", filter.until())
            .bind("limit", limit);
    bind(query, "namespace", filter.namespace());
    bind(query, "actor", filter.actor());
    bind(query, "action", filter.action());
    bind(query, "subject", filter.subject());
    return query
        .map(
            (row, context) ->
                new Row(
                    row.getLong("id"),
                    instant(row, "at"),
                    row.getString("actor"),
                    row.getString("kind"),
                    row.getString("ip"),
                    row.getString("action"),
                    row.getString("method"),
                    row.getString("path"),
                    row.getString("namespace"),
                    row.getString("subject"),
                    integer(row, "status"),
                    row.getString("reason")))
        .list();
  }

  private static void equal(StringBuilder sql, String column, String value) {
    if (value != null) {
      sql.append(" and ").append(column).append(" = :").append(column);
    }
  }

  private static void bind(Query query, String name, String value) {
    if (value != null) {
      query.bind(name, value);
    }
  }

  /**
   * Makes partitions ahead, and drops what is older than is to be kept.
   *
   * @return how many were made or dropped
   */
  public static int keep(Handle tx, int days) {
    return tx.createQuery("select keep_audit(:days)").bind("days", days).mapTo(Integer.class).one();
  }
}
