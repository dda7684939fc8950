package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.wire.Outcome;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Watches from outside, with a memory of its own: what was written, what workers really did, what
 * clients were answered. Throws {@link Violation} at the first thing that does not hold. One
 * thread.
 */
final class Checker {
  private record Execution(Claim claim, String worker) {}

  private static final long STRANDED = World.seconds(30);
  private static final long SETTLED_IN = World.seconds(10);

  private final World world;
  private final History history;
  private final Family family = new Family();
  private final Set<Execution> begun = new HashSet<>();
  private final Map<Execution, Outcome> ended = new HashMap<>();
  private final Set<Store.Tick> ticks = new HashSet<>();
  private final Map<String, Long> submitted = new HashMap<>();
  private long lastGranted;
  private long lastWritten;
  private long ledSince = Long.MAX_VALUE;
  private long ledEpoch;

  Checker(World world) {
    this.world = world;
    this.history = new History(world);
  }

  static void check(boolean holds, String invariant, String what, Object about) {
    if (!holds) {
      throw new Violation(invariant, what + ": " + about);
    }
  }

  void granted(long epoch) {
    check(epoch > lastGranted, "I8", "the lease was granted again with epoch", epoch);
    lastGranted = epoch;
  }

  /** Just before it is written: the store still says what was before. */
  void committing(Store.Tx tx) {
    check(tx.epoch >= lastWritten, "I8", "a write of a term that is over, epoch", tx.epoch);
    check(tx.epoch == lastGranted, "I8", "a write after a higher epoch was granted", tx.epoch);
    lastWritten = tx.epoch;
    world.say("commit", null, tx.epoch, tx.drafts.size(), tx.lastDispatch);
    tx.ticks.keySet().forEach(tick -> check(ticks.add(tick), "I3", "a tick twice", tick));
    tx.answers.forEach(history::answered);
    for (Draft draft : tx.drafts.values()) {
      Run run = draft.run();
      if (draft.isNew() && run.reason() != null) {
        Long other = submitted.put(run.reason(), run.id());
        check(other == null, "I1", "one submission, two runs", run.reason());
      }
      history.replay(draft);
      family.saw(draft);
      stages(draft, tx.answers);
    }
    tx.drafts.values().forEach(family::check);
  }

