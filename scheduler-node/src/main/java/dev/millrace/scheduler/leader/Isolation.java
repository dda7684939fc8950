package dev.millrace.scheduler.leader;

import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.store.StoreException;

/**
 * Finds the one report or command that makes every pass with it fail, so that it can be set aside
 * and the others go on. After a failure that an input can have caused, reports and commands come in
 * passes of their own, half as many after each failure, twice as many after each success. One that
 * fails alone, while a pass without any goes well, and fails alone again, is guilty. Pure; the
 * leader's thread.
 */
final class Isolation {
  /** What a pass took of one kind: how many, and the first of them, or null. */
  record Taken(int count, Object first) {}

  /** What is set aside, and how it made passes fail. */
  record Guilty(Object input, Throwable cause) {}

  private final int max;
  private final Suspects reports;
  private final Suspects commands;

  /** Whose pass is the next one; null while nothing is suspected. */
  private Suspects looking;

  Isolation(int max) {
    this.max = max;
    this.reports = new Suspects(max);
    this.commands = new Suspects(max);
  }

  /** Reports or commands, as far as they are suspected. */
  private static final class Suspects {
    final int max;
    int limit;
    boolean suspected;
    Object accused;

    /** The next pass takes nothing: does it fail too, the accused is innocent. */
    boolean without;

    boolean fineWithout;
    Guilty guilty;

    Suspects(int max) {
      this.max = max;
      acquit();
    }

    void acquit() {
      limit = max;
      suspected = false;
      accused = null;
      without = false;
      fineWithout = false;
      guilty = null;
    }

    int allowed() {
      return without ? 0 : limit;
    }

    void accuse(Taken taken, Throwable cause) {
      suspected = true;
      if (taken.count > 1) {
        limit = Math.max(1, Math.min(taken.count, max) / 2);
        accused = null;
        return;
      }
      limit = 1;
      if (fineWithout && taken.first.equals(accused)) {
        guilty = new Guilty(accused, cause);
        return;
      }
      accused = taken.first;
      fineWithout = false;
      without = true;
    }

    void succeeded(Taken taken) {
      if (without) {
        without = false;
        fineWithout = true;
        return;
      }
      boolean all = taken.count < limit || limit == max;
      int next = Math.min(max, limit * 2);
      acquit();
      if (!all) {
        suspected = true;
        limit = next;
      }
    }
  }

  boolean active() {
    return looking != null;
  }

  /** Reports that the next pass may take. */
  int reportsMax() {
    return allowed(reports);
  }

  /** Commands that the next pass may take. */
  int commandsMax() {
    return allowed(commands);
  }

  private int allowed(Suspects kind) {
    if (looking == null) {
      return max;
    }
    return kind == looking ? kind.allowed() : 0;
  }

  /** The report to set aside, or null. */
  Guilty guiltyReport() {
    return looking == reports ? reports.guilty : null;
  }

  /** The command to set aside, or null. */
  Guilty guiltyCommand() {
    return looking == commands ? commands.guilty : null;
  }

  /**
   * A pass was committed.
   *
   * @return true when the search goes on
   */
  boolean succeeded(Taken reportsTaken, Taken commandsTaken) {
    if (looking != null) {
      looking.succeeded(looking == reports ? reportsTaken : commandsTaken);
      lookOn();
    }
    return active();
  }

  /**
   * A pass was rolled back.
   *
   * @return true when the search goes on; false when no report and no command is to blame
   */
  boolean failed(Throwable failure, Taken reportsTaken, Taken commandsTaken) {
    if (!canBeAnInput(failure)) {
      return false; // the search, if there is one, goes on when this is over
    }
    if (looking == null) {
      accuse(reports, reportsTaken, failure);
      accuse(commands, commandsTaken, failure);
    } else {
      Taken taken = looking == reports ? reportsTaken : commandsTaken;
      if (taken.count == 0) {
        reports.acquit();
        commands.acquit();
      }
      accuse(looking, taken, failure);
    }
    lookOn();
    return active();
  }

  private static void accuse(Suspects kind, Taken taken, Throwable failure) {
    if (taken.count > 0) {
      kind.accuse(taken, failure);
    }
  }

  /** They take turns, so that neither waits for the end of the other. */
  private void lookOn() {
    Suspects other = looking == reports ? commands : reports;
    if (other.suspected) {
      looking = other;
    } else if (looking != null && !looking.suspected) {
      looking = null;
    } else if (looking == null && commands.suspected) {
      looking = commands;
    }
  }

  /** What it says at its root, which is what people have to know. */
  static String message(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    String message = String.valueOf(root.getMessage());
    int end = message.indexOf('\n'); // the database adds where in its own code it was
    return root.getClass().getSimpleName() + ": " + (end < 0 ? message : message.substring(0, end));
  }

  /** Not a term that ended, nor a database or a broker that is away. */
  private static boolean canBeAnInput(Throwable failure) {
    if (failure instanceof QuietFailure) {
      return false;
    }
    if (failure instanceof Error) {
      return failure instanceof StackOverflowError;
    }
    return !StoreException.isOfDatabase(failure) || StoreException.isOfData(failure);
  }
}
