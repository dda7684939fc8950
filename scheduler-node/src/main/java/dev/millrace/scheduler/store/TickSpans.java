package dev.millrace.scheduler.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The table trigger_span: from when until when triggers were armed, and how far the ledger is known
 * to have all their ticks. Written with the triggers, and by the audit. Stateless; the caller's
 * transaction. Instants are microseconds since 1970.
 */
public final class TickSpans {
  /** The calendar of the database ends before it: there is no next tick any more. */
  public static final long NEVER = 253_370_764_800_000_000L;

  private TickSpans() {}

  /** A place in a list of spans. */
  public record Place(long trigger, long from) {
    /** Before all. */
    public static final Place START = new Place(0, 0);
  }

  /**
   * One span, and whose it is.
   *
   * @param until the first tick that has no disposition yet, or {@link #NEVER}
   * @param checked as far it is audited
   */
  public record Span(
      long trigger,
      long from,
      long until,
      long checked,
      String kind,
      String spec,
      String namespace,
      String job) {
    public Place place() {
      return new Place(trigger, from);
    }
  }

  private static final String SPAN =
      """
      select s.trigger, micros(s.from_at) as from_at,
        micros(coalesce(s.until_at, t.next_at, ts(:never))) as until_at, micros(s.checked_at) as checked_at,
        t.kind, t.spec, j.namespace, j.name
      from trigger_span s
      join trigger t on t.id = s.trigger
      join job j on j.id = t.job
      """;

  private static final String UNCHECKED =
      SPAN
          + """
            where (s.trigger, s.from_at) > (:trigger, ts(:from))
              and s.checked_at < coalesce(s.until_at, t.next_at, ts(:never))
            order by s.trigger, s.from_at limit :limit
            """;

  private static final String OF =
      SPAN
          + """
            where (s.trigger, s.from_at) >= (:trigger, ts(:from)) and j.namespace = :namespace
              and (:job = 0 or t.job = :job)
            order by s.trigger, s.from_at limit :limit
            """;

  private static final String CHECKED =
      """
      update trigger_span set checked_at = ts(:checked) where trigger = :trigger and from_at = ts(:from)
      """;

  private static final String ROWS =
      """
      select trigger, micros(planned_at), micros(planned_until), ticks, disposition, coalesce(run, 0) from tick
      where trigger = :trigger and planned_at >= ts(:from) and planned_at < ts(:until)
      order by planned_at limit :limit
      """;

  /** Spans after a place of which not all is audited that could be. */
  public static List<Span> unchecked(Handle handle, Place after, int limit) {
    return handle
        .createQuery(UNCHECKED)
        .bind("trigger", after.trigger())
        .bind("from", after.from())
        .bind("never", NEVER)
        .bind("limit", limit)
        .map((row, context) -> span(row))
        .list();
  }

  /**
   * Spans from a place on, that place included.
   *
   * @param job 0 for all of the namespace
   */
  public static List<Span> of(Handle handle, String namespace, long job, Place at, int limit) {
    return handle
        .createQuery(OF)
        .bind("trigger", at.trigger())
        .bind("from", at.from())
        .bind("namespace", namespace)
        .bind("job", job)
        .bind("never", NEVER)
        .bind("limit", limit)
        .map((row, context) -> span(row))
        .list();
  }

  /** All ticks of a span before an instant are in the ledger. */
  public static void checked(Handle handle, Place span, long until) {
    handle
        .createUpdate(CHECKED)
        .bind("trigger", span.trigger())
        .bind("from", span.from())
        .bind("checked", until)
        .execute();
  }

  /** The ledger's rows of a trigger that begin in a range, in their order. */
  public static List<Ticks.Entry> rows(
      Handle handle, long trigger, long from, long until, int limit) {
    return handle
        .createQuery(ROWS)
        .bind("trigger", trigger)
        .bind("from", from)
        .bind("until", until)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Ticks.Entry(
                    row.getLong(1),
                    row.getLong(2),
                    row.getLong(3),
                    row.getInt(4),
                    row.getString(5),
                    row.getLong(6)))
        .list();
  }

  private static Span span(ResultSet row) throws SQLException {
    return new Span(
        row.getLong("trigger"),
        row.getLong("from_at"),
        row.getLong("until_at"),
        row.getLong("checked_at"),
        row.getString("kind"),
        row.getString("spec"),
        row.getString("namespace"),
        row.getString("name"));
  }
}
