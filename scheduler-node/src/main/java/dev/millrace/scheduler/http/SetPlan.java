package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionDiff;
import dev.millrace.scheduler.definition.DefinitionSet;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.definition.SetDecision;
import dev.millrace.scheduler.definition.SetDecision.Action;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Patterns;
import dev.millrace.scheduler.store.ReadsSets;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jdbi.v3.core.Handle;

/**
 * What applying a set would do, decided as the leader would decide it, with what it changes and who
 * changed what since the set was applied last. One request's thread.
 */
final class SetPlan {
  private final String set;
  private final DefinitionSet files;
  private final List<SetDecision.Step> steps;
  private final String basis;
  private final Map<Long, ReadsSets.InForce> inForce;
  private final Map<JobBatches.Name, Instant> archived;

  private SetPlan(
      String set,
      DefinitionSet files,
      List<SetDecision.Step> steps,
      String basis,
      Map<Long, ReadsSets.InForce> inForce,
      Map<JobBatches.Name, Instant> archived) {
    this.set = set;
    this.files = files;
    this.steps = steps;
    this.basis = basis;
    this.inForce = inForce;
    this.archived = archived;
  }

  static SetPlan of(Handle handle, String set, DefinitionSet files, boolean prune, boolean adopt) {
    String source = Owners.ofSet(set);
    var have =
        have(
            JobBatches.find(handle, files.jobs().stream().map(DefinitionSet.Job::name).toList())
                .values());
    var owned = have(JobBatches.ofSource(handle, source));
    List<SetDecision.Want> wants = wants(handle, files);
    var rules = new SetDecision.Rules(source, prune, adopt);
    List<SetDecision.Step> steps = SetDecision.of(wants, have, owned.values(), rules);
    List<Long> jobs =
        steps.stream()
            .map(SetDecision.Step::have)
            .filter(Objects::nonNull)
            .map(one -> one.known().row().id())
            .toList();
    List<JobBatches.Name> created =
        steps.stream()
            .filter(step -> step.action() == Action.CREATE)
            .map(SetDecision.Step::name)
            .toList();
    return new SetPlan(
        set,
        files,
        steps,
        SetDecision.basis(wants, have.values(), owned.values(), rules),
        ReadsSets.inForce(handle, jobs, source),
        ReadsSets.archived(handle, created, source));
  }

  private static Map<JobBatches.Name, SetDecision.Have> have(Iterable<JobBatches.Known> known) {
    Map<JobBatches.Name, SetDecision.Have> have = new LinkedHashMap<>();
    for (JobBatches.Known one : known) {
      String pattern = one.pattern() == null ? null : one.pattern() + "@" + one.patternVersion();
      have.put(one.name(), new SetDecision.Have(one, pattern));
    }
    return have;
  }

  private static List<SetDecision.Want> wants(Handle handle, DefinitionSet files) {
    List<Patterns.Use> uses =
        files.jobs().stream()
            .filter(job -> job.origin() != null)
            .map(SetPlan::use)
            .distinct()
            .toList();
    Map<Patterns.Use, Long> keys = Patterns.ids(handle, uses);
    return files.jobs().stream()
        .map(
            job -> {
              String pattern = null;
              if (job.origin() != null) {
                Long key = keys.get(use(job));
                // One that comes with the set has no key yet: no job was made of it either.
                pattern = (key == null ? "to come" : key) + "@" + job.origin().version();
              }
              return new SetDecision.Want(job.name(), job.hash(), pattern);
            })
        .toList();
  }

  private static Patterns.Use use(DefinitionSet.Job job) {
    return new Patterns.Use(
        job.origin().namespace(), job.origin().pattern(), job.origin().version());
  }

  ObjectNode toJson() {
    ObjectNode node = Json.object();
    node.put("set", set).put("basis", basis);
    long patterns = files.patterns().stream().filter(DefinitionSet.Pattern::changed).count();
    long changes = steps.stream().filter(step -> step.action().changes()).count();
    node.put("changes", changes + patterns);
    ObjectNode counts = node.putObject("counts");
    for (Action action : Action.values()) {
      counts.put(lower(action), steps.stream().filter(step -> step.action() == action).count());
    }
    ArrayNode kept = node.putArray("patterns");
    for (DefinitionSet.Pattern pattern : files.patterns()) {
      kept.addObject()
          .put(
              "action",
              pattern.changed() ? pattern.version() == 1 ? "create" : "update" : "unchanged")
          .put("namespace", pattern.definition().namespace())
          .put("pattern", pattern.definition().name())
          .put("version", pattern.version())
          .put("file", pattern.file());
    }
    ArrayNode items = node.putArray("items");
    Map<JobBatches.Name, DefinitionSet.Job> jobs = new HashMap<>();
    files.jobs().forEach(job -> jobs.put(job.name(), job));
    steps.forEach(step -> items.add(item(step, jobs.get(step.name()))));
    return node;
  }

  private static String lower(Action action) {
    return action.name().toLowerCase(Locale.ROOT);
  }

  /**
   * @param job null for one that no file says
   */
  private ObjectNode item(SetDecision.Step step, DefinitionSet.Job job) {
    ObjectNode item = Json.object();
    item.put("action", lower(step.action()));
    item.put("namespace", step.name().namespace()).put("job", step.name().name());
    item.put("file", job == null ? null : job.file());
    ReadsSets.InForce now = step.have() == null ? null : inForce.get(id(step));
    item.put("version", now == null ? null : now.version());
    item.put("owner", step.have() == null ? null : step.have().known().row().source());
    item.put("adopts", step.adopts());
    item.put("pattern", pattern(job));
    item.put("detail", step.refusal() == null ? null : step.refusal().detail());
    item.put("remedy", step.refusal() == null ? null : step.refusal().remedy());
    item.put("archivedAt", Json.text(archived.get(step.name())));
    item.set("drift", drift(now));
    boolean written = step.action() == Action.CREATE || step.action() == Action.UPDATE;
    String before = now == null ? null : now.definition();
    item.set(
        "changes",
        step.action() == Action.UPDATE ? VersionsApi.changes(before, job.json()) : Json.array());
    return item.put(
        "unified",
        written
            ? DefinitionDiff.unified(
                before,
                job.json(),
                now == null ? "/dev/null" : step.name().name() + "@" + now.version(),
                job.file())
            : "");
  }

  private static long id(SetDecision.Step step) {
    return step.have().known().row().id();
  }

  private static String pattern(DefinitionSet.Job job) {
    return job == null || job.origin() == null
        ? null
        : job.origin().pattern() + "@" + job.origin().version();
  }

  /** Who changed the job since the set was applied last; null when nobody did. */
  static JsonNode drift(ReadsSets.InForce now) {
    if (now == null || !now.drifted()) {
      return NullNode.instance;
    }
    return Json.object()
        .put("version", now.version())
        .put("since", now.applied())
        .put("actor", now.actor())
        .put("source", now.source())
        .put("reason", now.reason())
        .put("at", Json.text(now.createdAt()));
  }
}
