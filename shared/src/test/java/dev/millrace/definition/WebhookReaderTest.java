package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.WebhookTrigger;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Webhooks as they are written, and what is wrong with some. */
class WebhookReaderTest {
  private static JobDefinition job(String triggers) {
    return Texts.ok(Texts.job("params: {n: integer}\ntriggers:\n" + triggers.stripTrailing()));
  }

  private static List<String> bad(String webhook) {
    return Texts.bad(Texts.job("triggers:\n  - webhook: " + webhook));
  }

  @Test
  void whatIsNotSaidHasItsDefault() {
    JobDefinition job = job("  - webhook: {secret: '${env:SHOP_HOOK}'}");
    assertThat(job.triggers()).isEmpty();
    assertThat(job.events())
        .containsExactly(
            new WebhookTrigger(
                "webhook",
                List.of("${env:SHOP_HOOK}"),
                WebhookTrigger.Scheme.GITHUB,
                "X-Hub-Signature-256",
                null,
                true,
                null,
                null,
                null));
  }

  @Test
  void allOfItIsReadBesideTriggersOfTime() {
    JobDefinition job =
        job(
            """
              - every: 1h
              - webhook:
                  name: paid
                  secret: ["${env:NEW}", "${env:OLD}"]
                  signature: stripe
                  header: X-Shop-Signature
                  window: 2m
                  map: {n: "${{ body.order.id }}", fixed: 1}
                  key: ${{ headers['x-delivery'] + '/' + body.id }}
                  if: ${{ body.kind in ['a', 'b'] && has(body.order) }}
              - cron: "@daily"
              - webhook: {name: raw, secret: "${env:NEW}", signature: hex, once: false, map: "${{ {'n': body} }}"}
            """);
    assertThat(job.triggers()).hasSize(2);
    WebhookTrigger paid = (WebhookTrigger) job.events().getFirst();
    assertThat(paid.window()).isEqualTo(Duration.ofMinutes(2));
    assertThat(paid.secrets()).containsExactly("${env:NEW}", "${env:OLD}");
    assertThat(paid.mapJson()).isEqualTo("{\"n\":\"${{ body.order.id }}\",\"fixed\":1}");
    assertThat(paid.key()).isEqualTo("headers['x-delivery'] + '/' + body.id");
    WebhookTrigger raw = (WebhookTrigger) job.events().getLast();
    assertThat(raw.once()).isFalse();
    assertThat(raw.header()).isEqualTo("X-Signature");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|`secret` is missing",
        "{secret: hunter2}|a definition holds no secrets",
        "{secret: '${env:MILLRACE_TOKEN}'}|refers to a setting of the scheduler itself",
        "{secret: []}|one reference, or two",
        "{secret: '${env:A}', signature: githb}|did you mean 'github'",
        "{secret: '${env:A}', window: 5m}|signs no time",
        "{secret: '${env:A}', signature: stripe, window: 2d}|must be at most 1d",
        "{secret: '${env:A}', signature: stripe, once: true}|use `key`",
        "{secret: '${env:A}', header: 'a b'}|is not the name of a header",
        "{secret: '${env:A}', map: 'text ${{ body.id }}'}|must be a map of params",
        "{secret: '${env:A}', map: {n: '${{ params.n }}'}}|read 'body' and 'headers'",
        "{secret: '${env:A}', key: '${{ run.id }}'}|read 'body' and 'headers'",
        "{secret: '${env:A}', key: '${{ bdy.id }}'}|did you mean 'body'",
        "{secret: '${env:A}', key: body.id}|must be one expression",
        "{secret: '${env:A}', if: size(headers)}|must give true or false",
        "{secret: '${env:A}', ky: a}|did you mean 'key'"
      })
  void whatIsWrongIsToldOnce(String webhook, String message) {
    assertThat(bad(webhook)).singleElement().asString().contains(message);
  }

  /** Somebody may have written it where the reference belongs. */
  @Test
  void aSecretIsNotRepeated() {
    assertThat(bad("{secret: hunter2}").getFirst()).doesNotContain("hunter2");
  }

  @Test
  void twoOfOneNameAreOneTooMany() {
    assertThat(
            Texts.bad(
                Texts.job(
                    """
                    triggers:
                      - webhook: {secret: '${env:A}'}
                      - webhook: {secret: '${env:B}'}""")))
        .singleElement()
        .asString()
        .contains("triggers[1]", "a second webhook 'webhook'; give each a `name`");
  }

  @Test
  void itStandsAlone() {
    assertThat(Texts.bad(Texts.job("triggers:\n  - {webhook: {secret: '${env:A}'}, every: 1h}")))
        .singleElement()
        .asString()
        .contains("every");
  }

  /** A stage has a run, and no request. */
  @Test
  void onlyWebhooksReadRequests() {
    assertThat(Texts.bad("id: x\nstages:\n- {id: a, run: h, with: {b: '${{ body.id }}'}}"))
        .singleElement()
        .asString()
        .contains("unknown name 'body'");
  }
}
