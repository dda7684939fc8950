package dev.millrace.scheduler.event;

import dev.millrace.scheduler.store.ReadsJobs;
import java.util.ArrayList;
import java.util.List;

/**
 * One list of moves of a batch, which mostly many runs took: what it tells is worked out once for
 * all of them. Immutable.
 */
public final class Story {
  /**
   * One event that it tells.
   *
   * @param number from 1: the second part of the event's id
   * @param asJob a run's move, told as something that its job does
   */
  record Told(Move move, String type, int number, boolean asJob) {
    boolean ofJob() {
      return asJob || move.ofJob();
    }
  }

  private final long job;
  private final ReadsJobs.Name name;
  private final List<Told> told;
  private final int chars;

  Story(long job, ReadsJobs.Name name, String moves) {
    this.job = job;
    this.name = name;
    this.told = told(Move.of(moves));
    this.chars = moves.length();
  }

  /** The moves first, in their order: their numbers are those of the log, whatever else is told. */
  private static List<Told> told(List<Move> moves) {
    List<Told> all = new ArrayList<>(moves.size() + 1);
    for (Move move : moves) {
      all.add(new Told(move, move.type(), all.size() + 1, false));
    }
    for (Move move : moves) {
      String type = move.jobType();
      if (type != null) {
        all.add(new Told(move, type, all.size() + 1, true));
      }
    }
    return List.copyOf(all);
  }

  long job() {
    return job;
  }

  public String namespace() {
    return name.namespace();
  }

  public String jobName() {
    return name.name();
  }

  List<Told> told() {
    return told;
  }

  /** How long it is in the log. */
  int chars() {
    return chars;
  }
}
