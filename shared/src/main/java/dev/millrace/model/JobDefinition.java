package dev.millrace.model;

import java.util.List;
import java.util.Map;

/**
 * A job as a person wrote it, checked as a whole: triggers and a graph of stages. One version of it
 * is immutable.
 *
 * @param id unique inside the namespace
 * @param namespace {@code default} when none was written
 * @param description may be empty, never null
 * @param params in the order written
 * @param triggers by time; may be empty
 * @param priority 0..9, higher first
 * @param stages in the order written; at least one, at most 1,000; no cycles
 * @param labels never null
 * @param metadataJson unknown metadata of the metadata form as JSON text, kept as it was, or null
 * @param rules never null
 * @param events triggers by something else than time; may be empty. Without any of both only people
 *     and programs start it
 */
public record JobDefinition(
    String id,
    String namespace,
    String description,
    List<ParamDefinition> params,
    List<TriggerDefinition> triggers,
    int priority,
    List<StageDefinition> stages,
    Map<String, String> labels,
    String metadataJson,
    JobRules rules,
    List<EventTrigger> events) {
  public static final String DEFAULT_NAMESPACE = "default";
  public static final String DEFAULT_POOL = "default";
  public static final int DEFAULT_PRIORITY = 5;
  public static final int STAGES_MAX = 1_000;

  /** A job without rules for its runs. */
  public JobDefinition(
      String id,
      String namespace,
      String description,
      List<ParamDefinition> params,
      List<TriggerDefinition> triggers,
      int priority,
      List<StageDefinition> stages,
      Map<String, String> labels,
      String metadataJson) {
    this(
        id,
        namespace,
        description,
        params,
        triggers,
        priority,
        stages,
        labels,
        metadataJson,
        JobRules.NONE);
  }

  /** A job that nothing but time starts by itself. */
  public JobDefinition(
      String id,
      String namespace,
      String description,
      List<ParamDefinition> params,
      List<TriggerDefinition> triggers,
      int priority,
      List<StageDefinition> stages,
      Map<String, String> labels,
      String metadataJson,
      JobRules rules) {
    this(
        id,
        namespace,
        description,
        params,
        triggers,
        priority,
        stages,
        labels,
        metadataJson,
        rules,
        List.of());
  }

  public JobDefinition {
    params = List.copyOf(params);
    triggers = List.copyOf(triggers);
    stages = List.copyOf(stages);
    labels = Map.copyOf(labels);
    events = List.copyOf(events);
  }

  /** Its whole name. */
  public JobRef ref() {
    return new JobRef(namespace, id);
  }

  /** The same job in another namespace. */
  public JobDefinition inNamespace(String other) {
    return new JobDefinition(
        id,
        other,
        description,
        params,
        triggers,
        priority,
        stages,
        labels,
        metadataJson,
        rules,
        events);
  }
}
