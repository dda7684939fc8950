package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.RunState;
import dev.millrace.model.JobRef;
import dev.millrace.model.Matching;
import dev.millrace.model.Requirement;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.JobNeeds;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.store.Followed;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Stages;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;

/**
 * Runs that wait for runs of other jobs before they are admitted, and whether a new one has to. Of
 * one job the oldest goes first; its turn and its locks are asked for after that. The leader's
 * thread.
 */
final class Requires {
  private final Drafts drafts;
  private final Seats seats;
  private final Quotas quotas;
  private final Ends ends;
  private final Map<Long, SortedSet<Long>> byJob = new HashMap<>();
  private final Map<JobRef, SortedSet<Long>> byUpstream = new HashMap<>();
  private final Map<Long, Plan> plans = new HashMap<>();

  /** Up to where the jobs' last runs have looked, as the table has it. */
  private final Map<Long, Followed.GateMark> marks = new HashMap<>();

  Requires(Drafts drafts, Seats seats, Quotas quotas, Ends ends) {
    this.drafts = drafts;
    this.seats = seats;
    this.quotas = quotas;
    this.ends = ends;
  }

  /** Who waits, by what the tables say. */
  void load(Handle tx, Pass pass) {
    byJob.clear();
    byUpstream.clear();
    plans.clear();
    marks.clear();
    List<Long> gated = OpenRuns.gated(tx);
    drafts.open(tx, pass, gated);
    for (long id : gated) {
      Draft draft = pass.drafts.get(id);
      if (draft != null && isGated(draft)) {
        waits(draft.run());
      }
    }
  }

  private static boolean isGated(Draft draft) {
    return !draft.run().state().isFinal() && (draft.run().clock().marks() & RunClock.GATED) != 0;
  }

  /** True when a run waits for this job. */
  boolean listensTo(JobRef job) {
    return byUpstream.containsKey(job);
  }

  /** Runs of a job that wait, the oldest first. */
  List<Stages.Key> waiting(long job) {
    return byJob.getOrDefault(job, new TreeSet<>()).stream()
        .map(run -> new Stages.Key(run, Seats.RUN))
        .toList();
  }

  /**
   * True when a run that is about to be admitted has to wait; else its job's next one counts on.
   */
  boolean holdsBack(Handle tx, Run run, long now) {
    Requirement requires = run.plan().definition().rules().requires();
    if (requires == null || run.plan().part() != Plan.WHOLE) {
      return false; // most runs
    }
    if (!isMet(tx, run, requires, now)) {
      return true;
    }
    passed(tx, run, now);
    return false;
  }

  /** It waits from now on. */
  void waits(Run run) {
    Plan plan = run.plan();
    plans.put(run.id(), plan);
    byJob.computeIfAbsent(plan.job(), any -> new TreeSet<>()).add(run.id());
    refs(plan)
        .forEach(ref -> byUpstream.computeIfAbsent(ref, any -> new TreeSet<>()).add(run.id()));
  }

  private static List<JobRef> refs(Plan plan) {
    String namespace = plan.definition().namespace();
    return plan.definition().rules().requires().jobs().stages().stream()
        .map(name -> JobRef.of(name, namespace))
        .toList();
  }

  /** It waits no more, whatever became of it. */
  void forget(long run) {
    Plan plan = plans.remove(run);
    if (plan == null) {
      return;
    }
    remove(byJob, plan.job(), run);
    refs(plan).forEach(ref -> remove(byUpstream, ref, run));
  }

  private static <K> void remove(Map<K, SortedSet<Long>> from, K key, long run) {
    SortedSet<Long> runs = from.get(key);
    if (runs != null && runs.remove(run) && runs.isEmpty()) {
      from.remove(key);
    }
  }

  /** A run of a job has ended: who waited for it may go on. */
  void ended(Handle tx, Pass pass, JobRef job) {
    List<Long> waiting = List.copyOf(byUpstream.getOrDefault(job, new TreeSet<>()));
    drafts.open(tx, pass, waiting);
    for (long id : waiting) {
      Draft draft = pass.drafts.get(id);
      if (draft == null || !isGated(draft)) {
        forget(id);
      } else if (!draft.sealed()) {
        look(tx, pass, draft);
      }
    }
  }

  private void look(Handle tx, Pass pass, Draft draft) {
    Run run = draft.run();
    if (!isMet(tx, run, run.plan().definition().rules().requires(), pass.now)) {
      return;
    }
    passed(tx, run, pass.now);
    forget(run.id());
    Engine.apply(draft, new Fact.GateOpened("what it requires is there"), pass.now, 0);
    admit(tx, pass, draft);
  }

  private void admit(Handle tx, Pass pass, Draft draft) {
    Run run = draft.run();
    List<Seats.Ask> asks = Births.asks(run);
    if (quotas.mustWait(run)) {
      asks.add(Births.quotaAsk(run));
    }
    if (!asks.isEmpty()) {
      Stages.Key key = new Stages.Key(run.id(), Seats.RUN);
      seats.ask(key, asks, null, drafts.above(tx, pass, run, Seats.RUN));
    } else if (run.state() == RunState.PENDING) {
      // One that is paused is admitted when that is over.
      Engine.apply(draft, new Fact.Admitted("what it requires is there"), pass.now, 0);
      Engine.settle(draft, pass.now);
      quotas.look(draft); // whose turn comes next finds less room
    }
  }

  private boolean isMet(Handle tx, Run run, Requirement requires, long now) {
    long day = run.scheduledFor() == 0 ? run.createdAt() : run.scheduledFor();
    long key = JobNeeds.key(requires.match(), requires.zone(), run.scheduledFor(), day);
    boolean matched = requires.match() != Matching.NONE && key != 0;
    // A run that no schedule planned has no instant in common with others: what counts for it is
    // what has happened since the previous one.
    Matching match = matched ? requires.match() : Matching.NONE;
    Followed.GateMark since = matched ? null : mark(tx, run);
    JobNeeds.Counts counts =
        new JobNeeds.Counts(
            since == null ? 0 : since.number(),
            since == null || since.run() != 0 ? 0 : since.passedAt(),
            requires.within(),
            now);
    JobNeeds.Known known =
        new JobNeeds.Known(
            ends.of(
                tx,
                requires.jobs(),
                run.plan().definition().namespace(),
                match,
                requires.zone(),
                key),
            job -> counts);
    return JobNeeds.judge(requires.jobs(), known).holds();
  }

  /** Of a job that required nothing before, when its run before this one was made. */
  private Followed.GateMark mark(Handle tx, Run run) {
    Followed.GateMark known = marks.get(run.plan().job());
    if (known == null) {
      known =
          Followed.gate(tx, run.plan().job())
              .orElseGet(
                  () ->
                      new Followed.GateMark(
                          0, 0, Followed.previous(tx, run.plan().job(), run.id())));
      if (known.run() != 0) {
        marks.put(run.plan().job(), known);
      }
    }
    return known;
  }

  private void passed(Handle tx, Run run, long now) {
    Followed.GateMark mark = new Followed.GateMark(run.id(), ends.reached(), now);
    marks.put(run.plan().job(), mark);
    Followed.pass(tx, run.plan().job(), mark);
  }
}
