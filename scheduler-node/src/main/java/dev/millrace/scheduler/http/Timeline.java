package dev.millrace.scheduler.http;

import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.event.Move;
import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the time of a run went: for every attempt of every stage how long it waited, was queued and
 * ran. The log says when the dependencies of a stage were done, the tables when an attempt was
 * queued, began and ended. Pure and stateless; any thread.
 */
final class Timeline {
  private Timeline() {}

  /**
   * One attempt of a stage; instants are null where it has not come to that.
   *
   * @param attempt its number, or the one that it gets once it begins
   * @param state of the stage when it is the latest attempt; else how the attempt ended
   * @param readyAt when its dependencies, or the pause before another attempt, were over
   * @param worker null where none had it
   * @param over how an attempt ended that another one came after; null for the latest
   * @param fan of a fan-out how far its items are, else null
   */
  record Item(
      String stage,
      int attempt,
      String state,
      Instant readyAt,
      Instant queuedAt,
      Instant startedAt,
      Instant finishedAt,
      String worker,
      String over,
      Fan fan) {
    /** From ready until it is with the broker, a worker, or over; null where it was never ready. */
    Long waitedMillis(Instant now) {
      return millis(readyAt, first(queuedAt, startedAt, end(now)));
    }

    /** From the broker to a worker; null where it was never with the broker. */
    Long queuedMillis(Instant now) {
      return millis(queuedAt, first(startedAt, end(now)));
    }

    /** Null where it never began. */
    Long ranMillis(Instant now) {
      return millis(startedAt, end(now));
    }

    private Instant end(Instant now) {
      return finishedAt == null ? now : finishedAt;
    }
  }

  /** What the log says of one stage. */
  private static final class Trail {
    private final Map<Integer, Instant> readyAt = new HashMap<>();
    private int attempt;
    private Instant ready;

    /** When it last stopped waiting for others, or null. */
    private Instant freeAt;

    void move(String from, String to, Instant at) {
      switch (to) {
        case "WAITING" -> {
          ready = null;
          freeAt = null;
        }
        case "BACKING_OFF" -> ready = null;
        case "READY", "HELD", "LOCK_WAIT" -> ready(at);
        case "QUEUED" -> begin(at);
        case "RUNNING" -> {
          if (!"QUEUED".equals(from)) {
            begin(at);
          }
        }
        default -> {
          // an end
        }
      }
    }

    private void ready(Instant at) {
      ready = ready == null ? at : ready;
      freeAt = freeAt == null ? at : freeAt;
    }

    private void begin(Instant at) {
      attempt++;
      ready(at);
      readyAt.put(attempt, ready);
      ready = null;
    }

    Instant readyAt(int number) {
      return number == attempt + 1 ? ready : readyAt.get(number);
    }
  }

  /** What the log says of every stage, by its id. */
  static final class Log {
    private final Map<String, Trail> trails = new HashMap<>();

    static Log of(List<ReadsRuns.Transition> rows) {
      Log log = new Log();
      for (ReadsRuns.Transition row : rows) {
        for (Move move : Move.of(row.moves())) {
          if (!move.subject().isEmpty() && move.to() != null) {
            log.trails
                .computeIfAbsent(move.subject(), any -> new Trail())
                .move(move.from(), move.to(), row.at());
          }
        }
      }
      return log;
    }

    private Instant readyAt(String stage, int attempt) {
      Trail trail = trails.get(stage);
      return trail == null ? null : trail.readyAt(attempt);
    }

    /** When the stage last stopped waiting for others; null when it does, or the log is gone. */
    Instant freeAt(String stage) {
      Trail trail = trails.get(stage);
      return trail == null ? null : trail.freeAt;
    }
  }

  /** Every attempt, by the order of the stages in the definition and then by number. */
  static List<Item> of(List<ReadsRuns.Stage> stages, List<ReadsRuns.Attempt> attempts, Log log) {
    Map<Integer, Map<Integer, ReadsRuns.Attempt>> ended = new HashMap<>();
    attempts.forEach(
        one -> ended.computeIfAbsent(one.index(), any -> new TreeMap<>()).put(one.attempt(), one));
    List<Item> items = new ArrayList<>();
    stages.stream()
        .sorted(Comparator.comparingInt(ReadsRuns.Stage::index))
        .forEach(
            stage -> {
              Map<Integer, ReadsRuns.Attempt> before = ended.getOrDefault(stage.index(), Map.of());
              before.values().forEach(one -> items.add(superseded(stage, one, log)));
              items.add(latest(stage, before.containsKey(stage.attempt()), log));
            });
    return items;
  }

  private static Item superseded(ReadsRuns.Stage stage, ReadsRuns.Attempt attempt, Log log) {
    String over =
        attempt.errorClass() == null
            ? attempt.outcome()
            : attempt.outcome() + ": " + attempt.errorClass();
    return new Item(
        stage.name(),
        attempt.attempt(),
        attempt.outcome(),
        log.readyAt(stage.name(), attempt.attempt()),
        attempt.queuedAt(),
        attempt.startedAt(),
        attempt.finishedAt(),
        attempt.worker(),
        over,
        null);
  }

  /**
   * @param over true when the attempt that the row counts has ended and is among the superseded
   */
  private static Item latest(ReadsRuns.Stage stage, boolean over, Log log) {
    StageState state = StageState.valueOf(stage.state());
    boolean begun = state.isFinal() || state.isInFlight();
    int number = over || !begun ? stage.attempt() + 1 : stage.attempt();
    Instant ready = log.readyAt(stage.name(), number);
    boolean waits = state == StageState.WAITING || state == StageState.BACKING_OFF;
    return new Item(
        stage.name(),
        number,
        stage.state(),
        ready != null || waits ? ready : stage.readyAt(),
        stage.queuedAt(),
        stage.startedAt(),
        stage.finishedAt(),
        stage.worker(),
        null,
        Fan.parse(stage.fan()));
  }

  private static Instant first(Instant... candidates) {
    for (Instant one : candidates) {
      if (one != null) {
        return one;
      }
    }
    return null;
  }

  private static Long millis(Instant from, Instant to) {
    return from == null || to == null ? null : Math.max(0, Duration.between(from, to).toMillis());
  }
}
