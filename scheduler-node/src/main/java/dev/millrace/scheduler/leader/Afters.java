package dev.millrace.scheduler.leader;

import dev.millrace.expression.Bindings;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.AfterTrigger;
import dev.millrace.model.JobRef;
import dev.millrace.model.Matching;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.JobEnd;
import dev.millrace.scheduler.engine.JobNeeds;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.Followed;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;

/**
 * Triggers that start a run when runs of other jobs have ended: once for each set of them that
 * makes the condition true. What a trigger has had of a job does not count again. The leader's
 * thread.
 */
final class Afters {
  private static final String KIND = "after";
  private static final int NAMED_MAX = 3;
  private static final int FORGET_EVERY = 1_000;

  private record Armed(long trigger, long job, String namespace, AfterTrigger when) {}

  private final Catalog catalog;
  private final Drafts drafts;
  private final Births births;
  private final Gates gates;
  private final Ends ends;
  private final Meters meters;
  private final Map<Long, Armed> armed = new HashMap<>();
  private final Map<JobRef, TreeSet<Long>> byUpstream = new HashMap<>();

  /** What the triggers without a matching have had, as the table has it. */
  private final Map<Long, Map<Long, Long>> marks = new HashMap<>();

  /** What they work with; all of it belongs to one term. */
  record Parts(
      Catalog catalog, Drafts drafts, Births births, Gates gates, Ends ends, Meters meters) {}

  Afters(Parts parts) {
    this.catalog = parts.catalog;
    this.drafts = parts.drafts;
    this.births = parts.births;
    this.gates = parts.gates;
    this.ends = parts.ends;
    this.meters = parts.meters;
  }

  void clear() {
    armed.clear();
    byUpstream.clear();
    marks.clear();
  }

  /** A trigger that the table has already. */
  void arm(long trigger, Jobs.Row job, AfterTrigger when) {
    disarm(trigger);
    armed.put(trigger, new Armed(trigger, job.id(), job.namespace(), when));
    for (String name : when.jobs().stages()) {
      byUpstream
          .computeIfAbsent(JobRef.of(name, job.namespace()), any -> new TreeSet<>())
          .add(trigger);
    }
  }

  /** It minds what ends from now on. */
  void begin(Handle tx, long trigger) {
    Followed.begin(tx, trigger, ends.reached());
    marks.remove(trigger);
  }

  void disarm(long trigger) {
    Armed gone = armed.remove(trigger);
    marks.remove(trigger);
    if (gone == null) {
      return;
    }
    for (String name : gone.when.jobs().stages()) {
      JobRef ref = JobRef.of(name, gone.namespace);
      TreeSet<Long> known = byUpstream.get(ref);
      known.remove(trigger);
      if (known.isEmpty()) {
        byUpstream.remove(ref);
      }
    }
  }

  /** True when a trigger waits for this job. */
  boolean listensTo(JobRef job) {
    return byUpstream.containsKey(job);
  }

  /** A run of a job has ended. */
  void ended(Handle tx, Pass pass, JobRef job, JobEnd end, long epoch) {
    for (long trigger : List.copyOf(byUpstream.getOrDefault(job, new TreeSet<>()))) {
      look(tx, pass, armed.get(trigger), end, epoch);
    }
  }

  private void look(Handle tx, Pass pass, Armed one, JobEnd end, long epoch) {
    AfterTrigger when = one.when;
    long key = JobNeeds.key(when.match(), when.zone(), end.plannedAt(), end.dayAt());
    if (when.match() == Matching.PLANNED && key == 0) {
      return; // no schedule planned it: it belongs to no instant
    }
    Map<Long, Long> had = marks(tx, one, key);
    long floor = had.getOrDefault(0L, 0L);
    JobNeeds.Known known =
        new JobNeeds.Known(
            ends.of(tx, when.jobs(), one.namespace, when.match(), when.zone(), key),
            job ->
                new JobNeeds.Counts(
                    Math.max(floor, had.getOrDefault(job, 0L)), 0, when.within(), pass.now));
    JobNeeds.Judged judged = JobNeeds.judge(when.jobs(), known);
    if (judged.holds() && !judged.by().isEmpty()) {
      Map<Long, Long> has = new HashMap<>();
      judged.by().values().forEach(each -> has.put(each.job(), each.number()));
      Followed.mark(tx, one.trigger, key, has);
      had.putAll(has);
      if (when.match() != Matching.NONE && end.number() % FORGET_EVERY == 0) {
        Followed.forgetKeys(tx, one.trigger);
      }
      fire(tx, pass, one, new Cause(judged.by(), orchestration(pass, end)), epoch);
    }
  }

