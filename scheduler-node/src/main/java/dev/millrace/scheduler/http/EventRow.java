package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.ReadsRuns.Transition;
import java.util.List;

/** A row of the log on its way to clients; its moves are read when the first one wants them. */
final class EventRow {
  private final Transition row;
  private volatile List<Move> moves;

  EventRow(Transition row) {
    this.row = row;
  }

  Transition row() {
    return row;
  }

  long seq() {
    return row.seq();
  }

  /** Two threads may both read them; they read the same. */
  List<Move> moves() {
    List<Move> read = moves;
    if (read == null) {
      read = Move.of(row.moves());
      moves = read;
    }
    return read;
  }
}
