package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.system.HistoryChecker.Law;
import dev.millrace.testing.Witness.Moment;
import dev.millrace.testing.Witness.Sighting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * A checker that has never failed proves nothing: each corruption of a good history must be seen.
 */
class HistoryCheckerTest {
  private static final long RUN = 700_000_000_000L;
  private static final long OTHER = 700_000_000_001L;

  @Test
  void aGoodHistoryIsGood() {
    HistoryChecker.Verdict verdict = HistoryChecker.check(good());
    assertThat(verdict.violations()).isEmpty();
    assertThat(verdict.attemptsSuperseded()).containsExactly(Map.entry("lost", 1L));
    assertThat(verdict.stagesExecutedTwice()).isEqualTo(1);
  }

  @Test
  void aLostRunIsSeen() {
    History good = good();
    assertThat(broken(with(good, good.runs().subList(0, 1), good.stages(), good.log())))
        .contains(Law.NOTHING_LOST);
  }

  @Test
  void aDoubledRunIsSeen() {
    History good = good();
    List<History.RunRow> runs = new ArrayList<>(good.runs());
    runs.add(new History.RunRow(OTHER + 1, "job", "1/1", RunState.COMPLETED));
    assertThat(broken(with(good, runs, good.stages(), good.log())))
        .contains(Law.NOTHING_LOST, Law.TABLES_EQUAL_LOG);
  }

  @Test
  void aRunThatDidNotCompleteIsSeen() {
    History good = good();
    List<History.RunRow> runs = new ArrayList<>(good.runs());
    runs.set(0, new History.RunRow(RUN, "job", "1/1", RunState.RUNNING));
    assertThat(broken(with(good, runs, good.stages(), good.log())))
        .contains(Law.RUNS_COMPLETE, Law.TABLES_EQUAL_LOG);
  }

  @Test
  void aWriteOfAnOldTermIsSeen() {
    assertThat(brokenLog(log -> entry(log, 4, e -> withEpoch(e, 1))))
        .containsExactly(Law.EPOCHS_NEVER_DECREASE);
  }

  @Test
  void anAcceptedSecondEndIsSeen() {
    assertThat(
            brokenLog(
                log -> {
                  List<History.Entry> more = new ArrayList<>(log);
                  more.add(
                      entry(
                          9,
                          RUN,
                          2,
                          new History.Move("a", "RUNNING", "COMPLETED", "report", "w1")));
                  return more;
                }))
        .contains(Law.ONE_END_PER_ATTEMPT, Law.MOVES_ARE_LEGAL);
  }

  @Test
  void anEndByAnotherWorkerIsSeen() {
    assertThat(
            brokenLog(
                log ->
                    entry(
                        log,
                        2,
                        e ->
                            withMoves(
                                e,
                                new History.Move("a", "QUEUED", "RUNNING", "report", "w9"),
                                e.moves().get(1),
                                e.moves().get(2)))))
        .contains(Law.ONE_END_PER_ATTEMPT);
  }

  @Test
  void aMissingMoveIsSeen() {
    assertThat(brokenLog(log -> entry(log, 3, e -> withMoves(e, e.moves().get(0)))))
        .contains(Law.MOVES_ARE_LEGAL);
  }

  @Test
  void aTableThatSaysMoreThanTheLogIsSeen() {
    assertThat(brokenLog(log -> log.subList(0, log.size() - 1))).contains(Law.TABLES_EQUAL_LOG);
  }

  @Test
  void aStageBeforeItsNeedIsSeen() {
    History good = good();
    Map<String, Map<String, List<String>>> needs =
        Map.of("1/1", Map.of("a", List.of("b"), "b", List.of()));
    assertThat(broken(with(good, needs, good.attempts(), good.sightings())))
        .containsExactly(Law.NEEDS_FIRST);
  }

  @Test
  void aGapInAttemptsIsSeen() {
    History good = good();
    assertThat(broken(with(good, good.needs(), List.of(), good.sightings())))
        .containsExactly(Law.ATTEMPTS_WITHOUT_GAPS);
  }

  @Test
  void anAcceptedStageWhoseProgramNeverEndedIsSeen() {
    History good = good();
    List<Sighting> sightings =
        good.sightings().stream()
            .filter(s -> s.attempt() != 2 || s.moment() != Moment.END)
            .toList();
    assertThat(broken(with(good, good.needs(), good.attempts(), sightings)))
        .containsExactly(Law.WITNESS_AGREES);
  }

  private static Set<Law> broken(History history) {
    return HistoryChecker.check(history).broken();
  }

  private static Set<Law> brokenLog(UnaryOperator<List<History.Entry>> corruption) {
    History good = good();
    return broken(with(good, good.runs(), good.stages(), corruption.apply(good.log())));
  }

