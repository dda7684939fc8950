package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Backoff;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class DefinitionJsonTest {
  @Property(tries = 300)
  void nothingIsLost(@ForAll("jobs") JobDefinition job) {
    String json = DefinitionJson.toJson(job);
    assertThat(DefinitionJson.fromJson(json)).isEqualTo(job);
    assertThat(DefinitionJson.toJson(DefinitionJson.fromJson(json))).isEqualTo(json);
    assertThat(DefinitionJson.hash(job)).hasSize(64);
  }

  @Property(tries = 300)
  void theReaderReadsItToo(@ForAll("jobs") JobDefinition job) {
    String json = DefinitionJson.toJson(job);
    assertThat(new DefinitionReader().read(json, "x.json"))
        .isEqualTo(new DefinitionReader.Result.Ok(job));
  }

  /** Groups, phases, conditions and all rules, which the jobs above do not have. */
  @Property(tries = 100)
  void theWholeLanguageIsReadAgain(@ForAll long seed) {
    JobDefinition job = RandomJobs.of(new Random(seed));
    String json = DefinitionJson.toJson(job);
    assertThat(DefinitionJson.fromJson(json)).isEqualTo(job);
    assertThat(new DefinitionReader().read(json, "x.json"))
        .isEqualTo(new DefinitionReader.Result.Ok(job));
  }

  @Provide
  Arbitrary<JobDefinition> jobs() {
    var ids = ids();
    var texts = Arbitraries.strings().ofMaxLength(20);
    return Combinators.combine(
            ids,
            ids,
            texts,
            params().list().uniqueElements(ParamDefinition::name).ofMaxSize(3),
            triggers().list().ofMaxSize(3),
            stages(),
            Arbitraries.maps(ids, texts).ofMaxSize(3),
            Arbitraries.of(null, "{\"a\":{\"b\":[1,1.50,null]}}", "{}"))
        .as(
            (id, namespace, description, params, triggers, stages, labels, metadata) ->
                new JobDefinition(
                    id,
                    namespace,
                    description,
                    params,
                    triggers,
                    stages.size() % 10,
                    stages,
                    labels,
                    metadata));
  }

  private static Arbitrary<String> ids() {
    return Arbitraries.strings().alpha().numeric().ofMinLength(1).ofMaxLength(10);
  }

  private static Arbitrary<ParamDefinition> params() {
    return Combinators.combine(
            Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(8),
            Arbitraries.of("\"a\\u0000\\\"ü\"", "\"\"", null),
            Arbitraries.of(true, false))
        .as(
            (name, standard, flag) ->
                new ParamDefinition(name, "string", standard == null && flag, standard, !flag));
  }

  private static Arbitrary<TriggerDefinition> triggers() {
    return Arbitraries.longs().map(seed -> new RandomTriggers(new Random(seed)).next());
  }

  private static Arbitrary<RetryPolicy> retries() {
    var durations = Arbitraries.longs().between(0, 1L << 40).map(Duration::ofNanos);
    return Combinators.combine(
            Arbitraries.integers().between(1, 1000),
            Arbitraries.of(Backoff.class),
            durations,
            Arbitraries.doubles().between(1, 1000),
            durations,
            Arbitraries.doubles().between(0, 1),
            Arbitraries.integers().between(0, 1000))
        .as(
            (attempts, backoff, initial, factor, more, jitter, lost) ->
                new RetryPolicy(
                    attempts, backoff, initial, factor, initial.plus(more), jitter, lost));
  }

  /** Each stage may need any of the earlier ones. */
  private static Arbitrary<List<StageDefinition>> stages() {
    var durations = Arbitraries.longs().between(1, 1L << 40).map(Duration::ofMillis);
    var one =
        Combinators.combine(
                ids(),
                ids(),
                retries(),
                durations.injectNull(0.5),
                durations.injectNull(0.5),
                Arbitraries.of("{}", "{\"x\":1.50,\"y\":[\"${\",{}]}", "{\"z\":null}"),
                Arbitraries.integers().between(0, 255))
            .as(
                (id, pool, retry, timeout, queueTimeout, with, needs) ->
                    Map.entry(
                        new StageDefinition(
                            id, "h." + id, pool, with, List.of(), retry, timeout, queueTimeout),
                        needs));
    return one.list()
        .uniqueElements(entry -> entry.getKey().id())
        .ofMinSize(1)
        .ofMaxSize(8)
        .map(DefinitionJsonTest::connected);
  }

  private static List<StageDefinition> connected(
      List<Map.Entry<StageDefinition, Integer>> entries) {
    List<StageDefinition> stages = new ArrayList<>();
    for (var entry : entries) {
      List<String> needs = new ArrayList<>();
      for (int i = 0; i < stages.size(); i++) {
        if ((entry.getValue() >>> i & 1) == 1) {
          needs.add(stages.get(i).id());
        }
      }
      StageDefinition s = entry.getKey();
      stages.add(
          new StageDefinition(
              s.id(),
              s.handler(),
              s.pool(),
              s.withJson(),
              needs,
              s.retry(),
              s.timeout(),
              s.queueTimeout()));
    }
    return stages;
  }
}
