package dev.millrace.definition;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.Scope;
import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Matching;
import dev.millrace.model.Misfire;
import dev.millrace.model.Need;
import dev.millrace.model.Requirement;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.TriggerDefinition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the two forms of other systems that are accepted as they are. Stateless. */
final class ForeignForms {
  static final String ONLY_STAGE = "main";

  private ForeignForms() {}

  static boolean isSimple(Doc.Mapping root) {
    return root.get("job_id") != null || (root.get("task") != null && root.get("stages") == null);
  }

  static boolean isMetadata(Doc.Mapping root) {
    return root.get("job") instanceof Doc.Mapping && root.get("stages") == null;
  }

  /** {@code {"job_id", "description", "schedule", "task": {"type", "command"}}}. */
  static JobDefinition simple(Problems problems, Doc.Mapping root) {
    Fields job = new Fields(problems, root, "");
    String id = job.requiredId("job_id");
    String description = job.text("description");
    List<TriggerDefinition> triggers = new ArrayList<>();
    if (job.takeRequired("schedule", " (an instant or a cron expression)") != null) {
      TriggerDefinition trigger = job.parsed("schedule", ForeignForms::schedule);
      if (trigger != null) {
        triggers.add(trigger);
      }
    }
    Fields task = job.takeRequired("task", "") == null ? null : job.fields("task");
    StageDefinition stage = task == null ? null : commandStage(task);
    job.finish(Set.of("enabled", "times", "metadata"));
    return problems.none() ? job(id, description, triggers, stage, null) : null;
  }

  /** An instant when it looks like one, else cron. */
  private static TriggerDefinition schedule(String text) {
    if (text.matches("\\d{4}-\\d\\d-\\d\\d[Tt ].*")) {
      return new TriggerDefinition.At(TriggerReader.instant(text), Misfire.LATEST);
    }
    CronSchedule cron = TriggerReader.schedule(text);
    return new TriggerDefinition.Cron(cron.expression(), Schedule.UTC, Misfire.LATEST);
  }

  private static StageDefinition commandStage(Fields task) {
    if (task.takeRequired("type", "") != null) {
      task.oneOf("type", List.of("execute_command"));
    }
    String command = task.requiredText("command");
    if (command != null && command.isBlank()) {
      task.problem(task.map().get("command"), "command", "is blank");
    }
    task.finish(Set.of());
    ObjectNode with = Json.object();
    with.put("shell", command);
    String text = Json.write(with);
    StartLimits.ofWith(text)
        .ifPresent(problem -> task.problem(task.map().get("command"), "command", problem));
    return stage("command", text, RetryPolicy.NONE);
  }

  /**
   * {@code {"job": {"name", "metadata": {"scheduling": {...}}}}}. This form names no work, so its
   * one stage runs the handler that has the job's id; with a {@code task} it is that command.
   */
  static JobDefinition metadata(Problems problems, Doc.Mapping root) {
    Fields outer = new Fields(problems, root, "");
    Fields job = outer.fields("job");
    outer.finish(Set.of());
    String name = job.requiredText("name");
    String givenId = job.id("id");
    String id = givenId == null && name != null ? idOf(job, name) : givenId;
    String description = job.text("description");
    Fields metadata = job.fields("metadata");
    Fields scheduling = metadata == null ? null : metadata.fields("scheduling");
    List<TriggerDefinition> triggers = new ArrayList<>();
    Expressions expressions = new Expressions(false);
    RetryPolicy retry = scheduling == null ? null : scheduling(scheduling, triggers, expressions);
    Need needed = scheduling == null ? Need.none() : dependencies(problems, scheduling, id);
    Fields task = job.fields("task");
    StageDefinition stage = task == null ? null : commandStage(task);
    job.finish(Set.of("stages", "type"));
    expressions.check(problems, new HashMap<>(), Scope.NONE, Set.of());
    if (!problems.none()) {
      return null;
    }
    RetryPolicy policy = retry == null ? RetryPolicy.NONE : retry;
    StageDefinition only =
        stage == null ? stage(id, "{}", policy) : stage(stage.handler(), stage.withJson(), policy);
    String json = metadata == null ? null : Json.write(metadata.map().toJson());
    JobDefinition alone = job(id, description == null ? name : description, triggers, only, json);
    return needed.equals(Need.none()) ? alone : needing(alone, needed);
  }

  /**
   * It runs only when all of them have completed since its previous run. Where no time starts it,
   * their completion does.
   */
  private static JobDefinition needing(JobDefinition job, Need jobs) {
    Requirement requires = new Requirement(jobs, null, Matching.NONE, Schedule.UTC, null);
    EventTrigger after = new AfterTrigger(jobs, null, Matching.NONE, Schedule.UTC, "{}");
    return new JobDefinition(
        job.id(),
        job.namespace(),
        job.description(),
        job.params(),
        job.triggers(),
        job.priority(),
        job.stages(),
        job.labels(),
        job.metadataJson(),
        job.rules().requiring(requires),
        job.triggers().isEmpty() ? List.of(after) : List.of());
  }

  private static RetryPolicy scheduling(
      Fields scheduling, List<TriggerDefinition> triggers, Expressions expressions) {
    if (scheduling.map().get("cron") != null) {
      TriggerDefinition cron = TriggerReader.plainCron(scheduling, "cron");
      if (cron != null) {
        triggers.add(cron);
      }
    }
    return RetryReader.read(scheduling, "retry_policy", expressions);
  }

