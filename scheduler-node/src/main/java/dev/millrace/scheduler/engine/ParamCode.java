package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.ParamValues;
import dev.millrace.definition.Upstream;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import dev.millrace.expression.TemplateException;
import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.TriggerDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a job says about the values of its params, compiled: defaults that depend on the run, what
 * triggers and the window give, what groups give. Most jobs have none of it. Immutable; any thread.
 *
 * @param defaults by the names of their params
 * @param given by their JSON text
 * @param groups those that give something, by their ids
 * @param around what the groups around a stage give, the outermost first, by the stage's id
 */
record ParamCode(
    Map<String, Template> defaults,
    Map<String, Template> given,
    Map<String, OfGroup> groups,
    Map<String, List<OfGroup>> around) {
  private static final String OPEN = "${{";
  private static final ParamCode NONE = new ParamCode(Map.of(), Map.of(), Map.of(), Map.of());

  /**
   * What one group gives.
   *
   * @param template of an object
   * @param names ids of stages by the names that its expressions have for them
   */
  record OfGroup(
      String group,
      Template template,
      Map<String, String> names,
      Map<String, ParamDefinition> params) {
    /**
     * These values over those.
     *
     * @throws ExpressionException when one of them has no value, or not the one that its parameter
     *     takes
     */
    String over(String paramsJson, Bindings values) {
      ObjectNode merged = (ObjectNode) JsonText.parse(paramsJson).deepCopy();
      try {
        for (Map.Entry<String, JsonNode> each : template.render(values).properties()) {
          merged.set(each.getKey(), taken(params.get(each.getKey()), each.getValue()));
        }
      } catch (ExpressionException wrong) {
        throw new ExpressionException(
            "params of group '" + group + "': " + wrong.getMessage(), wrong);
      }
      return merged.toString();
    }
  }

  /**
   * @throws IllegalArgumentException when an expression is wrong; the definition reader lets no
   *     such job in
   */
  static ParamCode of(JobDefinition job) {
    Map<String, Template> defaults = new HashMap<>();
    for (ParamDefinition param : job.params()) {
      if (param.isComputed()) {
        defaults.put(param.name(), template(job, param.defaultJson(), Set.of(), param.name()));
      }
    }
    Map<String, Template> given = new HashMap<>();
    for (TriggerDefinition trigger : job.triggers()) {
      addGiven(job, trigger.params(), given);
    }
    if (job.rules().window() != null) {
      addGiven(job, job.rules().window().params(), given);
    }
    for (EventTrigger event : job.events()) {
      if (event instanceof AfterTrigger after && after.params().contains(OPEN)) {
        given.computeIfAbsent(
            after.params(),
            text ->
                compiled(
                    text,
                    Scope.ofAfter(Set.copyOf(after.jobs().stages())),
                    "a trigger after " + String.join(", ", after.jobs().stages())));
      }
      if (event instanceof FileTrigger file && file.params().contains(OPEN)) {
        given.computeIfAbsent(
            file.params(),
            text -> compiled(text, Scope.ofFile(), "a trigger by files like " + file.path()));
      }
    }
    boolean groups = job.stages().stream().anyMatch(ParamCode::gives);
    if (groups) {
      return withGroups(job, defaults, given);
    }
    return defaults.isEmpty() && given.isEmpty()
        ? NONE
        : new ParamCode(defaults, given, Map.of(), Map.of());
  }

  private static void addGiven(JobDefinition job, String json, Map<String, Template> given) {
    if (json.contains(OPEN)) {
      given.computeIfAbsent(json, text -> template(job, text, Set.of(), "a trigger or the window"));
    }
  }

  private static ParamCode withGroups(
      JobDefinition job, Map<String, Template> defaults, Map<String, Template> ticks) {
    Map<String, ParamDefinition> params =
        job.params().stream().collect(Collectors.toMap(ParamDefinition::name, Function.identity()));
    Upstream upstream = new Upstream(job.stages());
    Map<String, OfGroup> groups = new HashMap<>();
    for (StageDefinition stage : job.stages()) {
      if (gives(stage)) {
        Map<String, String> names = upstream.names(stage);
        String json = JsonText.parse(stage.withJson()).path("params").toString();
        Template template = template(job, json, names.keySet(), "group '" + stage.id() + "'");
        groups.put(stage.id(), new OfGroup(stage.id(), template, names, params));
      }
    }
    Map<String, List<OfGroup>> around = new HashMap<>();
    for (StageDefinition stage : job.stages()) {
      List<OfGroup> own = new ArrayList<>();
      for (String group : upstream.groups(stage)) {
        if (groups.containsKey(group)) {
          own.add(groups.get(group));
        }
      }
      if (!own.isEmpty()) {
        Collections.reverse(own);
        around.put(stage.id(), List.copyOf(own));
      }
    }
    return new ParamCode(defaults, ticks, groups, around);
  }

  private static boolean gives(StageDefinition stage) {
    return stage.handler().equals(StageDefinition.GROUP) && !stage.withJson().equals("{}");
  }

  private static Template template(
      JobDefinition job, String json, Set<String> stages, String place) {
    return compiled(json, Code.scope(job, stages), place);
  }

  private static Template compiled(String json, Scope scope, String place) {
    try {
      return Template.compile(JsonText.parse(json), scope);
    } catch (TemplateException wrong) {
      throw new IllegalArgumentException("params of " + place + ": " + wrong.getMessage(), wrong);
    }
  }

  /** What the groups around a stage give, the outermost first. */
  List<OfGroup> around(String stage) {
    return around.isEmpty() ? List.of() : around.getOrDefault(stage, List.of());
  }

  /**
   * @throws ExpressionException when the value is not what the parameter takes
   */
  static JsonNode taken(ParamDefinition param, JsonNode value) {
    return ParamValues.taken(value, param.type())
        .orElseThrow(
            () ->
                new ExpressionException(
                    param.name() + " must be of type " + param.type() + ", but is " + value));
  }
}
