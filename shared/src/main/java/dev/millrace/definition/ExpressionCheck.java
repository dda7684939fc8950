package dev.millrace.definition;

import dev.millrace.expression.Scope;
import dev.millrace.model.ParamDefinition;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Compiles every expression of a job against what it may read. Confined to one thread. */
final class ExpressionCheck {
  private static final String NO_PARAMS_YET =
      "reads parameters, which a run does not have yet when it is given some; `run` can be read";
  private static final String ABOVE_ONLY =
      "reads a parameter that does not stand above it; a default can read those above and `run`";

  private final Problems problems;
  private final Fields job;
  private final Map<String, String> params;
  private final Map<Expressions.Same, Set<String>> good = new HashMap<>();

  /**
   * The expressions that stand in no stage.
   *
   * @param rules may read the run's parameters
   * @param ticks what triggers by time and the window give: before a run has parameters
   * @param files what triggers by files give; it may read the file
   * @param requests read the call of a webhook and nothing else
   * @param messages read a message of a queue and nothing else
   * @param afters what triggers by other jobs give; it may read their runs
   */
  record OfJob(
      Expressions rules,
      Expressions ticks,
      Expressions files,
      Expressions requests,
      Expressions messages,
      List<JobNeedReader.Given> afters,
      List<ParamReader.Default> defaults) {
    Stream<Expressions> all() {
      return Stream.of(
              Stream.of(rules, ticks, files, requests, messages),
              afters.stream().map(JobNeedReader.Given::expressions),
              defaults.stream().map(ParamReader.Default::expressions))
          .flatMap(each -> each);
    }
  }

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
  void check(OfJob ofJob, List<StageReader.Node> nodes, boolean sure) {
    long count =
        Stream.concat(ofJob.all(), nodes.stream().map(StageReader.Node::expressions))
            .flatMap(expressions -> expressions.written().stream())
            .map(Expressions.Written::same)
            .distinct()
            .count();
    if (count > Expressions.DIFFERENT_MAX) {
      job.problem(
          "has " + count + " different expressions; possible are " + Expressions.DIFFERENT_MAX);
      return;
    }
    ofJob.rules().check(problems, good, new Scope(params, Set.of(), false, false), Set.of());
    ofJob.ticks().check(problems, Scope.NONE, params, NO_PARAMS_YET);
    ofJob.files().check(problems, Scope.ofFile(), params, NO_PARAMS_YET);
    ofJob.requests().check(problems, new HashMap<>(), Scope.REQUEST, Set.of());
    ofJob.messages().check(problems, new HashMap<>(), Scope.MESSAGE, Set.of());
    for (JobNeedReader.Given each : ofJob.afters()) {
      Scope after = Scope.ofAfter(each.after());
      each.expressions().check(problems, after, params, NO_PARAMS_YET);
    }
    for (ParamReader.Default each : ofJob.defaults()) {
      Scope above = new Scope(each.above(), Set.of(), false, false);
      each.expressions().check(problems, above, params, ABOVE_ONLY);
    }
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
