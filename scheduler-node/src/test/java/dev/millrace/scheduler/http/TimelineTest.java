package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the time of a run went, from rows as the leader leaves them. */
class TimelineTest {
  private static final Instant ZERO = Instant.parse("2026-11-26T10:00:00Z");

  private final List<ReadsRuns.Transition> log = new ArrayList<>();
  private final List<ReadsRuns.Stage> stages = new ArrayList<>();
  private final List<ReadsRuns.Attempt> attempts = new ArrayList<>();

  /** The instant so many seconds after the beginning; null for a negative number. */
  private static Instant at(double seconds) {
    return seconds < 0 ? null : ZERO.plusMillis(Math.round(seconds * 1_000));
  }

  /** Moves of one instant, each as {@code stage from to}. */
  private void moved(double seconds, String... moves) {
    StringBuilder json = new StringBuilder("[");
    for (String move : moves) {
      String[] part = move.split(" ");
      json.append(json.length() > 1 ? "," : "")
          .append("[\"%s\",\"%s\",\"%s\",\"x\",null,null]".formatted(part[0], part[1], part[2]));
    }
    log.add(new ReadsRuns.Transition(log.size(), 1, 1, 1, at(seconds), json + "]"));
  }

  private void stage(
      String name,
      String state,
      int attempt,
      double ready,
      double queued,
      double started,
      double finished) {
    stage(name, state, attempt, ready, queued, started, finished, null);
  }

  private void stage(
      String name,
      String state,
      int attempt,
      double ready,
      double queued,
      double started,
      double finished,
      String fan) {
    stages.add(
        new ReadsRuns.Stage(
            1,
            stages.size(),
            name,
            "noop",
            "default",
            5,
            state,
            attempt,
            0,
            0,
            "w-1",
            null,
            at(ready),
            at(queued),
            at(started),
            at(finished),
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            0,
            fan));
  }

  private List<Timeline.Item> items() {
    return Timeline.of(stages, attempts, Timeline.Log.of(log));
  }

  private CriticalPath path(String definition, double now) {
    return CriticalPath.of(
        Rows.definition("id: some\nstages:\n" + definition),
        items(),
        Timeline.Log.of(log),
        at(now));
  }

  @Test
  void waitingQueuedAndRunningAreToldApart() {
    moved(1, "a WAITING LOCK_WAIT");
    moved(3, "a LOCK_WAIT READY");
    moved(4, "a READY QUEUED");
    moved(6, "a QUEUED RUNNING");
    moved(10, "a RUNNING COMPLETED");
    stage("a", "COMPLETED", 1, 3, 4, 6, 10);
    Timeline.Item item = items().getFirst();
    assertThat(item.readyAt()).as("the time for the lock is waiting").isEqualTo(at(1));
    assertThat(item.waitedMillis(at(99))).isEqualTo(3_000);
    assertThat(item.queuedMillis(at(99))).isEqualTo(2_000);
    assertThat(item.ranMillis(at(99))).isEqualTo(4_000);
    assertThat(item.over()).isNull();
  }

  @Test
  void supersededAttemptsAreThereWithWhatTheyWaitedFor() {
    moved(0, "a WAITING READY");
    moved(1, "a READY QUEUED");
    moved(2, "a QUEUED RUNNING");
    moved(5, "a RUNNING BACKING_OFF");
    moved(15, "a BACKING_OFF READY");
    moved(16, "a READY QUEUED");
    moved(17, "a QUEUED RUNNING");
    attempts.add(
        new ReadsRuns.Attempt(0, 1, "FAILED", "w-9", at(1), at(2), at(5), 3, "exit:3", "boom"));
    stage("a", "RUNNING", 2, 15, 16, 17, -1);
    List<Timeline.Item> items = items();
    assertThat(items).extracting(Timeline.Item::attempt).containsExactly(1, 2);
    assertThat(items.getFirst().over()).isEqualTo("FAILED: exit:3");
    assertThat(items.getFirst().worker()).isEqualTo("w-9");
    assertThat(items.getFirst().waitedMillis(at(20))).isEqualTo(1_000);
    assertThat(items.get(1).readyAt()).as("the pause before it is not its own").isEqualTo(at(15));
    assertThat(items.get(1).ranMillis(at(20))).isEqualTo(3_000);
    CriticalPath path = path("  - {id: a, run: noop}", 20);
    assertThat(path.stages()).containsExactly("a");
    assertThat(path.millis()).as("both attempts and the pause between").isEqualTo(20_000);
  }