  /** Two runs of a then b; the first attempt of the first run's b was lost with its worker. */
  private static History good() {
    List<Sighting> sightings = new ArrayList<>();
    saw(sightings, RUN, "a", 1);
    saw(sightings, RUN, "b", 1); // its worker died, the program went on: executed twice
    saw(sightings, RUN, "b", 2);
    saw(sightings, OTHER, "a", 1);
    saw(sightings, OTHER, "b", 1);
    List<History.Entry> log = new ArrayList<>();
    log.add(
        new History.Entry(
            1, 1, 1, 1, List.of(new History.Move("@job", "CREATED", "SCHEDULED", "command", "t"))));
    log.addAll(runLog(RUN, 1, 2, "w1"));
    log.addAll(runLog(OTHER, 10, 2, "w2"));
    log.set(4, lostThenDone(log.get(4)));
    return new History(
        Map.of("job", 2),
        List.of(new History.JobRow(1, "job", JobState.SCHEDULED)),
        List.of(
            new History.RunRow(RUN, "job", "1/1", RunState.COMPLETED),
            new History.RunRow(OTHER, "job", "1/1", RunState.COMPLETED)),
        List.of(
            new History.StageRow(RUN, "a", StageState.COMPLETED, 1, "w1"),
            new History.StageRow(RUN, "b", StageState.COMPLETED, 2, "w1"),
            new History.StageRow(OTHER, "a", StageState.COMPLETED, 1, "w2"),
            new History.StageRow(OTHER, "b", StageState.COMPLETED, 1, "w2")),
        List.of(new History.AttemptRow(RUN, "b", 1, "lost")),
        log,
        Map.of("1/1", Map.of("a", List.of(), "b", List.of("a"))),
        List.of("job"),
        sightings);
  }

  private static void saw(List<Sighting> sightings, long run, String stage, int attempt) {
    String id = new RunId(run).toString();
    sightings.add(new Sighting(id, stage, attempt, sightings.size(), Moment.START));
    sightings.add(new Sighting(id, stage, attempt, sightings.size() - 1, Moment.END));
  }

  private static List<History.Entry> runLog(long run, long seq, long epoch, String worker) {
    return List.of(
        entry(
            seq + 1,
            run,
            epoch,
            new History.Move("", null, "PENDING", "command", "t"),
            new History.Move("a", null, "WAITING", "command", null),
            new History.Move("b", null, "WAITING", "command", null),
            new History.Move("", "PENDING", "SCHEDULED", "admitted", null),
            new History.Move("a", "WAITING", "READY", "admitted", null),
            new History.Move("a", "READY", "QUEUED", "dispatch", null),
            new History.Move("", "SCHEDULED", "STARTING", "stages", null)),
        entry(
            seq + 2,
            run,
            epoch,
            new History.Move("a", "QUEUED", "RUNNING", "report", worker),
            new History.Move("", "STARTING", "RUNNING", "report", worker),
            new History.Move("a", "RUNNING", "COMPLETED", "report", worker)),
        entry(
            seq + 3,
            run,
            epoch,
            new History.Move("b", "WAITING", "READY", "needs", null),
            new History.Move("b", "READY", "QUEUED", "dispatch", null)),
        entry(
            seq + 4,
            run,
            epoch,
            new History.Move("b", "QUEUED", "RUNNING", "report", worker),
            new History.Move("b", "RUNNING", "COMPLETED", "report", worker),
            new History.Move("", "RUNNING", "COMPLETED", "stages", null)));
  }

  private static History.Entry lostThenDone(History.Entry end) {
    List<History.Move> moves = new ArrayList<>();
    moves.add(end.moves().get(0));
    moves.add(new History.Move("b", "RUNNING", "BACKING_OFF", "sweep", "w1"));
    moves.add(new History.Move("b", "BACKING_OFF", "READY", "retry", null));
    moves.add(new History.Move("b", "READY", "QUEUED", "dispatch", null));
    moves.addAll(end.moves());
    return withMoves(end, moves.toArray(History.Move[]::new));
  }

  private static History.Entry entry(long seq, long run, long epoch, History.Move... moves) {
    return new History.Entry(seq, run, 1, epoch, List.of(moves));
  }

  private static List<History.Entry> entry(
      List<History.Entry> log, int index, UnaryOperator<History.Entry> change) {
    List<History.Entry> changed = new ArrayList<>(log);
    changed.set(index, change.apply(log.get(index)));
    return changed;
  }

  private static History.Entry withEpoch(History.Entry entry, long epoch) {
    return new History.Entry(entry.seq(), entry.run(), entry.job(), epoch, entry.moves());
  }

  private static History.Entry withMoves(History.Entry entry, History.Move... moves) {
    return entry(entry.seq(), entry.run(), entry.epoch(), moves);
  }

  private static History with(
      History good,
      List<History.RunRow> runs,
      List<History.StageRow> stages,
      List<History.Entry> log) {
    return new History(
        good.enqueued(),
        good.jobs(),
        runs,
        stages,
        good.attempts(),
        log,
        good.needs(),
        good.witnessed(),
        good.sightings());
  }

  private static History with(
      History good,
      Map<String, Map<String, List<String>>> needs,
      List<History.AttemptRow> attempts,
      List<Sighting> sightings) {
    return new History(
        good.enqueued(),
        good.jobs(),
        good.runs(),
        good.stages(),
        attempts,
        good.log(),
        needs,
        needs == good.needs() ? good.witnessed() : List.of(),
        sightings);
  }
}
