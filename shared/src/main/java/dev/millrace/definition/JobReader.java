package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
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
      Set.of(
          "requires",
          "notify",
          "retention",
          "uses",
          "pattern",
          "network",
          "outputs",
          "quota",
          "calendar",
          "queue-timeout");

  private JobReader() {}

  /** Meaningful only when no problem was found. */
  static JobDefinition read(Problems problems, Doc.Mapping root) {
    Fields job = new Fields(problems, root, "");
    String id = job.requiredId("id");
    String namespace = job.id("namespace");
    String description = job.text("description");
    List<ParamDefinition> params = ParamReader.read(problems, job);
    List<TriggerDefinition> triggers = TriggerReader.read(problems, job);
    Integer priority = job.integer("priority", 0, 9);
    Expressions expressions = new Expressions(false);
    JobRules rules =
        new JobRulesReader(problems, job, expressions)
            .read()
            .withWebhooks(WebhookReader.read(problems, job))
            .withLimits(RunLimitsReader.read(job));
    RetryPolicy retry = RetryReader.read(job, "retry", expressions);
    Map<String, String> labels = job.textMap("labels");
    String metadata = metadata(job);
    StageReader stages = new StageReader(problems, job, retry == null ? RetryPolicy.NONE : retry);
    List<StageReader.Node> nodes = stages.read();
    refuseLocksTwice(problems, rules, nodes);
    new ExpressionCheck(problems, job, params).check(expressions, nodes, stages.hasGoodGraph());
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
        rules);
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