  private Map<Long, Long> marks(Handle tx, Armed one, long key) {
    return one.when.match() == Matching.NONE
        ? marks.computeIfAbsent(one.trigger, any -> Followed.marks(tx, one.trigger, key))
        : Followed.marks(tx, one.trigger, key);
  }

  /**
   * What a trigger fires for.
   *
   * @param orchestration that of the run whose end made the condition true, or null
   */
  private record Cause(Map<String, JobEnd> by, String orchestration) {}

  private static String orchestration(Pass pass, JobEnd end) {
    Draft draft = pass.drafts.get(end.run());
    return draft == null ? null : draft.run().orchestration();
  }

  private void fire(Handle tx, Pass pass, Armed one, Cause cause, long epoch) {
    Map<String, JobEnd> by = cause.by;
    Jobs.Row job = catalog.find(tx, one.job);
    List<Long> upstream = by.values().stream().map(JobEnd::run).toList();
    if (job.state() != JobState.SCHEDULED || gates.pausesOf(job) != 0) {
      String skipped = "SKIPPED_PAUSED";
      if (Followed.fire(tx, one.trigger, upstream, skipped, 0, epoch, pass.now)) {
        meters.ticks(skipped, 1);
      }
      return;
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    Births.Fresh fresh =
        births.following(
            plan,
            new Births.Upstream(
                one.trigger,
                planned(by),
                one.when.params(),
                reason(by),
                results(tx, pass, one, by)),
            cause.orchestration,
            pass.now);
    if (!Followed.fire(tx, one.trigger, upstream, "FIRED", fresh.run().id(), epoch, pass.now)) {
      return; // the same runs again: one of them was executed a second time
    }
    switch (births.make(tx, pass, fresh, KIND)) {
      case Births.Birth.Made made -> {
        meters.runCreated(KIND);
        meters.ticks("FIRED", 1);
      }
      case Births.Birth.Skipped skipped -> {
        Followed.skipped(tx, one.trigger, upstream, skipped.disposition());
        meters.ticks(skipped.disposition(), 1);
      }
    }
  }

  /** The tick that all of them stand for, 0 when there is no such one. */
  private static long planned(Map<String, JobEnd> by) {
    List<Long> planned = by.values().stream().map(JobEnd::plannedAt).distinct().toList();
    return planned.size() == 1 ? planned.getFirst() : 0;
  }

  private static String reason(Map<String, JobEnd> by) {
    List<String> named = new ArrayList<>();
    by.forEach(
        (job, end) -> {
          if (named.size() < NAMED_MAX) {
            named.add("run " + new RunId(end.run()) + " of " + job);
          }
        });
    String more = by.size() > NAMED_MAX ? " and " + (by.size() - NAMED_MAX) + " more" : "";
    return "after " + String.join(", ", named) + more;
  }

  /** What its params may read; the runs themselves are only opened where their outputs may be. */
  private Map<String, Bindings.UpstreamRun> results(
      Handle tx, Pass pass, Armed one, Map<String, JobEnd> by) {
    if (!one.when.params().contains("after")) {
      return Map.of();
    }
    drafts.open(tx, pass, by.values().stream().map(JobEnd::run).toList());
    Map<String, Bindings.UpstreamRun> results = new LinkedHashMap<>();
    by.forEach(
        (job, end) -> {
          Draft draft = pass.drafts.get(end.run());
          String output = draft == null ? null : LastOutputs.of(draft.run());
          results.put(
              job,
              new Bindings.UpstreamRun(
                  new RunId(end.run()).toString(), end.outcome().name(), output));
        });
    return results;
  }
}
