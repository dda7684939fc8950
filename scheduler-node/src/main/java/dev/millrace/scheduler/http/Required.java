package dev.millrace.scheduler.http;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.model.Requirement;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.engine.JobEnd;
import dev.millrace.scheduler.engine.JobNeeds;
import dev.millrace.scheduler.store.Followed;
import dev.millrace.scheduler.store.JobEnds;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.ReadsGraph;
import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * What of other jobs a run waits for, as the leader would judge by what the tables say. One for
 * each question; the caller's thread.
 */
final class Required {
  private final Handle handle;
  private final JobDefinition job;
  private final Requirement requires;
  private final Map<String, JobRef> refs = new LinkedHashMap<>();

  private Required(Handle handle, JobDefinition job) {
    this.handle = handle;
    this.job = job;
    this.requires = job.rules().requires();
    requires.jobs().stages().forEach(name -> refs.put(name, JobRef.of(name, job.namespace())));
  }

  /** Why a run is not admitted yet; one reason for each job. */
  static List<Why.Reason> reasons(WhyFacts facts) {
    JobDefinition job = Definitions.of(facts.run.definition());
    if (job == null || job.rules().requires() == null) {
      return List.of();
    }
    return new Required(facts.handle(), job).reasons(facts.run, facts.databaseNow());
  }

  private List<Why.Reason> reasons(ReadsRuns.Run run, Instant now) {
    Jobs.Row own = Jobs.find(handle, job.namespace(), job.id()).orElse(null);
    long made = micros(run.createdAt());
    long planned = run.scheduledFor() == null ? 0 : micros(run.scheduledFor());
    long key =
        JobNeeds.key(requires.match(), requires.zone(), planned, planned == 0 ? made : planned);
    boolean matched = requires.match() != Matching.NONE && key != 0;
    Followed.GateMark since =
        matched || own == null ? new Followed.GateMark(0, 0, 0) : since(own.id(), run.id());
    JobNeeds.Counts counts =
        new JobNeeds.Counts(
            since.number(),
            since.run() == 0 ? since.passedAt() : 0,
            requires.within(),
            micros(now));
    JobNeeds.Judged judged =
        JobNeeds.judge(requires.jobs(), new JobNeeds.Known(ends(matched, key), any -> counts));
    Map<JobRef, ReadsGraph.Node> nodes = new HashMap<>();
    ReadsGraph.nodes(handle, refs.values()).forEach(node -> nodes.put(node.job(), node));
    String when = when(matched, planned, since);
    List<Why.Reason> found = new ArrayList<>();
    for (JobNeeds.Missing missing : judged.missing()) {
      found.add(reason(missing, nodes.get(refs.get(missing.job().id())), when));
    }
    return found;
  }

  private Followed.GateMark since(long own, long run) {
    return Followed.gate(handle, own)
        .orElseGet(() -> new Followed.GateMark(0, 0, Followed.previous(handle, own, run)));
  }

  private Map<String, List<JobEnd>> ends(boolean matched, long key) {
    Map<String, List<JobEnd>> found = new HashMap<>();
    refs.forEach(
        (name, ref) ->
            Jobs.find(handle, ref.namespace(), ref.job())
                .ifPresent(row -> found.put(name, ends(row.id(), matched, key))));
    return found;
  }

  private List<JobEnd> ends(long id, boolean matched, long key) {
    if (!matched) {
      return JobEnds.newest(handle, id, Long.MAX_VALUE);
    }
    long[] range = JobNeeds.range(requires.match(), requires.zone(), key);
    boolean planned = requires.match() == Matching.PLANNED;
    return JobEnds.between(handle, List.of(id), range[0], range[1], planned, Long.MAX_VALUE);
  }

  private String when(boolean matched, long planned, Followed.GateMark since) {
    if (matched && requires.match() == Matching.PLANNED) {
      return " for " + instant(planned);
    }
    if (matched) {
      return " for the same day";
    }
    return since.passedAt() == 0
        ? ""
        : " since the job's previous run at " + instant(since.passedAt());
  }

  private Why.Reason reason(JobNeeds.Missing missing, ReadsGraph.Node node, String when) {
    JobRef ref = refs.get(missing.job().id());
    String name = ref.seenFrom(job.namespace());
    String word = missing.job().is().name().toLowerCase(Locale.ROOT);
    if (node.state() == null) {
      String unknown = "there is no job '" + name + "'; apply it, or change `requires`";
      return new Why.Reason(null, "REQUIRES", unknown, null, "job " + name);
    }
    String what =
        missing.blocks()
            ? "the last run of job '" + name + "' has " + word + ", which keeps it back"
            : "no run of job '"
                + name
                + "' has "
                + (missing.job().is() == Need.Is.COMPLETED ? word : "ended as " + word)
                + when
                + (requires.within() == null ? "" : ", within " + requires.within());
    boolean open = node.lastRun() != null && node.lastFinishedAt() == null;
    if (open) {
      String id = "run " + new RunId(node.lastRun());
      String its = "; its " + id + " is " + node.lastState();
      return new Why.Reason(null, "REQUIRES", what + its, null, id);
    }
    String detail = what + "; " + next(node);
    return new Why.Reason(null, "REQUIRES", detail, node.nextAt(), "job " + name);
  }

  private static String next(ReadsGraph.Node node) {
    if (!node.state().equals("SCHEDULED")) {
      return "it is " + node.state();
    }
    return node.nextAt() == null
        ? "nothing is planned for it"
        : "its next tick is at " + node.nextAt();
  }

  private static long micros(Instant at) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, at);
  }

  private static Instant instant(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  /** What a run that is asked for now would wait for; null when nothing keeps it back. */
  static String ofNew(Handle handle, JobDefinition job, long id, Instant now) {
    if (job.rules().requires() == null) {
      return null;
    }
    Required required = new Required(handle, job);
    Requirement requires = required.requires;
    long made = micros(now);
    boolean matched = requires.match() == Matching.DAY;
    long key = matched ? JobNeeds.key(requires.match(), requires.zone(), 0, made) : 0;
    Followed.GateMark since =
        matched ? new Followed.GateMark(0, 0, 0) : required.since(id, Long.MAX_VALUE);
    JobNeeds.Counts counts =
        new JobNeeds.Counts(
            since.number(), since.run() == 0 ? since.passedAt() : 0, requires.within(), made);
    JobNeeds.Judged judged =
        JobNeeds.judge(
            requires.jobs(), new JobNeeds.Known(required.ends(matched, key), any -> counts));
    return judged.holds()
        ? null
        : "requires: "
            + String.join(
                ", ", judged.missing().stream().map(each -> each.job().id()).distinct().toList());
  }
}
