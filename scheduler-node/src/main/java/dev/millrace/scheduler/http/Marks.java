package dev.millrace.scheduler.http;

import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.Stage;
import java.util.ArrayList;
import java.util.List;

/** The bits of runs and stages in words. Stateless. */
final class Marks {
  private Marks() {}

  /** Who paused a run. */
  static List<String> pauses(int bits) {
    List<String> words = new ArrayList<>();
    add(words, bits, RunClock.BY_RUN, "run");
    add(words, bits, RunClock.BY_JOB, "job");
    add(words, bits, RunClock.BY_NAMESPACE, "namespace");
    add(words, bits, RunClock.BY_ALL, "all");
    add(words, bits, RunClock.BY_PARENT, "parent");
    add(words, bits, RunClock.BY_BLACKOUT, "blackout");
    return words;
  }

  static List<String> ofRun(int bits) {
    List<String> words = new ArrayList<>();
    add(words, bits, RunClock.LATE, "late");
    add(words, bits, RunClock.ENDING, "windowOver");
    add(words, bits, RunClock.KILLED, "killed");
    add(words, bits, RunClock.MANUAL_END, "untilManuallyEnded");
    add(words, bits, RunClock.PREPARED, "prepared");
    add(words, bits, RunClock.UNADMITTED, "notAdmitted");
    add(words, bits, RunClock.GATED, "gated");
    add(words, bits, RunClock.LIMITED, "limited");
    add(words, bits, RunClock.UNLIMITED, "limitsLifted");
    return words;
  }

  static List<String> ofStage(int bits) {
    List<String> words = new ArrayList<>();
    add(words, bits, Stage.BY_HAND, "skippedByHand");
    add(words, bits, Stage.KILLED, "killed");
    add(words, bits, Stage.PARKED, "parked");
    add(words, bits, Stage.HOPELESS, "turnCannotCome");
    add(words, bits, Stage.TOO_SHORT, "tooShort");
    add(words, bits, Stage.TOO_LONG, "tooLong");
    return words;
  }

  private static void add(List<String> words, int bits, int bit, String word) {
    if ((bits & bit) != 0) {
      words.add(word);
    }
  }
}
