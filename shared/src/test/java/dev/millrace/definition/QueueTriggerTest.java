package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.QueueTrigger;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueueTriggerTest {
  private static final String JOB =
      """
      id: ship
      params: {order: integer}
      triggers:
        - queue: %s
        - every: 1h
      stages: [{id: a, run: noop}]
      """;

  private static DefinitionReader.Result read(String queue) {
    return new DefinitionReader().read(JOB.formatted(queue), "ship.yaml");
  }

  private static JobDefinition good(String queue) {
    return switch (read(queue)) {
      case DefinitionReader.Result.Ok ok -> ok.job();
      case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
    };
  }

  @Test
  void whatIsLeftOutHasItsDefault() {
    JobDefinition job = good("{name: orders}");
    assertThat(job.events())
        .isEqualTo(
            List.of(new QueueTrigger("orders", null, null, null, 50, QueueTrigger.Reply.NONE)));
    assertThat(job.triggers()).hasSize(1);
  }

  @Test
  void allOfItIsReadAndReadAgain() {
    JobDefinition job =
        good(
            "{name: orders, map: {order: \"${{ message.id }}\"}, key: \"${{ message.id }}\","
                + " if: properties.type == 'new', prefetch: 7, reply: outcome}");
    assertThat(job.events())
        .isEqualTo(
            List.of(
                new QueueTrigger(
                    "orders",
                    "{\"order\":\"${{ message.id }}\"}",
                    "message.id",
                    "properties.type == 'new'",
                    7,
                    QueueTrigger.Reply.OUTCOME)));
    String json = DefinitionJson.toJson(job);
    assertThat(DefinitionJson.fromJson(json)).isEqualTo(job);
    assertThat(EventTriggerJson.spec(job.events().getFirst()))
        .startsWith("{\"queue\":{\"name\":\"orders\",\"map\":");
  }

  @Test
  void oneExpressionMayGiveAllParams() {
    QueueTrigger trigger =
        (QueueTrigger)
            good("{name: orders, map: \"${{ {'order': message.id} }}\"}").events().getFirst();
    assertThat(trigger.map()).isEqualTo("\"${{ {'order': message.id} }}\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{map: {order: 1}} | `name` is missing",
        "{name: millrace.reports} | is not a queue of yours",
        "{name: orders, map: {oder: 1}} | did you mean 'order'",
        "{name: orders, map: {order: x}} | must be of type integer",
        "{name: orders, map: plain} | one expression that gives one",
        "{name: orders, key: plain} | must be one expression",
        "{name: orders, key: \"${{ params.order }}\"} | read message, headers, properties",
        "{name: orders, if: run.id == 'x'} | read message, headers, properties",
        "{name: orders, if: properties.kind == 'x'} | properties has no 'kind'",
        "{name: orders, if: mesage.x} | did you mean 'message'",
        "{name: orders, prefetch: 0} | is not in 1..1000",
        "{name: orders, reply: maybe} | is not one of none, run, outcome",
        "{name: orders, vhost: x} | unknown key",
      })
  void whatIsWrongIsTold(String queue, String told) {
    assertThat(read(queue)).isInstanceOf(DefinitionReader.Result.Bad.class);
    assertThat(((DefinitionReader.Result.Bad) read(queue)).problems().toString())
        .contains(told.strip());
  }

  @Test
  void oneTriggerIsOneThing() {
    String text =
        "id: x\ntriggers: [{queue: {name: a}, cron: '@daily'}]\nstages: [{id: a, run: noop}]";
    assertThat(((DefinitionReader.Result.Bad) new DefinitionReader().read(text, "x")).problems())
        .asString()
        .contains("has cron and queue; one trigger has one of them");
    String twice =
        "id: x\ntriggers: [{queue: {name: a}}, {queue: {name: a}}]\nstages: [{id: a, run: noop}]";
    assertThat(((DefinitionReader.Result.Bad) new DefinitionReader().read(twice, "x")).problems())
        .asString()
        .contains("queue 'a' has a trigger above");
  }
}
