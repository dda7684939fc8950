package dev.millrace.scheduler.engine;

import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import java.util.List;

/** Makes of the stages of a fan-out those of one item's run. Stateless. */
final class Parts {
  private Parts() {}

  /** A stage that is executed for each item: alone, with what holds for its attempts. */
  static StageDefinition single(StageDefinition stage) {
    StageRules rules = stage.rules();
    return new StageDefinition(
        stage.id(),
        stage.handler(),
        stage.pool(),
        stage.withJson(),
        Need.none(),
        stage.retry(),
        stage.timeout(),
        stage.queueTimeout(),
        with(rules, null, null));
  }

  /** A stage inside a group that is executed for each item; the group itself is not there. */
  static StageDefinition without(StageDefinition stage, String group) {
    StageRules rules = stage.rules();
    String inner = group.equals(rules.group()) ? null : rules.group();
    return new StageDefinition(
        stage.id(),
        stage.handler(),
        stage.pool(),
        stage.withJson(),
        stage.needs(),
        stage.retry(),
        stage.timeout(),
        stage.queueTimeout(),
        with(rules, inner, rules.condition()));
  }

  private static StageRules with(StageRules rules, String group, String condition) {
    return new StageRules(
        Phase.MAIN,
        group,
        null,
        condition,
        null,
        StageRules.PARALLEL_DEFAULT,
        StageRules.NONE.tolerate(),
        rules.startTimeout(),
        rules.heartbeatTimeout(),
        List.copyOf(rules.locks()),
        rules.rate(),
        rules.minDuration(),
        rules.maxDuration());
  }
}
