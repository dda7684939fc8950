package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.definition.JobEdges;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.definition.SetDecision;
import dev.millrace.scheduler.definition.SetDecision.Action;
import dev.millrace.scheduler.store.Dependencies;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Applies a set of definitions, all of them or none: everything is judged before the first thing is
 * written, and each that is wrong or somebody else's is named. The number of statements does not
 * grow with the set. The leader's thread and transaction.
 */
final class SetDesk {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Optional<List<JobRef>> NO_CYCLE = Optional.empty();

  private final JobWrites writes;
  private final JobMoves moves;
  private final Checks checks;
  private final JobGraph graph;
  private final QuotaDesk quotas;
  private final FileRules files;

  SetDesk(
      JobWrites writes,
      JobMoves moves,
      Checks checks,
      JobGraph graph,
      QuotaDesk quotas,
      FileRules files) {
    this.writes = writes;
    this.moves = moves;
    this.checks = checks;
    this.graph = graph;
    this.files = files;
    this.quotas = quotas;
  }

  /**
   * What became of a set.
   *
   * @param outcome null while its definitions are being judged; then nothing was done
   * @param changed jobs that are new or have a new version
   * @param archived jobs that start no more runs
   */
  record Done(Outcome outcome, List<Changed> changed, List<Jobs.Row> archived) {
    static final Done LATER = of(null);

    static Done of(Outcome outcome) {
      return new Done(outcome, List.of(), List.of());
    }
  }

  /** A job with the definition of its new version. */
  record Changed(Jobs.Row job, JobDefinition definition) {}

  /** A set as its command has it; {@code files} says where each job was written. */
  private record Asked(
      SetDecision.Rules rules,
      String expect,
      SetPatterns patterns,
      List<Wanted> jobs,
      List<String> files) {
    static Asked of(JsonNode body) {
      String source = body.path("source").asText();
      if (!Owners.isSet(source)) {
        throw new IllegalArgumentException("it has no name");
      }
      List<Wanted> jobs = new ArrayList<>();
      List<String> files = new ArrayList<>();
      Set<JobBatches.Name> names = new HashSet<>();
      for (JsonNode job : body.path("jobs")) {
        Wanted wanted = Wanted.of(job);
        if (!names.add(wanted.name())) {
          throw new IllegalArgumentException("job '" + wanted.name().name() + "' is in it twice");
        }
        jobs.add(wanted);
        files.add(job.path("file").asText(wanted.name().name()));
      }
      boolean prune = body.path("prune").asBoolean();
      return new Asked(
          new SetDecision.Rules(source, prune, body.path("adopt").asBoolean()),
          body.path("expect").asText(null),
          SetPatterns.of(body.path("patterns")),
          jobs,
          files);
    }
  }

  Done apply(Handle tx, Command command, long epoch, long now) {
    Asked asked;
    try {
      asked = Asked.of(Wanted.JSON.readTree(command.body()));
    } catch (JsonProcessingException | RuntimeException e) {
      return Done.of(
          Desk.refused(
              422,
              "the set cannot be read: " + e.getMessage(),
              "send it through POST /api/v1/sets/{set}/apply"));
    }
    var have = have(JobBatches.find(tx, asked.jobs.stream().map(Wanted::name).toList()).values());
    var owned = have(JobBatches.ofSource(tx, asked.rules.source()));
    List<SetDecision.Want> wants = asked.jobs.stream().map(Wanted::want).toList();
    String basis = SetDecision.basis(wants, have.values(), owned.values(), asked.rules);
    if (asked.expect != null && !asked.expect.equals(basis)) {
      return Done.of(
          Desk.refused(
              409,
              "what the plan was made of has changed since; nothing was applied",
              "plan again, look at it, and apply that"));
    }
    Problems problems = new Problems();
    List<Wanted> jobs = asked.patterns.resolve(tx, asked.jobs, asked.rules.source(), problems);
    List<SetDecision.Step> steps =
        SetDecision.of(jobs.stream().map(Wanted::want).toList(), have, owned.values(), asked.rules);
    List<Wanted> changed = new ArrayList<>();
    for (int i = 0; i < jobs.size(); i++) {
      if (steps.get(i).action().changes()) {
        changed.add(jobs.get(i));
      }
    }
    if (!checks.judged(changed, now)) {
      return Done.LATER;
    }
    tell(asked, jobs, steps, problems);
    tellOfPast(tx, asked, jobs, steps, now, problems);
    tellOfWaiting(asked, jobs, steps, problems);
    tellOfQuotas(tx, asked, jobs, steps, problems, now);
    tellOfQueues(tx, asked, jobs, steps, problems);
    checks.forgetOld();
    return problems.none()
        ? written(tx, command, asked, jobs, steps, epoch, now)
        : Done.of(problems.outcome());
  }