  @Test
  void anAttemptToComeHasItsNumberAndNoTimes() {
    moved(0, "a WAITING READY");
    moved(1, "a READY QUEUED");
    moved(2, "a QUEUED RUNNING");
    moved(5, "a RUNNING BACKING_OFF");
    attempts.add(new ReadsRuns.Attempt(0, 1, "LOST", "w-9", at(1), at(2), at(5), null, null, null));
    stage("a", "BACKING_OFF", 1, 0, -1, -1, -1);
    stage("b", "WAITING", 0, -1, -1, -1, -1);
    List<Timeline.Item> items = items();
    assertThat(items)
        .extracting(Timeline.Item::stage, Timeline.Item::attempt, Timeline.Item::state)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("a", 1, "LOST"),
            org.assertj.core.groups.Tuple.tuple("a", 2, "BACKING_OFF"),
            org.assertj.core.groups.Tuple.tuple("b", 1, "WAITING"));
    assertThat(items.get(1).readyAt()).isNull();
    assertThat(items.get(1).waitedMillis(at(9))).isNull();
    assertThat(items.get(2).ranMillis(at(9))).isNull();
  }

  @Test
  void withoutTheLogTheTableTells() {
    stage("a", "COMPLETED", 1, 3, 4, 6, 10);
    assertThat(items().getFirst().waitedMillis(at(10))).isEqualTo(1_000);
    assertThat(path("  - {id: a, run: noop}", 10).stages()).containsExactly("a");
  }

  /** Of two that a stage waits for, the later one is on the path. */
  @Test
  void thePathLeadsOverWhatWasWaitedForLongest() {
    moved(0, "a WAITING READY", "quick WAITING READY", "slow WAITING READY");
    moved(2, "quick RUNNING COMPLETED");
    moved(9, "slow RUNNING COMPLETED", "join WAITING READY", "aside WAITING READY");
    stage("quick", "COMPLETED", 1, 0, 0, 1, 2);
    stage("slow", "COMPLETED", 1, 0, 0, 1, 9);
    stage("join", "COMPLETED", 1, 9, 9, 10, 14);
    stage("aside", "COMPLETED", 1, 9, 9, 10, 11);
    CriticalPath path =
        path(
            """
              - {id: quick, run: noop}
              - {id: slow, run: noop}
              - {id: join, run: noop, needs: [quick, slow]}
              - {id: aside, run: noop, needs: [slow]}
            """,
            14);
    assertThat(path.stages()).containsExactly("slow", "join");
    assertThat(path.millis()).isEqualTo(14_000);
  }

  /** What let a stage go that needs any of two is the one that had ended by then. */
  @Test
  void ofAnyTheFirstOneLetItGo() {
    moved(0, "quick WAITING READY", "slow WAITING READY");
    moved(2, "quick RUNNING COMPLETED", "join WAITING READY");
    moved(9, "slow RUNNING COMPLETED");
    stage("quick", "COMPLETED", 1, 0, 0, 1, 2);
    stage("slow", "COMPLETED", 1, 0, 0, 1, 9);
    stage("join", "COMPLETED", 1, 2, 2, 3, 14);
    assertThat(
            path(
                    """
                      - {id: quick, run: noop}
                      - {id: slow, run: noop}
                      - {id: join, run: noop, needs: {any: [quick, slow]}}
                    """,
                    14)
                .stages())
        .containsExactly("quick", "join");
  }

  @Test
  void aSkippedStagePassesThePathOnAndOneWithoutItsTurnIsNotItsEnd() {
    moved(0, "a WAITING READY");
    moved(5, "a RUNNING COMPLETED", "b WAITING SKIPPED_COMPLETE", "c WAITING READY");
    moved(8, "c RUNNING FAILED", "d WAITING SKIPPED");
    stage("a", "COMPLETED", 1, 0, 0, 1, 5);
    stage("b", "SKIPPED_COMPLETE", 0, -1, -1, -1, 5);
    stage("c", "FAILED", 1, 5, 5, 6, 8);
    stage("d", "SKIPPED", 0, -1, -1, -1, 8);
    CriticalPath path =
        path(
            """
              - {id: a, run: noop}
              - {id: b, run: noop, needs: [a]}
              - {id: c, run: noop, needs: [b]}
              - {id: d, run: noop, needs: [c]}
            """,
            8);
    assertThat(path.stages()).containsExactly("a", "b", "c");
    assertThat(path.millis()).isEqualTo(8_000);
  }

  @Test
  void aGroupComesBeforeItsMembers() {
    moved(0, "first WAITING READY");
    moved(2, "first RUNNING COMPLETED", "g WAITING READY", "g READY RUNNING", "g.x WAITING READY");
    moved(4, "g.x RUNNING COMPLETED", "g.y WAITING READY");
    moved(9, "g.y RUNNING COMPLETED", "g RUNNING COMPLETED", "last WAITING READY");
    stage("first", "COMPLETED", 1, 0, 0, 1, 2);
    stage("g", "COMPLETED", 1, 2, -1, 2, 9);
    stage("g.x", "COMPLETED", 1, 2, 2, 3, 4);
    stage("g.y", "COMPLETED", 1, 4, 4, 5, 9);
    stage("last", "RUNNING", 1, 9, 9, 10, -1);
    CriticalPath path =
        path(
            """
              - {id: first, run: noop}
              - id: g
                run: group
                needs: [first]
                stages:
                  - {id: x, run: noop}
                  - {id: y, run: noop, needs: [x]}
              - {id: last, run: noop, needs: [g]}
            """,
            12);
    assertThat(path.stages()).containsExactly("first", "g", "g.x", "g.y", "last");
    assertThat(path.millis()).isEqualTo(12_000);
  }

  @Test
  void whatRunsInTheEndComesAfterAllOthers() {
    moved(0, "a WAITING READY");
    moved(5, "a RUNNING FAILED", "tidy WAITING READY");
    stage("a", "FAILED", 1, 0, 0, 1, 5);
    stage("tidy", "COMPLETED", 1, 5, 5, 6, 7);
    CriticalPath path =
        CriticalPath.of(
            Rows.definition(
                "id: some\nstages: [{id: a, run: noop}]\nfinally: [{id: tidy, run: noop}]"),
            items(),
            Timeline.Log.of(log),
            at(7));
    assertThat(path.stages()).containsExactly("a", "tidy");
  }

  @Test
  void aResetBeginsThePathAnew() {
    moved(0, "a WAITING READY");
    moved(1, "a READY QUEUED");
    moved(2, "a QUEUED RUNNING");
    moved(5, "a RUNNING FAILED");
    moved(60, "a FAILED WAITING", "a WAITING READY");
    moved(61, "a READY QUEUED");
    moved(62, "a QUEUED RUNNING");
    attempts.add(new ReadsRuns.Attempt(0, 1, "FAILED", "w", at(1), at(2), at(5), 1, null, null));
    stage("a", "RUNNING", 2, 60, 61, 62, -1);
    List<Timeline.Item> items = items();
    assertThat(items.getFirst().readyAt()).isEqualTo(at(0));
    assertThat(items.get(1).readyAt()).isEqualTo(at(60));
    assertThat(path("  - {id: a, run: noop}", 70).millis()).isEqualTo(10_000);
  }

  @Test
  void aFanOutIsOneItemWithItsCounts() {
    moved(0, "each WAITING READY", "each READY RUNNING");
    stage("each", "RUNNING", 1, 0, -1, 0, -1, "100 20 15 2 1");
    Timeline.Item item = items().getFirst();
    assertThat(item.fan().completed()).isEqualTo(15);
    assertThat(item.queuedMillis(at(9))).as("no broker has it").isNull();
    assertThat(item.waitedMillis(at(9))).isZero();
    assertThat(item.ranMillis(at(9))).isEqualTo(9_000);
  }

  @Test
  void nothingReadyHasNoPath() {
    stage("a", "WAITING", 0, -1, -1, -1, -1);
    assertThat(path("  - {id: a, run: noop}", 1)).isEqualTo(CriticalPath.NONE);
    assertThat(CriticalPath.of(null, items(), Timeline.Log.of(log), at(1)))
        .isEqualTo(CriticalPath.NONE);
  }
}