  /**
   * The metadata form of a job whose work is a pattern, {@code
   * metadata.service_specific.scheduler.pattern_id}, as the full form has it; empty for every other
   * text. With a {@code task}, the work is that, and the pattern's id stays metadata.
   */
  static Optional<Doc.Mapping> using(Problems problems, Doc.Mapping root) {
    if (!isMetadata(root)
        || !(root.get("job") instanceof Doc.Mapping inner)
        || inner.get("task") != null
        || !(at(inner, "metadata", "service_specific", "scheduler", "pattern_id")
            instanceof Doc.Scalar pattern)) {
      return Optional.empty();
    }
    Fields outer = new Fields(problems, root, "");
    Fields job = outer.fields("job");
    outer.finish(Set.of());
    String name = job.requiredText("name");
    Doc id = job.take("id");
    Doc description = job.take("description");
    Fields metadata = job.fields("metadata");
    Fields scheduling = metadata.fields("scheduling");
    job.finish(Set.of("stages", "type"));
    List<Doc.Entry> entries = new ArrayList<>();
    Doc named = inner.get("name");
    if (id != null) {
      add(entries, "id", id);
    } else if (name != null && idOf(job, name) != null) {
      add(entries, "id", written(idOf(job, name), named));
    } else {
      add(entries, "id", written("unknown", named)); // the problem is told already
    }
    add(entries, "description", description == null ? named : description);
    add(entries, "uses", pattern);
    add(entries, "metadata", inner.get("metadata"));
    if (scheduling != null) {
      schedule(entries, scheduling.map());
      needing(entries, scheduling.map());
    }
    return Optional.of(new Doc.Mapping(entries, root.line(), root.column()));
  }

  private static void schedule(List<Doc.Entry> entries, Doc.Mapping scheduling) {
    Doc cron = scheduling.get("cron");
    if (cron != null) {
      List<Doc.Entry> trigger = new ArrayList<>();
      add(trigger, "cron", cron);
      add(trigger, "timezone", scheduling.get("timezone"));
      Doc map = new Doc.Mapping(trigger, cron.line(), cron.column());
      add(entries, "triggers", new Doc.Sequence(List.of(map), cron.line(), cron.column()));
    }
    add(entries, "retry", scheduling.get("retry_policy"));
  }

  /** As in the form without a pattern: required, and what starts it where no time does. */
  private static void needing(List<Doc.Entry> entries, Doc.Mapping scheduling) {
    Doc jobs = scheduling.get("dependencies");
    if (!(jobs instanceof Doc.Sequence list) || list.items().isEmpty()) {
      return;
    }
    add(entries, "requires", jobs);
    if (scheduling.get("cron") == null) {
      List<Doc.Entry> trigger = new ArrayList<>();
      add(trigger, "after", jobs);
      Doc map = new Doc.Mapping(trigger, jobs.line(), jobs.column());
      add(entries, "triggers", new Doc.Sequence(List.of(map), jobs.line(), jobs.column()));
    }
  }

  private static void add(List<Doc.Entry> entries, String key, Doc value) {
    if (value != null) {
      entries.add(new Doc.Entry(key, value.line(), value.column(), value));
    }
  }

  private static Doc written(String text, Doc at) {
    return new Doc.Scalar(text, Doc.Kind.TEXT, true, at.line(), at.column());
  }

  private static Doc at(Doc.Mapping map, String... path) {
    Doc found = map;
    for (String key : path) {
      found = found instanceof Doc.Mapping next ? next.get(key) : null;
    }
    return found;
  }

  private static Need dependencies(Problems problems, Fields scheduling, String id) {
    List<Doc> written = scheduling.list("dependencies");
    if (written == null || written.isEmpty()) {
      return Need.none();
    }
    Doc list = scheduling.map().get("dependencies");
    NeedReader reader = NeedReader.ofJobs(problems);
    Need needed = reader.read(list, scheduling.path("dependencies"));
    if (written.size() > JobNeedReader.JOBS_MAX) {
      scheduling.problem(list, "dependencies", "more than " + JobNeedReader.JOBS_MAX);
    }
    for (NeedReader.Leaf leaf : reader.leaves()) {
      if (leaf.id().equals(id)) {
        problems.add(leaf.at(), leaf.path(), "a job cannot wait for itself");
      }
    }
    return needed;
  }

  /** {@code Weekly Report} becomes {@code weekly-report}. */
  private static String idOf(Fields job, String name) {
    String id =
        name.toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9_.-]+", "-")
            .replaceAll("^[^a-z0-9]+|-+$", "");
    if (id.isEmpty() || id.length() > 128) {
      job.problem(job.map().get("name"), "name", "no id can be made of it; add an `id`");
      return null;
    }
    return id;
  }

  private static StageDefinition stage(String handler, String with, RetryPolicy retry) {
    return new StageDefinition(
        ONLY_STAGE, handler, JobDefinition.DEFAULT_POOL, with, List.of(), retry, null, null);
  }

  private static JobDefinition job(
      String id,
      String description,
      List<TriggerDefinition> triggers,
      StageDefinition stage,
      String metadata) {
    return new JobDefinition(
        id,
        JobDefinition.DEFAULT_NAMESPACE,
        description == null ? "" : description,
        List.of(),
        triggers,
        JobDefinition.DEFAULT_PRIORITY,
        List.of(stage),
        Map.of(),
        metadata);
  }
}
