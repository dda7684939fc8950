package dev.millrace.definition;

import dev.millrace.expression.Scope;
import dev.millrace.model.ParamDefinition;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Compiles every expression of a job against what it may read. Confined to one thread. */
final class ExpressionCheck {
  private final Problems problems;
  private final Fields job;
  private final Map<String, String> params;
  private final Map<Expressions.Same, Set<String>> good = new HashMap<>();

  ExpressionCheck(Problems problems, Fields job, List<ParamDefinition> params) {
    this.problems = problems;
    this.job = job;
    this.params =
        params.stream()
            .collect(Collectors.toMap(ParamDefinition::name, ParamDefinition::type, (a, b) -> a));
  }

  /**
   * @param sure false when the graph is wrong; then all stages of a phase may be read, since who
   *     comes first is not known
   */
  void check(Expressions ofJob, List<StageReader.Node> nodes, boolean sure) {
    long count =
        nodes.stream()
            .flatMap(node -> node.expressions().written().stream())
            .map(Expressions.Written::same)
            .distinct()
            .count();
    if (count > Expressions.DIFFERENT_MAX) {
      job.problem(
          "has " + count + " different expressions; possible are " + Expressions.DIFFERENT_MAX);
      return;
    }
    ofJob.check(problems, good, new Scope(params, Set.of(), false, false), Set.of());
    Upstream upstream = new Upstream(nodes.stream().map(StageReader.Node::stage).toList());
    for (StageReader.Node node : nodes) {
      if (!node.expressions().written().isEmpty() && !problems.isFull()) {
        check(node, upstream, sure);
      }
    }
  }

  private void check(StageReader.Node node, Upstream upstream, boolean sure) {
    Set<String> all = upstream.namesOfPhase(node.stage()).keySet();
    Set<String> visible = sure ? upstream.names(node.stage()).keySet() : all;
    Set<String> unsure = new HashSet<>(all);
    unsure.remove(node.written());
    node.expressions().check(problems, good, new Scope(params, visible, false, false), unsure);
  }
}
