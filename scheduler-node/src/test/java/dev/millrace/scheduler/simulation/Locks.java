package dev.millrace.scheduler.simulation;

import dev.millrace.scheduler.simulation.Store.Seat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Who holds and who waits for the named locks, as one leader knows it. First come, first served.
 */
final class Locks {
  private final List<Seat> seats = new ArrayList<>();
  private long lastNumber;

  void load(List<Seat> stored, boolean forgetsHolders) {
    seats.clear();
    for (Seat seat : stored) {
      lastNumber = Math.max(lastNumber, seat.number());
      if (!forgetsHolders || !seat.held()) {
        seats.add(seat);
      }
    }
  }

  List<Seat> all() {
    return List.copyOf(seats);
  }

  Seat of(long run, int stage) {
    for (Seat seat : seats) {
      if (seat.run() == run && seat.stage() == stage) {
        return seat;
      }
    }
    return null;
  }

  void ask(String lock, long run, int stage) {
    seats.add(new Seat(lock, run, stage, ++lastNumber, false));
  }

  void release(long run, int stage) {
    seats.removeIf(seat -> seat.run() == run && seat.stage() == stage);
  }

  /** Gives what is free; who cannot take it now is passed over. True when anything was taken. */
  boolean grant(Predicate<Seat> taker) {
    boolean any = false;
    for (String lock : Jobs.LOCKS) {
      int free = Jobs.capacity(lock);
      for (Seat seat : seats) {
        free -= seat.held() && seat.lock().equals(lock) ? 1 : 0;
      }
      for (int i = 0; i < seats.size() && free > 0; i++) {
        Seat seat = seats.get(i);
        if (!seat.held() && seat.lock().equals(lock) && taker.test(seat)) {
          seats.set(i, new Seat(lock, seat.run(), seat.stage(), seat.number(), true));
          free--;
          any = true;
        }
      }
    }
    return any;
  }
}
