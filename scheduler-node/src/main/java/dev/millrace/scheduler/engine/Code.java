package dev.millrace.scheduler.engine;

import dev.millrace.expression.Expression;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import dev.millrace.expression.TemplateException;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RateRule;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The expressions of one stage, compiled; each is null where there is none. Immutable; any thread.
 *
 * @param with null when the input has no expressions
 * @param stages ids of the stages whose results they read
 * @param names ids of stages by the names that the expressions have for them: a stage of a group
 *     calls those beside it by their short ids
 */
record Code(
    Template with,
    Expression condition,
    Expression forEach,
    Expression retryIf,
    Expression rateKey,
    Set<String> stages,
    Map<String, String> names) {

  /** True when the stage has expressions: most have none. */
  static boolean has(StageDefinition stage) {
    StageRules rules = stage.rules();
    return stage.withJson().contains("${{")
        || rules.condition() != null
        || rules.forEach() != null
        || (rules.rate() != null && rules.rate().key() != null)
        || stage.retry().match().condition() != null;
  }

  /**
   * @param names see above
   */
  static Code of(JobDefinition job, StageDefinition stage, Map<String, String> names) {
    StageRules rules = stage.rules();
    RateRule rate = rules.rate();
    String rateKey = rate == null ? null : rate.key();
    String retryIf = stage.retry().match().condition();
    boolean dynamic = stage.withJson().contains("${{");
    Scope scope = scope(job, names.keySet());
    TreeSet<String> read = new TreeSet<>();
    Template with = dynamic ? template(stage, scope) : null;
    if (with != null) {
      read.addAll(with.stages());
    }
    return new Code(
        with,
        compiled(rules.condition(), scope, Expression.Kind.BOOL, read),
        compiled(rules.forEach(), scope, Expression.Kind.LIST, read),
        compiled(retryIf, scope.withError(), Expression.Kind.BOOL, read),
        compiled(rateKey, scope, Expression.Kind.TEXT, read),
        whole(read, names),
        names);
  }

  private static Set<String> whole(Set<String> read, Map<String, String> names) {
    TreeSet<String> ids = new TreeSet<>();
    read.forEach(name -> ids.add(names.getOrDefault(name, name)));
    return ids;
  }

  private static Template template(StageDefinition stage, Scope scope) {
    try {
      return Template.compile(JsonText.parse(stage.withJson()), scope);
    } catch (TemplateException wrong) {
      throw new IllegalArgumentException(
          "`with` of stage '" + stage.id() + "': " + wrong.getMessage(), wrong);
    }
  }

  private static Expression compiled(
      String source, Scope scope, Expression.Kind kind, Set<String> read) {
    if (source == null) {
      return null;
    }
    Expression expression = Expression.compile(source, scope, kind);
    read.addAll(expression.stages());
    return expression;
  }

  /** What the definition reader let pass is compiled again: who may read what was judged there. */
  static Scope scope(JobDefinition job, Set<String> stages) {
    Map<String, String> params = new HashMap<>();
    for (ParamDefinition param : job.params()) {
      params.put(param.name(), param.type());
    }
    return new Scope(params, stages, true, false);
  }
}
