package dev.millrace.scheduler.leader;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.scheduler.definition.JobEdges;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.JobEnd;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.store.Dependencies;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * What the ends of runs mean for other jobs, in the pass's transaction: their triggers fire, and
 * their runs that waited go on. A job that nobody waits for costs one look-up for each run that
 * ends. The leader's thread.
 */
final class Following {
  private final Catalog catalog;
  private final JobGraph graph;
  private final Ends ends;
  private final Afters afters;
  private final Requires requires;
  private final FileStarts files;
  private final long epoch;

  /** Who hears of the ends of runs, and of files. */
  record Who(Ends ends, Afters afters, Requires requires, FileStarts files) {}

  Following(Catalog catalog, JobGraph graph, Who who, long epoch) {
    this.catalog = catalog;
    this.graph = graph;
    this.ends = who.ends;
    this.afters = who.afters;
    this.requires = who.requires;
    this.files = who.files;
    this.epoch = epoch;
  }

  JobGraph graph() {
    return graph;
  }

  /** Before the triggers of the term are armed. */
  void load(Handle tx, Pass pass) {
    graph.load(tx);
    ends.load(tx);
    afters.clear();
    files.clear();
    requires.load(tx, pass);
  }

  /** A trigger as the table has it. */
  void arm(long trigger, Jobs.Row job, AfterTrigger after) {
    afters.arm(trigger, job, after);
  }

  /** The same, of files. */
  void arm(long trigger, Jobs.Row job, FileTrigger file) {
    files.arm(trigger, job, file);
  }

  /** A trigger that was not armed before minds what happens from now on. */
  void begin(Handle tx, long trigger) {
    afters.begin(tx, trigger);
  }

  void disarm(long trigger) {
    afters.disarm(trigger);
    files.disarm(trigger);
  }

  /** A job is new or has a new version; before its triggers are armed. */
  void applied(Handle tx, Jobs.Row job, JobDefinition definition) {
    graph.put(tx, job, definition);
    for (Dependencies.Edge edge : JobEdges.of(definition)) {
      Jobs.Row upstream =
          edge.kind() == Dependencies.Kind.RUN
              ? null
              : catalog.find(tx, edge.to().namespace(), edge.to().job());
      if (upstream != null) {
        ends.seed(tx, upstream.id());
      }
    }
  }

  void archived(Handle tx, long job) {
    graph.drop(tx, job);
  }

  /**
   * Follows up on every run that has ended in this pass.
   *
   * @return true when that may have changed other runs
   */
  boolean settle(Handle tx, Pass pass) {
    List<Draft> ended = new ArrayList<>();
    Map<Long, JobRef> jobs = new HashMap<>();
    for (Draft draft : pass.drafts.values()) {
      Run run = draft.run();
      if (!endsHere(draft)) {
        continue;
      }
      if ((run.clock().marks() & RunClock.GATED) != 0) {
        requires.forget(run.id());
      }
      JobRef ref = run.plan().definition().ref();
      if (isFollowed(ref) && isOf(tx, ref, run) && pass.followed.add(run.id())) {
        ended.add(draft);
        jobs.put(run.plan().job(), ref);
      }
    }
    if (ended.isEmpty()) {
      return false;
    }
    ended.sort(Comparator.comparingLong(draft -> draft.run().id()));
    for (JobEnd end : ends.write(tx, ended)) {
      ends.reach(end);
      afters.ended(tx, pass, jobs.get(end.job()), end, epoch);
      requires.ended(tx, pass, jobs.get(end.job()));
    }
    ends.reachAll();
    return true;
  }

  /** A run of the job itself, which was not only made ahead. */
  private static boolean endsHere(Draft draft) {
    Run run = draft.run();
    if (!run.state().isFinal() || run.plan().part() != Plan.WHOLE) {
      return false;
    }
    boolean again =
        !draft.isNew()
            && draft.before().state().isFinal()
            && draft.before().finishedAt() == run.finishedAt();
    return !again && (run.clock().marks() & RunClock.PREPARED) == 0;
  }

  private boolean isFollowed(JobRef job) {
    return afters.listensTo(job) || requires.listensTo(job) || graph.isRequired(job);
  }

  /** Not of an archived job whose name another one has now. */
  private boolean isOf(Handle tx, JobRef ref, Run run) {
    Jobs.Row living = catalog.find(tx, ref.namespace(), ref.job());
    return living != null && living.id() == run.plan().job();
  }
}