  private void stages(Draft draft, List<Answer> answers) {
    Run run = draft.run();
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      Stage before = draft.stageBefore(i);
      Stage stage = draft.stage(i);
      if (before == null || run.plan().stage(i).ledByLeader()) {
        continue;
      }
      Claim claim = new Claim(run.id(), i, stage.attempt());
      if (stage.state() == StageState.RUNNING) {
        Execution by = new Execution(claim, stage.worker());
        check(begun.contains(by), "I11", "RUNNING, and its worker did not begin", by);
      }
      boolean completed =
          stage.state() == StageState.COMPLETED && before.state() != StageState.COMPLETED;
      if (completed && !byHand(answers, run.id(), i)) {
        Execution by = new Execution(claim, stage.worker());
        boolean real = ended.get(by) == Outcome.COMPLETED;
        check(real, "I11", "COMPLETED, and its worker did not complete it", by);
        boolean own = claim.output(stage.worker()).equals(stage.output());
        check(own, "I11", "the output is of another attempt", by + " " + stage.output());
      }
    }
  }

  private static boolean byHand(List<Answer> answers, long run, int stage) {
    return answers.stream()
        .filter(Answer::accepted)
        .map(Answer::command)
        .anyMatch(
            asked ->
                asked.action() == StageAction.COMPLETE
                    && asked.run() == run
                    && asked.stage() == stage);
  }

  /** Now the store says what is. */
  void committed(Store.Tx tx) {
    Map<String, Integer> taken = new HashMap<>();
    for (Run run : world.store.open.values()) {
      for (int i = 0; i < run.stages().length; i++) {
        String lock = Jobs.lockOf(run.plan(), i);
        if (lock != null && holdsLock(run.stages()[i].state())) {
          int now = taken.merge(lock, 1, Integer::sum);
          check(now <= Jobs.capacity(lock), "I13", "more hold the lock than it allows", lock);
        }
      }
    }
  }

  private static boolean holdsLock(StageState state) {
    return state == StageState.READY || state == StageState.QUEUED || state == StageState.RUNNING;
  }

  private Stage stored(Claim claim) {
    Run run = world.store.runs.get(claim.run());
    return run == null ? null : run.stages()[claim.stage()];
  }

  void published(Start start) {
    Claim claim = start.claim();
    world.say("published", null, claim.run(), claim.stage(), claim.attempt());
    Stage stage = stored(claim);
    boolean known =
        stage != null
            && (stage.attempt() > claim.attempt()
                || (stage.attempt() == claim.attempt() && stage.dispatch() == start.dispatch()));
    check(known, "I6", "a start was published that is not committed", claim);
  }

  void acked(Report report) {
    Stage stage = stored(report.claim());
    boolean waits =
        report.outcome() != null
            && stage != null
            && stage.attempt() == report.claim().attempt()
            && (stage.state() == StageState.QUEUED
                || (stage.state() == StageState.RUNNING && report.worker().equals(stage.worker())));
    check(!waits, "I9", "a result was acked and not applied", report);
  }

  void begins(Claim claim, String worker) {
    world.say("begins", worker, claim.run(), claim.stage(), claim.attempt());
    boolean first = begun.add(new Execution(claim, worker));
    check(first, "I9", "a worker executes a claim twice", claim + " " + worker);
  }

  void ends(Claim claim, String worker, Outcome outcome) {
    world.say("ends", worker, claim.run(), claim.stage(), claim.attempt());
    world.trace.note(world.now, worker + " " + outcome);
    ended.put(new Execution(claim, worker), outcome);
  }

  /** Once a second: what is committed must reach the broker while somebody leads. */
  void look() {
    boolean leads =
        !world.store.down()
            && !world.broker.down()
            && world.nodes.stream().anyMatch(node -> node.leadsWith(world.store.epoch));
    if (!leads || ledEpoch != world.store.epoch) {
      ledSince = leads ? world.now : Long.MAX_VALUE;
      ledEpoch = world.store.epoch;
      return;
    }
    if (world.now - SETTLED_IN <= ledSince) {
      return;
    }
    for (Run run : world.store.open.values()) {
      for (Stage stage : run.stages()) {
        boolean stranded =
            stage.state() == StageState.QUEUED
                && stage.queuedAt() + STRANDED < world.now
                && !world.broker.had.contains(stage.dispatch());
        check(!stranded, "I15", "QUEUED and never with the broker", run.id());
      }
    }
  }

  String open() {
    StringBuilder text = new StringBuilder();
    for (Run run : world.store.open.values()) {
      text.append("run ").append(run.id()).append(' ').append(run.state());
      for (Stage stage : run.stages()) {
        text.append(' ').append(stage.state()).append('/').append(stage.attempt());
      }
      text.append("; ");
    }
    return text.append(world.workers).toString();
  }

  void atTheEnd() {
    for (String key : world.client.accepted()) {
      check(submitted.containsKey(key), "I1", "accepted, and there is no run", key);
      check(world.store.submits.containsKey(key), "I1", "the key is forgotten", key);
    }
    for (int schedule = 0; schedule < world.client.schedules(); schedule++) {
      long at = world.client.firstTick(schedule, World.BEGIN);
      for (; at < World.BEGIN + World.LOAD; at += Client.PERIOD) {
        Store.Tick tick = new Store.Tick(schedule, at);
        check(ticks.contains(tick), "I2", "a tick is missing", tick);
      }
    }
    for (Run run : world.store.runs.values()) {
      check(run.state().isFinal(), "I16", "a run has not ended", run.id());
      history.equalsStored(run);
    }
    check(world.store.seats.isEmpty(), "I15", "a lock is held by nobody", world.store.seats);
  }
}
