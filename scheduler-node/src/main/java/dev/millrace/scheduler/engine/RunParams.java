package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.StartLimits;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Template;
import dev.millrace.model.ParamDefinition;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a run is given, before it is created: by whoever asks for it, else by its trigger or window,
 * else by the defaults. Stateless.
 */
public final class RunParams {
  private RunParams() {}

  /**
   * What a trigger or window gives this run.
   *
   * @param json as it stands in the definition
   * @return a JSON object as text, with values in place of expressions
   * @throws ExpressionException when one of them has no value, or not the one that its parameter
   *     takes
   */
  public static String given(Run run, String json) {
    return given(run, json, Map.of());
  }

  /**
   * What a trigger gives this run that comes after runs of other jobs.
   *
   * @param after those runs, by the names that the trigger has for their jobs
   * @throws ExpressionException as {@link #given(Run, String)} does
   */
  public static String given(Run run, String json, Map<String, Bindings.UpstreamRun> after) {
    return given(run, json, values -> after.forEach(values::after));
  }

  /**
   * What a trigger gives this run that a file starts.
   *
   * @throws ExpressionException as {@link #given(Run, String)} does
   */
  public static String given(Run run, String json, Bindings.FoundFile file) {
    return given(run, json, values -> values.file(file));
  }

  private static String given(Run run, String json, Consumer<Bindings.Builder> more) {
    Template template = run.plan().params().given().get(json);
    if (template == null) {
      return json;
    }
    Bindings.Builder values = Values.start(run);
    more.accept(values);
    ObjectNode rendered = (ObjectNode) template.render(values.build()); // since it is a map
    ObjectNode given = JsonNodeFactory.instance.objectNode();
    for (ParamDefinition param : run.plan().definition().params()) {
      if (rendered.has(param.name())) {
        given.set(param.name(), ParamCode.taken(param, rendered.get(param.name())));
      }
    }
    return given.toString();
  }

  /**
   * The same run with the defaults that depend on it, each of which may read those above it. What
   * it was given stays.
   *
   * @throws ExpressionException when a default has no value, or not the one that its parameter
   *     takes
   */
  public static Run completed(Run run) {
    ParamCode code = run.plan().params();
    if (code.defaults().isEmpty()) {
      return run;
    }
    JsonNode has = JsonText.parse(run.params());
    ObjectNode values = JsonNodeFactory.instance.objectNode();
    for (ParamDefinition param : run.plan().definition().params()) {
      Template standard = code.defaults().get(param.name());
      JsonNode value = has.get(param.name());
      if (value == null && standard != null) {
        value = computed(run, param, standard, values.toString());
      }
      if (value != null) {
        values.set(param.name(), value);
      }
    }
    String json = values.toString();
    StartLimits.ofParams(json)
        .ifPresent(
            problem -> {
              throw new ExpressionException(problem);
            });
    return run.withParams(json);
  }

  private static JsonNode computed(
      Run run, ParamDefinition param, Template standard, String above) {
    try {
      return ParamCode.taken(param, standard.render(Values.start(run).params(above).build()));
    } catch (ExpressionException wrong) {
      throw new ExpressionException(
          "the default of " + param.name() + ": " + wrong.getMessage(), wrong);
    }
  }
}
