package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.model.Requirement;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a job waits for of others, as it is written. */
class JobNeedsTest {
  private static final String TRIGGER = "params: {p: string}\ntriggers:\n- %s";

  private static AfterTrigger after(String text) {
    JobDefinition job = Texts.ok(Texts.job(TRIGGER.formatted(text)));
    assertThat(job.triggers()).isEmpty();
    return (AfterTrigger) job.events().get(0);
  }

  private static Need.Stage completed(String job) {
    return new Need.Stage(job, Need.Is.COMPLETED);
  }

  @Test
  void aTriggerNamesJobsInAListOrInAMap() {
    assertThat(after("after: [a, other/b]").jobs())
        .isEqualTo(new Need.All(List.of(completed("a"), completed("other/b"))));
    assertThat(after("after: {all: [a], any: [b, {job: c, is: failed}], not: [d]}").jobs())
        .isEqualTo(
            new Need.All(
                List.of(
                    completed("a"),
                    new Need.Any(List.of(completed("b"), new Need.Stage("c", Need.Is.FAILED))),
                    new Need.Not(List.of(completed("d"))))));
    assertThat(after("after: {any: [a, {all: [b, c]}]}").jobs())
        .isEqualTo(
            new Need.Any(
                List.of(completed("a"), new Need.All(List.of(completed("b"), completed("c"))))));
  }

  @Test
  void freshnessMatchingAndParamsStandBesideIt() {
    AfterTrigger after =
        after(
            "{after: [a], within: 24h, match: day, timezone: Asia/Tokyo,"
                + " params: {p: '${{ after.a.run }}'}}");
    assertThat(after.within()).isEqualTo(Duration.ofHours(24));
    assertThat(after.match()).isEqualTo(Matching.DAY);
    assertThat(after.zone()).isEqualTo(ZoneId.of("Asia/Tokyo"));
    assertThat(after.params()).isEqualTo("{\"p\":\"${{ after.a.run }}\"}");
  }

  @Test
  void triggersByTimeAndByJobsStandInOneList() {
    JobDefinition job = Texts.ok(Texts.job("triggers: [{after: [a]}, {every: 1h}, {after: [b]}]"));
    assertThat(job.triggers()).hasSize(1);
    assertThat(job.events())
        .extracting(event -> ((AfterTrigger) event).jobs().stages().get(0))
        .containsExactly("a", "b");
    assertThat(DefinitionJson.toJson(job)).contains("\"events\":[{\"after\":{\"all\":[\"a\"]}}");
  }

  @Test
  void whatIsRequiredIsAListOrAMapWithItsRules() {
    Requirement list = Texts.ok(Texts.job("requires: [a, b]")).rules().requires();
    assertThat(list.jobs()).isEqualTo(Need.completed(List.of("a", "b")));
    assertThat(list.timeout()).isNull();
    Requirement map =
        Texts.ok(Texts.job("requires: {all: [a], within: 24h, match: planned, timeout: 2h}"))
            .rules()
            .requires();
    assertThat(map)
        .isEqualTo(
            new Requirement(
                Need.completed(List.of("a")),
                Duration.ofHours(24),
                Matching.PLANNED,
                Schedule.UTC,
                Duration.ofHours(2)));
    Need not =
        Texts.ok(Texts.job("requires: {not: [{job: a, is: failed}]}")).rules().requires().jobs();
    assertThat(not).isEqualTo(new Need.Not(List.of(new Need.Stage("a", Need.Is.FAILED))));
  }

  @Test
  void theMetadataFormsDependenciesAreRequired() {
    String form =
        "{\"job\": {\"name\": \"a\", \"metadata\": {\"scheduling\": {%s\"dependencies\":"
            + " [\"b\", \"c\"]}}}}";
    JobDefinition timed = Texts.ok(form.formatted("\"cron\": \"0 9 * * 1\", "));
    assertThat(timed.rules().requires().jobs()).isEqualTo(Need.completed(List.of("b", "c")));
    assertThat(timed.events()).as("time starts it").isEmpty();
    JobDefinition untimed = Texts.ok(form.formatted(""));
    assertThat(untimed.rules().requires().jobs()).isEqualTo(Need.completed(List.of("b", "c")));
    assertThat(((AfterTrigger) untimed.events().get(0)).jobs())
        .as("nothing else starts it")
        .isEqualTo(Need.completed(List.of("b", "c")));
    assertThat(Texts.bad(form.formatted("").replace("\"c\"", "\"a\"")))
        .singleElement()
        .asString()
        .contains("job.metadata.scheduling.dependencies[1]", "cannot wait for itself");
  }

  @Test
  void aNameWithoutANamespaceMeansTheJobsOwn() {
    assertThat(JobRef.of("a", "shop")).isEqualTo(new JobRef("shop", "a"));
    assertThat(JobRef.of("x/a", "shop")).isEqualTo(new JobRef("x", "a"));
    assertThat(JobRef.of("x/a", "shop").seenFrom("x")).isEqualTo("a");
    assertThat(JobRef.of("x/a", "shop").seenFrom("shop")).isEqualTo("x/a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          after: {not: [a]}                             | names no job that starts it
          after: {any: []}                              | is empty and can never be true; name a job
          after: [x]                                    | a job cannot wait for itself
          after: [default/x]                            | a job cannot wait for itself
          after: [a b]                                  | is no job: write its id, or namespace/id
          after: [{job: a, is: skipped}]                | is not one of completed, failed
          after: [{stage: a}]                           | unknown key
          after: a                                      | must be a list of jobs
          after: [[a]]                                  | must be a job or a map
          {after: [a], every: 1h}                       | has every and after; one trigger has one
          {after: [a], match: hour}                     | is not one of planned, day
          {after: [a], timezone: Asia/Tokyo}            | means nothing without `match: day`
          {after: [a], params: {p: '${{ after.b.run }}'}} | does not wait for a job 'b'
          {after: [a], params: {p: '${{ after.a.runs }}'}} | the run of a job has no 'runs'
          {every: 1h, params: {p: '${{ after.a.run }}'}} | exists in the params of an `after` trigger only
          {after: [a-b], params: {p: '${{ after.a-b.run }}'}} | write after["a-b"]
          """)
  void whatIsWrongIsSaidWithItsPlace(String trigger, String message) {
    assertThat(Texts.bad(Texts.job(TRIGGER.formatted(trigger))))
        .singleElement()
        .asString()
        .contains("triggers[0]", message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          requires: {within: 1h}          | names no job
          requires: []                    | names no job
          requires: {all: [x]}            | a job cannot wait for itself
          requires: {all: [a], timeout: 1ms} | must be at least 1000 ms
          requires: {all: [a], al: [b]}   | unknown key, did you mean 'all'
          """)
  void whatIsWrongWithARequirementIsSaidWithItsPlace(String rule, String message) {
    assertThat(Texts.bad(Texts.job(rule))).singleElement().asString().contains("requires", message);
  }
}
