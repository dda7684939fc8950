package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The table fan_items: the list of a fan-out in pieces, so that the leader reads no more of it than
 * it starts, and its memory does not grow with the list. Stateless; the leader's transaction.
 */
public final class FanItems {
  /** Items in one row. */
  public static final int PIECE = 1_000;

  private FanItems() {}

  /** A piece: items {@code first}, {@code first + 1} and so on, as a JSON list. */
  public record Piece(int first, String itemsJson) {}

  private static final String INSERT =
      """
      insert into fan_items (run, idx, attempt, first, items)
      select :run, :idx, :attempt, first, items from unnest(:firsts, :items) as u (first, items)
      """;

  private static final String READ =
      """
      select first, items from fan_items
      where run = :run and idx = :idx and attempt = :attempt and first < :until and first > :from - :piece
      order by first
      """;

  private static final String FORGET = "delete from fan_items where run = :run and idx = :idx";

  public static void store(Handle tx, long run, int stage, int attempt, List<Piece> pieces) {
    tx.createUpdate(INSERT)
        .bind("run", run)
        .bind("idx", stage)
        .bind("attempt", attempt)
        .bindArray("firsts", Integer.class, pieces.stream().map(Piece::first).toList())
        .bindArray("items", String.class, pieces.stream().map(Piece::itemsJson).toList())
        .execute();
  }

  /** The pieces that hold the items {@code from} up to but without {@code until}. */
  public static List<Piece> read(Handle tx, long run, int stage, int attempt, int from, int until) {
    return tx.createQuery(READ)
        .bind("run", run)
        .bind("idx", stage)
        .bind("attempt", attempt)
        .bind("from", from)
        .bind("until", until)
        .bind("piece", PIECE)
        .map((row, context) -> new Piece(row.getInt(1), row.getString(2)))
        .list();
  }

  /** The stage has ended: nobody starts items of it any more. */
  public static void forget(Handle tx, long run, int stage) {
    tx.createUpdate(FORGET).bind("run", run).bind("idx", stage).execute();
  }
}
