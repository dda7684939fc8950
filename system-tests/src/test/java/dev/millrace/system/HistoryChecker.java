package dev.millrace.system;

import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.RunId;
import dev.millrace.testing.Witness;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Judges a history: nothing lost, nothing doubled, every move legal, one writer at a time, and the
 * tables equal to what the log leads to. Used once, by one thread.
 */
final class HistoryChecker {
  /** What must hold, in the words of a violation. */
  enum Law {
    NOTHING_LOST,
    RUNS_COMPLETE,
    EPOCHS_NEVER_DECREASE,
    MOVES_ARE_LEGAL,
    TABLES_EQUAL_LOG,
    ATTEMPTS_WITHOUT_GAPS,
    ONE_END_PER_ATTEMPT,
    NEEDS_FIRST,
    WITNESS_AGREES
  }

  record Violation(Law law, String text) {}

  /**
   * What was judged, and what is no violation but should be known.
   *
   * @param attemptsSuperseded attempts that ended without counting
   * @param executedTwice claims whose program was started more than once, by the witness
   * @param stagesExecutedTwice stages whose program reached its end more than once, by the witness
   */
  record Verdict(
      List<Violation> violations,
      int runs,
      int stages,
      int moves,
      List<Long> epochs,
      Map<String, Long> attemptsSuperseded,
      int executedTwice,
      int stagesExecutedTwice) {
    /** The first of them, each on a line; for the message of an assertion. */
    String complaint() {
      return violations.size()
          + " violations: "
          + violations.stream()
              .limit(20)
              .map(v -> "\n  " + v.law + ": " + v.text)
              .collect(Collectors.joining());
    }

    Set<Law> broken() {
      return violations.stream().map(Violation::law).collect(Collectors.toSet());
    }
  }

  private final History history;
  private final List<Violation> violations = new ArrayList<>();
  private final Map<Long, RunReplay> replays = new HashMap<>();

  private HistoryChecker(History history) {
    this.history = history;
  }

  static Verdict check(History history) {
    return new HistoryChecker(history).judge();
  }

  private Verdict judge() {
    nothingLost();
    runsComplete();
    List<History.Entry> log =
        history.log().stream().sorted(Comparator.comparingLong(History.Entry::seq)).toList();
    epochs(log);
    replayRuns(log);
    replayJobs(log);
    tablesEqualLog();
    attempts();
    witness();
    Witness.Account account = Witness.Account.of(history.sightings());
    return new Verdict(
        List.copyOf(violations),
        history.runs().size(),
        history.stages().size(),
        log.stream().mapToInt(entry -> entry.moves().size()).sum(),
        List.copyOf(new TreeSet<>(log.stream().map(History.Entry::epoch).toList())),
        history.attempts().stream()
            .collect(Collectors.groupingBy(History.AttemptRow::outcome, Collectors.counting())),
        account.claimsStartedTwice().size(),
        account.stagesEndedTwice().size());
  }

  private void violation(Law law, String text) {
    violations.add(new Violation(law, text));
  }

  private void nothingLost() {
    Map<String, Long> found =
        history.runs().stream()
            .collect(Collectors.groupingBy(History.RunRow::job, Collectors.counting()));
    Set<String> jobs = new TreeSet<>(history.enqueued().keySet());
    jobs.addAll(found.keySet());
    for (String job : jobs) {
      long asked = history.enqueued().getOrDefault(job, 0);
      long made = found.getOrDefault(job, 0L);
      if (asked != made) {
        violation(Law.NOTHING_LOST, "job " + job + ": asked for " + asked + ", runs " + made);
      }
    }
  }

  private void runsComplete() {
    for (History.RunRow run : history.runs()) {
      if (run.state() != RunState.COMPLETED) {
        violation(Law.RUNS_COMPLETE, "run " + new RunId(run.id()) + " is " + run.state());
      }
    }
  }

  private void epochs(List<History.Entry> log) {
    long highest = 0;
    for (History.Entry entry : log) {
      if (entry.epoch() < highest) {
        violation(
            Law.EPOCHS_NEVER_DECREASE,
            "seq " + entry.seq() + " has epoch " + entry.epoch() + " after " + highest);
      }
      highest = Math.max(highest, entry.epoch());
    }
  }

  private void replayRuns(List<History.Entry> log) {
    for (History.RunRow run : history.runs()) {
      replays.put(
          run.id(), new RunReplay(run.id(), history.needs().get(run.plan()), this::violation));
    }
    for (History.Entry entry : log) {
      RunReplay replay = replays.get(entry.run());
      for (History.Move move : entry.moves()) {
        if (move.subject().equals("@job")) {
          continue;
        }
        if (replay == null) {
          violation(
              Law.TABLES_EQUAL_LOG, "the log knows run " + new RunId(entry.run()) + ", no table");
          break;
        }
        replay.apply(move);
      }
    }
  }

