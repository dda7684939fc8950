package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/** What the API reads of pauses, seats and locks. Stateless; the caller's thread. */
public final class ReadsLimits {
  private static final String LOCK = "lock:";

  private ReadsLimits() {}

  /** What is paused as a whole; the name is empty for everything. */
  public record Pause(String scope, String name, Instant since, String actor, String reason) {}

  /** Who holds or waits; {@code stage} is null for the run as a whole. */
  public record Seat(
      String subject,
      long run,
      int index,
      String stage,
      int weight,
      boolean exclusive,
      boolean held,
      Instant since) {}

  /** A named lock. */
  public record Lock(String name, int capacity, List<Seat> holders, List<Seat> waiting) {}

  private static final String PAUSES =
      "select scope, name, since, actor, reason from pause order by scope, name";

  private static final String OF_LOCKS =
      """
      select s.subject, s.run, s.idx, g.name, s.weight, s.exclusive, s.held, s.asked_at
      from seat s left join stage g on g.run = s.run and g.idx = s.idx
      where starts_with(s.subject, :prefix)
      order by s.subject, s.number
      """;

  private static final String OF_THESE =
      """
      select s.subject, s.run, s.idx, g.name, s.weight, s.exclusive, s.held, s.asked_at
      from seat s left join stage g on g.run = s.run and g.idx = s.idx
      where s.subject = any(:subjects)
      order by s.subject, s.number
      """;

  private static final String CAPACITIES =
      "select name, capacity from named_lock where namespace = :namespace order by name";

  public static List<Pause> pauses(Handle handle) {
    return handle
        .createQuery(PAUSES)
        .map(
            (row, context) ->
                new Pause(
                    row.getString(1),
                    row.getString(2),
                    ReadsRows.instant(row, "since"),
                    row.getString(4),
                    row.getString(5)))
        .list();
  }

  /** Locks of a namespace that have a capacity, a holder or somebody who waits. */
  public static List<Lock> locks(Handle handle, String namespace) {
    Map<String, Integer> capacities = new LinkedHashMap<>();
    handle
        .createQuery(CAPACITIES)
        .bind("namespace", namespace)
        .map((row, context) -> capacities.put(row.getString(1), row.getInt(2)))
        .list();
    String prefix = LOCK + namespace + "/";
    Map<String, List<Seat>> seats = new LinkedHashMap<>();
    for (Seat seat :
        handle
            .createQuery(OF_LOCKS)
            .bind("prefix", prefix)
            .map((row, context) -> seat(row))
            .list()) {
      String name = seat.subject().substring(prefix.length());
      capacities.putIfAbsent(name, 1);
      seats.computeIfAbsent(name, any -> new ArrayList<>()).add(seat);
    }
    List<Lock> locks = new ArrayList<>();
    capacities.forEach(
        (name, capacity) -> {
          List<Seat> all = seats.getOrDefault(name, List.of());
          locks.add(
              new Lock(
                  name,
                  capacity,
                  all.stream().filter(Seat::held).toList(),
                  all.stream().filter(seat -> !seat.held()).toList()));
        });
    return locks;
  }

  /** Who holds or waits for these subjects, in the order of the lines. */
  public static List<Seat> of(Handle handle, List<String> subjects) {
    return handle
        .createQuery(OF_THESE)
        .bindArray("subjects", String.class, subjects)
        .map((row, context) -> seat(row))
        .list();
  }

  private static Seat seat(java.sql.ResultSet row) throws java.sql.SQLException {
    return new Seat(
        row.getString(1),
        row.getLong(2),
        row.getInt(3),
        row.getString(4),
        row.getInt(5),
        row.getBoolean(6),
        row.getBoolean(7),
        ReadsRows.instant(row, "asked_at"));
  }
}
