package dev.millrace.scheduler.http;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsLimits;
import dev.millrace.scheduler.store.ReadsRuns;
import dev.millrace.scheduler.store.ReadsWhy;
import dev.millrace.scheduler.store.SeatRows;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * What the tables say around one run that does not move; each list is bounded, and what is seldom
 * needed is read when it is. One for each question; the caller's thread.
 */
final class WhyFacts {
  /** Counting what is ahead costs; beyond this many stages nobody reads on. */
  private static final int AHEAD_COUNTS_MAX = 20;

  private record Work(String pool, String handler) {}

  final ReadsRuns.Run run;
  final List<ReadsRuns.Stage> stages;
  final Map<String, ReadsRuns.Stage> byName = new LinkedHashMap<>();
  final List<ReadsLimits.Pause> pauses;
  private final Handle handle;
  private final Map<String, StageDefinition> definitions = new HashMap<>();
  private final Map<Integer, List<ReadsWhy.Place>> places;
  private final boolean morePlaces;
  private final Map<Work, ReadsWhy.Capacity> capacities = new HashMap<>();
  private final Map<String, Optional<SeatRows.Rate>> rates = new HashMap<>();
  private Map<Integer, ReadsWhy.Listening> listening;
  private Map<Integer, List<ReadsWhy.Child>> children;
  private Map<String, ReadsWhy.Silent> silent;
  private int linesRead;
  private int aheadCounts;

  WhyFacts(Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    this.handle = handle;
    this.run = run;
    this.stages = stages;
    stages.forEach(stage -> byName.put(stage.name(), stage));
    JobDefinition job = Definitions.of(run.definition());
    if (job != null) {
      job.stages().forEach(stage -> definitions.put(stage.id(), stage));
    }
    Set<String> pools = stages.stream().map(ReadsRuns.Stage::pool).collect(Collectors.toSet());
    this.pauses = ReadsWhy.pauses(handle, run.namespace(), pools);
    int limit = stages.size() + ReadsWhy.LINES_MAX;
    List<ReadsWhy.Place> found = ReadsWhy.places(handle, run.id(), limit);
    this.morePlaces = found.size() == limit;
    this.places = found.stream().collect(Collectors.groupingBy(ReadsWhy.Place::index));
  }

  Handle handle() {
    return handle;
  }

  Instant databaseNow() {
    return ReadsFleet.databaseNow(handle);
  }

  /** As its job has it; null for a stage that no definition knows. */
  StageDefinition definition(ReadsRuns.Stage stage) {
    return definitions.get(stage.name());
  }

  StageDefinition definition(String stage) {
    return definitions.get(stage);
  }

  /** Where a stage stands in line; -1 is the run as a whole. */
  List<ReadsWhy.Place> places(int index) {
    return places.getOrDefault(index, List.of());
  }

  /** True when there were more places than anybody looks at. */
  boolean morePlaces() {
    return morePlaces;
  }

  /** The line of a place; empty beyond a bound of them. */
  Optional<ReadsWhy.Line> line(ReadsWhy.Place place) {
    return linesRead++ < ReadsWhy.LINES_MAX
        ? Optional.of(ReadsWhy.line(handle, run.id(), place))
        : Optional.empty();
  }

  /** What a stage listens for, or null. */
  ReadsWhy.Listening listening(int index) {
    if (listening == null) {
      listening =
          ReadsWhy.listening(handle, run.id()).stream()
              .collect(Collectors.toMap(ReadsWhy.Listening::index, each -> each));
    }
    return listening.get(index);
  }

  /** The open runs that a stage waits for, as many as are named. */
  List<ReadsWhy.Child> children(int index) {
    if (children == null) {
      List<Integer> waiting =
          stages.stream()
              .filter(stage -> Stage.LEADER.equals(stage.worker()))
              .filter(stage -> stage.state().equals("RUNNING"))
              .map(ReadsRuns.Stage::index)
              .toList();
      children =
          ReadsWhy.children(handle, run.id(), waiting).stream()
              .collect(Collectors.groupingBy(ReadsWhy.Child::index));
    }
    return children.getOrDefault(index, List.of());
  }

  ReadsWhy.Capacity capacity(ReadsRuns.Stage stage) {
    return capacities.computeIfAbsent(
        new Work(stage.pool(), stage.handler()),
        work -> ReadsWhy.capacity(handle, work.pool(), work.handler()));
  }

  Optional<SeatRows.Rate> rate(String pool) {
    return rates.computeIfAbsent(pool, name -> ReadsWhy.rate(handle, name));
  }

  /** What is wrong with a worker, or null. */
  ReadsWhy.Silent silent(String worker) {
    if (silent == null) {
      List<String> ids = new ArrayList<>();
      for (ReadsRuns.Stage stage : stages) {
        if (stage.state().equals("RUNNING") && stage.worker() != null) {
          ids.add(stage.worker());
        }
      }
      silent = ReadsWhy.silent(handle, ids);
    }
    return silent.get(worker);
  }

  /** How many stages go before one in its pool; empty beyond a bound of counts. */
  Optional<String> ahead(ReadsRuns.Stage stage) {
    if (aheadCounts++ >= AHEAD_COUNTS_MAX) {
      return Optional.empty();
    }
    var place = new ReadsFleet.Place(stage.pool(), stage.priority(), stage.run());
    long ahead = ReadsFleet.ahead(handle, place);
    return Optional.of(ahead == ReadsFleet.COUNT_MAX ? ahead + " or more" : Long.toString(ahead));
  }
}
