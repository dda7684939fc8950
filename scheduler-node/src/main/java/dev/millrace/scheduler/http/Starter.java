package dev.millrace.scheduler.http;

import dev.millrace.definition.StartLimits;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.PlannedStarts;
import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Duration;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/**
 * Takes a start in and waits a moment for what becomes of it. Whoever is not refused gets the id of
 * the run, also when no leader answers: then the run is made by the next one. Any thread.
 */
final class Starter {
  static final Duration WAIT_MAX = Duration.ofSeconds(3);

  /** What was taken out of the inbox a moment ago is answered when its transaction commits. */
  static final Duration LAST_WAIT = Duration.ofSeconds(2);

  private final Jdbi jdbi;
  private final Commands commands;

  Starter(Jdbi jdbi, Commands commands) {
    this.jdbi = jdbi;
    this.commands = commands;
  }

  /** Where the run is. */
  enum Stand {
    /** It is there. */
    MADE,
    /** A leader makes it, in a moment or when there is one. */
    ACCEPTED,
    /** It is made when its time comes. */
    LATER
  }

  /**
   * A start that was taken in.
   *
   * @param replayed true when an earlier one with the same key stands for it
   */
  record Started(RunId run, Stand stand, boolean replayed) {}

  /**
   * A refusal is thrown.
   *
   * @throws org.jdbi.v3.core.JdbiException when the database is away: then nothing is known to be
   *     accepted
   */
  Started start(Acceptance.Ask ask) throws InterruptedException {
    // The leader judges them with the defaults; without one, nobody would be told.
    requireFit(ask.params());
    return switch (jdbi.withHandle(handle -> Acceptance.put(handle, ask))) {
      case Acceptance.Result.KeyUsed used -> throw keyUsed(used.detail());
      case Acceptance.Result.NotComparable not -> throw notComparable(not.detail());
      case Acceptance.Result.Accepted accepted -> awaited(accepted);
    };
  }

  private Started awaited(Acceptance.Result.Accepted accepted) throws InterruptedException {
    RunId run = new RunId(accepted.run());
    if (accepted.replayed()) {
      return new Started(run, standOf(run), true);
    }
    if (accepted.later()) {
      commands.ring();
      return new Started(run, Stand.LATER, false);
    }
    Optional<Outcome> outcome = commands.outcome(accepted.inbox(), WAIT_MAX);
    if (outcome.isEmpty()) {
      outcome = commands.leave(accepted.inbox(), LAST_WAIT);
    }
    if (outcome.isPresent() && outcome.get().status() >= 400) {
      throw new Problem.Refused(Failures.of(outcome.get()));
    }
    return new Started(run, outcome.isPresent() ? Stand.MADE : Stand.ACCEPTED, false);
  }

  private Stand standOf(RunId run) {
    return jdbi.withHandle(
        handle -> {
          if (ReadsRuns.find(handle, run.value()).isPresent()) {
            return Stand.MADE;
          }
          boolean later = PlannedStarts.find(handle, run.value()).isPresent();
          return later ? Stand.LATER : Stand.ACCEPTED;
        });
  }

  /** Refuses params that no run can have. */
  static void requireFit(String params) {
    StartLimits.ofParams(params)
        .ifPresent(
            problem -> {
              throw invalid(
                  "params: " + problem,
                  "Put large values into a store that the job reads, and pass where they are.");
            });
  }

  static Problem.Refused notComparable(String detail) {
    return invalid(
        "the params cannot be kept with a key: " + detail,
        "Leave NUL characters and numbers of such a size out of the params, or the key.");
  }

  private static Problem.Refused invalid(String detail, String remedy) {
    return new Problem.Refused(new Problem(422, "invalid", "Invalid", detail, remedy));
  }

  static Problem.Refused keyUsed(String detail) {
    return new Problem.Refused(
        new Problem(
            409,
            "key-used",
            "Key used",
            detail,
            "Send the same params to get the same run, or use a new key for a new run."));
  }

  /** A key of a caller, checked; null stays null. */
  static String key(String key) {
    if (key == null) {
      return null;
    }
    if (key.isBlank() || key.length() > Acceptance.KEY_CHARS_MAX || key.indexOf('\0') >= 0) {
      throw Problem.badRequest(
          "a key has 1 to " + Acceptance.KEY_CHARS_MAX + " characters",
          "Use what names the event that the run is for, such as order-7.");
    }
    return key;
  }
}
