package dev.millrace.definition;

import dev.millrace.model.ParamDefinition;
import java.util.List;
import java.util.Set;

/**
 * A pattern as somebody wrote it: a job with a name in place of its id, whose parameters may stand
 * anywhere in it. Immutable; any thread.
 */
public final class PatternDefinition {
  private final String name;
  private final String namespace;
  private final String description;
  private final List<ParamDefinition> params;
  private final Set<String> loadTime;
  private final Doc.Mapping root;

  PatternDefinition(
      String name,
      String namespace,
      String description,
      List<ParamDefinition> params,
      Set<String> loadTime,
      Doc.Mapping root) {
    this.name = name;
    this.namespace = namespace;
    this.description = description;
    this.params = List.copyOf(params);
    this.loadTime = Set.copyOf(loadTime);
    this.root = root;
  }

  /** Unique inside the namespace. */
  public String name() {
    return name;
  }

  public String namespace() {
    return namespace;
  }

  /** May be empty, never null. */
  public String description() {
    return description;
  }

  /** In the order written. */
  public List<ParamDefinition> params() {
    return params;
  }

  /** Those whose value is put in when a job is loaded; the others are read when a run starts. */
  public Set<String> loadTime() {
    return loadTime;
  }

  /** The same pattern in another namespace. */
  public PatternDefinition inNamespace(String other) {
    return new PatternDefinition(name, other, description, params, loadTime, root);
  }

  /** What it says as JSON, whatever it is written in: equal patterns have equal texts. */
  public String json() {
    return Json.write(root.toJson());
  }

  Doc.Mapping root() {
    return root;
  }
}
