package dev.millrace.scheduler.http;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The chain of stages that a run's length comes from: from the one that ended last, or is still
 * under way, back to whatever each of them waited for the longest. To make the run shorter, one of
 * these has to become faster. Pure and stateless; any thread.
 *
 * @param stages from the first to the last
 * @param millis from the first being ready to the end of the last, or until now
 */
record CriticalPath(List<String> stages, long millis) {
  static final CriticalPath NONE = new CriticalPath(List.of(), 0);

  /**
   * How one stage went.
   *
   * @param freeAt when it stopped waiting for others
   * @param end now while it is under way
   * @param took false when it never had its turn, or was skipped
   */
  private record Leg(String stage, Instant freeAt, Instant end, boolean took) {}

  /** Walks back over the legs; one use. */
  private static final class Walk {
    private final Map<String, StageDefinition> defined = new HashMap<>();
    private final Map<String, Leg> legs = new HashMap<>();
    private final Set<String> seen = new HashSet<>();

    /** From the first to the given one; a group before its members. */
    Deque<String> back(Leg from) {
      Deque<String> path = new ArrayDeque<>();
      for (Leg leg = from; leg != null && seen.add(leg.stage()); leg = before(leg)) {
        Leg inside = lastOf(membersOf(leg.stage()), leg.end());
        if (inside != null) {
          back(inside).descendingIterator().forEachRemaining(path::addFirst);
        }
        path.addFirst(leg.stage());
      }
      return path;
    }

    /** The one whose end let this one go; null for the first. */
    private Leg before(Leg leg) {
      StageDefinition stage = defined.get(leg.stage());
      if (stage == null) {
        return null;
      }
      Stream<String> waitedFor = stage.needs().stages().stream();
      boolean afterAll = stage.rules().phase() != Phase.MAIN && stage.needs().stages().isEmpty();
      if (afterAll) {
        waitedFor =
            defined.values().stream()
                .filter(other -> other.rules().phase() == Phase.MAIN)
                .filter(other -> other.rules().group() == null)
                .map(StageDefinition::id);
      }
      return lastOf(waitedFor, leg.freeAt());
    }

    private Stream<String> membersOf(String group) {
      return defined.values().stream()
          .filter(stage -> group.equals(stage.rules().group()))
          .map(StageDefinition::id);
    }

    private Leg lastOf(Stream<String> stages, Instant until) {
      return stages
          .map(legs::get)
          .filter(Objects::nonNull)
          .filter(leg -> !leg.end().isAfter(until))
          .max(Comparator.comparing(Leg::end).thenComparing(Leg::stage))
          .orElse(null);
    }
  }

  static CriticalPath of(
      JobDefinition definition, List<Timeline.Item> items, Timeline.Log log, Instant now) {
    if (definition == null) {
      return NONE;
    }
    Walk walk = new Walk();
    definition.stages().forEach(stage -> walk.defined.put(stage.id(), stage));
    for (Timeline.Item item : items) {
      Leg leg = leg(item, log, now);
      if (leg != null && item.over() == null) {
        walk.legs.put(leg.stage(), leg);
      }
    }
    Leg last =
        walk.legs.values().stream()
            .filter(leg -> leg.took() && walk.defined.containsKey(leg.stage()))
            .filter(leg -> walk.defined.get(leg.stage()).rules().group() == null)
            .max(
                Comparator.comparing(Leg::end)
                    .thenComparing(Leg::freeAt, Comparator.reverseOrder())
                    .thenComparing(Leg::stage))
            .orElse(null);
    if (last == null) {
      return NONE;
    }
    List<String> path = List.copyOf(walk.back(last));
    Instant begin = walk.legs.get(path.getFirst()).freeAt();
    return new CriticalPath(path, Duration.between(begin, last.end()).toMillis());
  }

  /** Null for a stage that waits for others. */
  private static Leg leg(Timeline.Item item, Timeline.Log log, Instant now) {
    Instant logged = log.freeAt(item.stage());
    Instant known = logged == null ? item.readyAt() : logged;
    Instant free = known == null ? item.finishedAt() : known;
    if (free == null) {
      return null;
    }
    Instant end = item.finishedAt() == null ? now : item.finishedAt();
    return new Leg(item.stage(), free, end.isBefore(free) ? free : end, known != null);
  }
}
