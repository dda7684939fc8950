package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.TriggerDefinition;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the full form of a job. Stateless. */
final class JobReader {
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "requires",
          "concurrency",
          "locks",
          "timeout",
          "deadline",
          "window",
          "limits",
          "on-failure",
          "finally",
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
    refuseOverlap(job);
    Integer priority = job.integer("priority", 0, 9);
    RetryPolicy retry = RetryReader.read(job, "retry");
    Map<String, String> labels = job.textMap("labels");
    String metadata = metadata(job);
    List<StageDefinition> stages =
        new StageReader(problems, job, retry == null ? RetryPolicy.NONE : retry).read();
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
        stages,
        labels == null ? Map.of() : labels,
        metadata);
  }

  private static String metadata(Fields job) {
    Fields metadata = job.fields("metadata");
    return metadata == null ? null : Json.write(metadata.map().toJson());
  }

  private static void refuseOverlap(Fields job) {
    Doc value = job.take("overlap");
    if (value == null || (value instanceof Doc.Scalar scalar && scalar.text().equals("allow"))) {
      return;
    }
    String written = value instanceof Doc.Scalar scalar ? scalar.text() : value.kindName();
    job.problem(
        value,
        "overlap",
        "`overlap: " + written + "` is not supported by this version; only `allow` is");
  }
}