  private void replayJobs(List<History.Entry> log) {
    Map<Long, JobState> states = new HashMap<>();
    for (History.Entry entry : log) {
      for (History.Move move : entry.moves()) {
        if (!move.subject().equals("@job")) {
          continue;
        }
        JobState from = move.from() == null ? null : JobState.valueOf(move.from());
        JobState to = JobState.valueOf(move.to());
        // A job is born in its first move, which may start from CREATED.
        JobState known = states.getOrDefault(entry.job(), from);
        if (known != from || (from != null && !from.canBecome(to))) {
          violation(Law.MOVES_ARE_LEGAL, "job " + entry.job() + " was " + known + ": " + move);
        }
        states.put(entry.job(), to);
      }
    }
    for (History.JobRow job : history.jobs()) {
      if (states.get(job.id()) != job.state()) {
        violation(
            Law.TABLES_EQUAL_LOG,
            "job " + job.name() + " is " + job.state() + ", by the log " + states.get(job.id()));
      }
    }
  }

  private void tablesEqualLog() {
    for (History.RunRow run : history.runs()) {
      RunReplay replay = replays.get(run.id());
      if (replay.state() != run.state()) {
        violation(
            Law.TABLES_EQUAL_LOG,
            "run " + new RunId(run.id()) + " is " + run.state() + ", by the log " + replay.state());
      }
    }
    Map<Long, Set<String>> rows = new HashMap<>();
    for (History.StageRow stage : history.stages()) {
      rows.computeIfAbsent(stage.run(), run -> new HashSet<>()).add(stage.name());
      RunReplay replay = replays.get(stage.run());
      if (replay == null) {
        violation(Law.TABLES_EQUAL_LOG, "stage without run: " + stage);
      } else {
        replay.compare(stage);
      }
    }
    for (History.RunRow run : history.runs()) {
      Set<String> planned = history.needs().get(run.plan()).keySet();
      if (!planned.equals(rows.getOrDefault(run.id(), Set.of()))) {
        violation(
            Law.TABLES_EQUAL_LOG,
            "run "
                + new RunId(run.id())
                + " has stages "
                + rows.get(run.id())
                + ", not "
                + planned);
      }
    }
  }

  /** Superseded attempts are 1 .. k-1, each once, where k is the one that counted. */
  private void attempts() {
    Map<String, List<Integer>> superseded = new HashMap<>();
    for (History.AttemptRow row : history.attempts()) {
      superseded
          .computeIfAbsent(row.run() + " " + row.stage(), place -> new ArrayList<>())
          .add(row.attempt());
    }
    for (History.StageRow stage : history.stages()) {
      List<Integer> numbers =
          superseded.getOrDefault(stage.run() + " " + stage.name(), new ArrayList<>());
      numbers.sort(null);
      List<Integer> expected = new ArrayList<>();
      for (int i = 1; i < stage.attempt(); i++) {
        expected.add(i);
      }
      if (!numbers.equals(expected)) {
        violation(
            Law.ATTEMPTS_WITHOUT_GAPS,
            stage + " superseded " + numbers + " before attempt " + stage.attempt());
      }
    }
  }

  /** What the programs wrote: a stage counts as done only by the attempt whose program ended. */
  private void witness() {
    Map<String, Integer> starts = new HashMap<>();
    Map<String, Integer> ends = new HashMap<>();
    for (int line = 0; line < history.sightings().size(); line++) {
      Witness.Sighting seen = history.sightings().get(line);
      String claim = claim(seen.run(), seen.stage(), seen.attempt());
      switch (seen.moment()) {
        case START -> starts.putIfAbsent(claim, line);
        case END -> ends.putIfAbsent(claim, line);
      }
    }
    Map<Long, History.RunRow> runs = new HashMap<>();
    history.runs().forEach(run -> runs.put(run.id(), run));
    Map<String, Integer> accepted = new HashMap<>();
    history.stages().forEach(s -> accepted.put(s.run() + " " + s.name(), s.attempt()));
    for (History.StageRow stage : history.stages()) {
      History.RunRow run = runs.get(stage.run());
      if (run == null || !history.witnessed().contains(run.job())) {
        continue;
      }
      String id = new RunId(stage.run()).toString();
      String claim = claim(id, stage.name(), stage.attempt());
      if (!starts.containsKey(claim) || !ends.containsKey(claim)) {
        violation(Law.WITNESS_AGREES, claim + " counted, and its program did not start and end");
        continue;
      }
      for (String need : history.needs().get(run.plan()).get(stage.name())) {
        Integer ended = ends.get(claim(id, need, accepted.get(stage.run() + " " + need)));
        if (ended == null || ended > starts.get(claim)) {
          violation(Law.NEEDS_FIRST, claim + " started before " + need + " ended");
        }
      }
    }
  }

  private static String claim(String run, String stage, int attempt) {
    return run + " " + stage + " " + attempt;
  }
}
