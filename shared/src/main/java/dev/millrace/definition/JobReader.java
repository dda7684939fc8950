package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.TriggerDefinition;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the full form of a job. Stateless. */
final class JobReader {
  private static final Set<String> UNSUPPORTED =
      Set.of("notify", "retention", "network", "outputs", "quota", "calendar", "queue-timeout");

  private JobReader() {}

  /** Meaningful only when no problem was found. */
  static JobDefinition read(Problems problems, Doc.Mapping root) {
    Fields job = new Fields(problems, root, "");
    String id = job.requiredId("id");
    String namespace = job.id("namespace");
    String description = job.text("description");
    ParamReader paramReader = new ParamReader(problems, job);
    List<ParamDefinition> params = paramReader.read();
    Expressions ofTicks = new Expressions(false);
    GivenReader given = new GivenReader(params, ofTicks);
    JobNeedReader jobs = new JobNeedReader(problems);
    Expressions ofFiles = new Expressions(false);
    Expressions ofRequests = new Expressions(false);
    Expressions ofMessages = new Expressions(false);
    EventTriggerReader events =
        new EventTriggerReader(params, jobs, ofRequests, ofMessages, ofFiles);
    List<TriggerDefinition> triggers = TriggerReader.read(problems, job, given, events);
    events.read(problems, job);
    Integer priority = job.integer("priority", 0, 9);
    Expressions expressions = new Expressions(false);
    JobRules rules =
        new JobRulesReader(problems, job, expressions, given)
            .read()
            .requiring(jobs.requires(job))
            .limitedTo(RunLimitsReader.read(job));
    refuseItself(problems, id, namespace, jobs.leaves());
    RetryPolicy retry = RetryReader.read(job, "retry", expressions);
    Map<String, String> labels = job.textMap("labels");
    String metadata = metadata(job);
    StageReader stages =
        new StageReader(problems, job, retry == null ? RetryPolicy.NONE : retry, params);
    List<StageReader.Node> nodes = stages.read();
    refuseLocksTwice(problems, rules, nodes);
    new ExpressionCheck(problems, job, params)
        .check(
            new ExpressionCheck.OfJob(
                expressions,
                ofTicks,
                ofFiles,
                ofRequests,
                ofMessages,
                jobs.given(),
                paramReader.defaults()),
            nodes,
            stages.hasGoodGraph());
    job.finish(UNSUPPORTED);
    if (!problems.none()) {
      return null;
    }
    return new JobDefinition(
        id,
        namespace == null ? JobDefinition.DEFAULT_NAMESPACE : namespace,
        description == null ? "" : description,
        params,
        triggers,
        priority == null ? JobDefinition.DEFAULT_PRIORITY : priority,
        nodes.stream().map(StageReader.Node::stage).toList(),
        labels == null ? Map.of() : labels,
        metadata,
        rules,
        events.found());
  }

  private static void refuseItself(
      Problems problems, String id, String namespace, List<NeedReader.Leaf> leaves) {
    String own = namespace == null ? JobDefinition.DEFAULT_NAMESPACE : namespace;
    for (NeedReader.Leaf leaf : leaves) {
      if (id != null && JobRef.of(leaf.id(), own).equals(new JobRef(own, id))) {
        problems.add(leaf.at(), leaf.path(), "a job cannot wait for itself");
      }
    }
  }

  private static String metadata(Fields job) {
    Fields metadata = job.fields("metadata");
    return metadata == null ? null : Json.write(metadata.map().toJson());
  }

  /** A stage would wait for ever for what its own run holds. */
  private static void refuseLocksTwice(
      Problems problems, JobRules rules, List<StageReader.Node> nodes) {
    for (StageReader.Node node : nodes) {
      for (LockUse lock : node.stage().rules().locks()) {
        if (rules.locks().stream().anyMatch(held -> held.name().equals(lock.name()))) {
          problems.add(
              node.at(),
              node.path(),
              "takes the lock '" + lock.name() + "' that the whole run holds; remove one of them");
        }
      }
    }
  }
}