  private static Map<JobBatches.Name, SetDecision.Have> have(Iterable<JobBatches.Known> known) {
    Map<JobBatches.Name, SetDecision.Have> have = new LinkedHashMap<>();
    for (JobBatches.Known one : known) {
      String pattern = Wanted.mark(one.pattern(), one.patternVersion());
      have.put(one.name(), new SetDecision.Have(one, pattern));
    }
    return have;
  }

  private void tell(
      Asked asked, List<Wanted> jobs, List<SetDecision.Step> steps, Problems problems) {
    for (int i = 0; i < jobs.size(); i++) {
      SetDecision.Step step = steps.get(i);
      if (step.action() == Action.CONFLICT) {
        problems.add(
            asked.files.get(i),
            step.name(),
            step.refusal().detail() + "; " + step.refusal().remedy());
      } else if (step.action().changes() && checks.problem(jobs.get(i)) != null) {
        problems.add(asked.files.get(i), step.name(), checks.problem(jobs.get(i)));
      } else if (step.action().changes() && files.problem(jobs.get(i).definition()) != null) {
        problems.add(asked.files.get(i), step.name(), files.problem(jobs.get(i).definition()));
      }
    }
  }

  /** What the quotas of their namespaces forbid, when all of the set is in force. */
  private void tellOfQuotas(
      Handle tx,
      Asked asked,
      List<Wanted> jobs,
      List<SetDecision.Step> steps,
      Problems problems,
      long now) {
    List<QuotaDesk.Job> changing = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    Map<String, Integer> gone = new HashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      SetDecision.Step step = steps.get(i);
      if (step.action() == Action.DELETE) {
        gone.merge(step.name().namespace(), 1, Integer::sum);
      } else if (step.action().changes() && checks.problem(jobs.get(i)) == null) {
        changing.add(new QuotaDesk.Job(jobs.get(i).definition(), step.have() == null));
        places.add(i);
      }
    }
    quotas
        .judge(tx, changing, gone, now)
        .forEach(
            (index, over) -> {
              int i = places.get(index);
              String why = over.detail() + "; " + over.remedy();
              problems.add(asked.files.get(i), steps.get(i).name(), why);
            });
  }

  /** Instants that are past, where the definition wants to be refused for that. */
  private static void tellOfPast(
      Handle tx,
      Asked asked,
      List<Wanted> jobs,
      List<SetDecision.Step> steps,
      long now,
      Problems problems) {
    for (int i = 0; i < jobs.size(); i++) {
      SetDecision.Step step = steps.get(i);
      if (step.action().changes()) {
        Jobs.Row row = step.have() == null ? null : step.have().known().row();
        String file = asked.files.get(i);
        Desk.past(tx, row, jobs.get(i).definition(), now)
            .ifPresent(why -> problems.add(file, step.name(), why + "; " + Desk.PAST_REMEDY));
      }
    }
  }

  /** Queues that more than one job would consume. */
  private static void tellOfQueues(
      Handle tx, Asked asked, List<Wanted> jobs, List<SetDecision.Step> steps, Problems problems) {
    List<QueueBindings.Wish> wishes = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    Set<Long> gone = new HashSet<>();
    for (int i = 0; i < steps.size(); i++) {
      SetDecision.Step step = steps.get(i);
      long id = step.have() == null ? 0 : step.have().known().row().id();
      if (step.action() == Action.DELETE) {
        gone.add(id);
      } else if (step.action().changes()) {
        wishes.add(new QueueBindings.Wish(jobs.get(i).definition(), id));
        places.add(i);
      }
    }
    QueueBindings.conflicts(tx, wishes, gone)
        .forEach(
            (index, why) -> {
              int i = places.get(index);
              String told = why + "; " + QueueBindings.REMEDY;
              problems.add(asked.files.get(i), steps.get(i).name(), told);
            });
  }

  /** Jobs that would wait for each other, or for one that goes. */
  private void tellOfWaiting(
      Asked asked, List<Wanted> jobs, List<SetDecision.Step> steps, Problems problems) {
    Map<JobRef, Set<Dependencies.Edge>> wanted = new HashMap<>();
    for (int i = 0; i < jobs.size(); i++) {
      if (steps.get(i).action().changes()) {
        JobDefinition job = jobs.get(i).definition();
        wanted.put(job.ref(), JobEdges.of(job));
      }
    }
    for (int i = 0; i < jobs.size(); i++) {
      JobDefinition job = jobs.get(i).definition();
      var cycle = wanted.containsKey(job.ref()) ? graph.cycle(job, wanted) : NO_CYCLE;
      if (cycle.isPresent()) {
        problems.add(asked.files.get(i), steps.get(i).name(), Desk.cycle(job, cycle.get()));
      }
    }
    Set<JobRef> gone = new HashSet<>();
    steps.stream()
        .filter(step -> step.action() == Action.DELETE)
        .forEach(step -> gone.add(new JobRef(step.name().namespace(), step.name().name())));
    for (JobRef job : gone) {
      List<JobRef> waiting =
          graph.dependents(job).stream()
              .filter(other -> !gone.contains(other) && names(wanted.get(other), job))
              .toList();
      if (!waiting.isEmpty()) {
        problems.add(
            job.job(),
            new JobBatches.Name(job.namespace(), job.job()),
            "is needed by "
                + JobGraph.names(waiting, job.namespace())
                + ", which would wait for it in vain; change those first, or in this set");
      }
    }
  }

  /** True for a job that goes on as it is, and for one that still names the other. */
  private static boolean names(Set<Dependencies.Edge> edges, JobRef job) {
    return edges == null || edges.stream().anyMatch(edge -> edge.to().equals(job));
  }

  private Done written(
      Handle tx,
      Command command,
      Asked asked,
      List<Wanted> jobs,
      List<SetDecision.Step> steps,
      long epoch,
      long now) {
    String source = asked.rules.source();
    int patterns = asked.patterns.write(tx, command, source, now);
    List<JobWrites.Change> changes = new ArrayList<>();
    List<Jobs.Row> gone = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      SetDecision.Step step = steps.get(i);
      if (step.action() == Action.DELETE) {
        gone.add(step.have().known().row());
      } else if (step.action().changes()) {
        Wanted wanted = asked.patterns.withKey(jobs.get(i));
        changes.add(
            step.have() == null
                ? JobWrites.Change.fresh(wanted, JobState.SCHEDULED, source)
                : JobWrites.Change.of(wanted, step.have().known().row(), source, source));
      }
    }
    // Before the others are written: what it had, such as a queue, one of them may have now.
    List<Jobs.Row> archived =
        gone.isEmpty() ? List.of() : moves.archive(tx, gone, command, epoch, now);
    List<Jobs.Row> rows = writes.write(tx, changes, command, epoch, now);
    if (asked.rules.prune()) {
      asked.patterns.prune(tx, source, now);
    }
    Map<JobBatches.Name, Integer> versions = new HashMap<>();
    rows.forEach(
        row -> versions.put(new JobBatches.Name(row.namespace(), row.name()), row.version()));
    List<Changed> changed = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      changed.add(new Changed(rows.get(i), changes.get(i).wanted().definition()));
    }
    return new Done(outcome(steps, versions, patterns), changed, archived);
  }

  private static Outcome outcome(
      List<SetDecision.Step> steps, Map<JobBatches.Name, Integer> versions, int patterns) {
    ObjectNode body = JSON.createObjectNode();
    for (Action action : Action.values()) {
      long count = steps.stream().filter(step -> step.action() == action).count();
      if (action != Action.CONFLICT) {
        body.put(action.name().toLowerCase(Locale.ROOT), count);
      }
    }
    body.put("patterns", patterns);
    ArrayNode items = body.putArray("items");
    for (SetDecision.Step step : steps) {
      if (step.action() != Action.UNCHANGED) {
        ObjectNode item = items.addObject();
        item.put("action", step.action().name().toLowerCase(Locale.ROOT));
        item.put("namespace", step.name().namespace()).put("job", step.name().name());
        item.put("version", versions.get(step.name()));
      }
    }
    return new Outcome(200, body.toString());
  }

  /** What stops a set, each with its file. */
  static final class Problems {
    private static final int TOLD_MAX = 200;

    private final ArrayNode found = JSON.createArrayNode();
    private int count;

    boolean none() {
      return count == 0;
    }

    void add(String file, JobBatches.Name job, String message) {
      count++;
      if (found.size() < TOLD_MAX) {
        ObjectNode problem = found.addObject();
        problem.put("source", file).put("line", 0).put("column", 0);
        problem.put("path", "").put("message", message);
        problem.put("namespace", job.namespace()).put("job", job.name());
      }
    }

    Outcome outcome() {
      ObjectNode body = JSON.createObjectNode();
      body.put("detail", count + " of the set's jobs cannot be applied; nothing was changed");
      body.put("remedy", "Do what 'problems' says of each, and apply the set again.");
      body.set("problems", found);
      return new Outcome(409, body.toString());
    }
  }
}
