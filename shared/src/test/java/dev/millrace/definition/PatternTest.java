package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Patterns, and the jobs that are made of them. */
class PatternTest {
  private static final String COPY =
      """
      pattern: copy
      description: Copies $[[ table ]]
      params:
        table: {type: string, required: true}
        hour: {type: integer, default: 3}
        pool: {type: string, default: default}
        tags: {type: array, default: [a]}
        dry: {type: boolean, default: false}
        since: string
        key: {type: string, secret: true}
      triggers:
        - cron: "0 $[[ hour ]] * * *"
      priority: $[[ hour ]]
      labels: {kind: copy, table: "$[[ table ]]"}
      stages:
        - id: read
          run: sql
          pool: $[[ pool ]]
          with: {table: "$[[ table ]]", tags: "$[[ tags ]]", since: "${{ params.since }}"}
          timeout: $[[ hour ]]m
        - id: write
          run: sql
          needs: [read]
          if: stages.read.output.n > $[[ hour ]] && params.key != ""
          with: {dry: "$[[ dry ]]", note: "${{ stages.read.output.note == $[[ table ]] }}"}
      """;

  /** A few patterns, each of one version or more. */
  private static final class Kept implements PatternSource {
    private final Map<String, List<String>> texts = new HashMap<>();

    Kept with(String place, String... versions) {
      texts.put(place, List.of(versions));
      return this;
    }

    @Override
    public Optional<Found> find(String namespace, String name, Integer version) {
      List<String> versions = texts.get(namespace + "/" + name);
      if (versions == null) {
        return Optional.empty();
      }
      int number = version == null ? versions.size() : version;
      return Optional.of(
          number > versions.size()
              ? new Found(versions.size(), null)
              : new Found(number, pattern(versions.get(number - 1))));
    }
  }

  private static PatternDefinition pattern(String text) {
    var result = new PatternReader().read(text, "copy.yaml");
    assertThat(result).as("%s", result).isInstanceOf(PatternReader.Result.Ok.class);
    return ((PatternReader.Result.Ok) result).pattern();
  }

  private static List<String> badPattern(String text) {
    var result = new PatternReader().read(text, "copy.yaml");
    assertThat(result).as("%s", result).isInstanceOf(PatternReader.Result.Bad.class);
    return ((PatternReader.Result.Bad) result).problems().stream().map(Problem::toString).toList();
  }

  private static final PatternSource KEPT = new Kept().with("default/copy", COPY);

  private static DefinitionReader.Result.Ok ok(String text) {
    var result = new DefinitionReader(KEPT).read(text, "job.yaml");
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Ok.class);
    assertThat(SchemaTest.problems(text, "job.yaml")).isEmpty();
    return (DefinitionReader.Result.Ok) result;
  }

  private static List<String> bad(PatternSource patterns, String text) {
    var result = new DefinitionReader(patterns).read(text, "job.yaml");
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Bad.class);
    return ((DefinitionReader.Result.Bad) result)
        .problems().stream().map(Problem::toString).toList();
  }

  @Test
  void aJobIsWhatThePatternSaysWithItsValues() {
    var read =
        ok(
            """
            id: orders
            uses: copy
            with: {table: orders, hour: 5, tags: [x, "y"], dry: true, since: "2026"}
            """);
    JobDefinition plain =
        Texts.ok(
            """
            id: orders
            description: Copies orders
            params:
              since: {type: string, default: "2026"}
              key: {type: string, secret: true}
            triggers: [{cron: "0 5 * * *"}]
            priority: 5
            labels: {kind: copy, table: orders}
            stages:
              - id: read
                run: sql
                with: {table: orders, tags: [x, "y"], since: "${{ params.since }}"}
                timeout: 5m
              - id: write
                run: sql
                needs: [read]
                if: stages.read.output.n > 5 && params.key != ""
                with: {dry: true, note: '${{ stages.read.output.note == "orders" }}'}
            """);
    assertThat(read.job()).isEqualTo(plain);
    assertThat(read.origin().pattern()).isEqualTo("copy");
    assertThat(read.origin().version()).isEqualTo(1);
    assertThat(read.origin().writtenJson())
        .isEqualTo(
            "{\"id\":\"orders\",\"uses\":\"copy\",\"with\":{\"table\":\"orders\",\"hour\":5,"
                + "\"tags\":[\"x\",\"y\"],\"dry\":true,\"since\":\"2026\"}}");
  }

  @Test
  void whatTheJobSaysItselfStandsInPlaceOfThePattern() {
    var job =
        ok("""
            id: orders
            namespace: shop
            description: Mine
            uses: copy@1
            with: {table: orders}
            triggers: [{every: 1h}]
            labels: {table: mine, team: shop}
            overlap: skip
            """)
            .job();
    assertThat(job.namespace()).isEqualTo("shop");
    assertThat(job.description()).isEqualTo("Mine");
    assertThat(job.triggers()).singleElement().asString().contains("PT1H");
    assertThat(job.labels())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("kind", "copy", "table", "mine", "team", "shop"));
    assertThat(job.priority()).isEqualTo(3);
    assertThat(job.rules().overlap().kind().name()).isEqualTo("SKIP");
    assertThat(job.params()).extracting(ParamDefinition::name).containsExactly("since", "key");
  }

  @Test
  void anErrorNamesBothPlaces() {
    assertThat(
            bad(
                KEPT,
                """
                id: orders
                uses: copy
                with:
                  table: orders
                  hour: 99
                  pool: "a b"
                """))
        .satisfiesExactly(
            cron ->
                assertThat(cron)
                    .startsWith("job.yaml:5:9: triggers[0].cron: ")
                    .contains("99")
                    .endsWith("(put into the pattern copy@1, line 12, column 11)"),
            priority ->
                assertThat(priority)
                    .isEqualTo(
                        "job.yaml:5:9: priority: 99 is not in 0..9 (put into the pattern copy@1, line"
                            + " 13, column 11)"),
            pool ->
                assertThat(pool)
                    .startsWith("job.yaml:6:9: stages[0].pool: 'a b' is not possible")
                    .endsWith("(put into the pattern copy@1, line 18, column 11)"));
  }

  @Test
  void whatIsWrongWithoutAValueIsToldAtTheUse() {
    PatternSource patterns =
        new Kept()
            .with(
                "default/p",
                "pattern: p\nparams: {n: integer}\nstages:\n- {id: a, run: h, needs: [$[[ n ]]]}"
                    .replace("[$[[ n ]]]", "['$[[ n ]]']"));
    assertThat(bad(patterns, "id: x\nuses: p\nwith: {n: 7}"))
        .singleElement()
        .asString()
        .startsWith("job.yaml:3:11: stages[0].needs")
        .contains("'7'", "(put into the pattern p@1, line 4, column 27)");
  }

  @Test
  void wrongValuesAreToldBeforeAnythingElse() {
    assertThat(
            bad(
                KEPT,
                """
                id: orders
                uses: copy
                with: {tabel: orders, hour: five, key: s3cret, tags: x}
                """))
        .containsExactly(
            "job.yaml:2:7: uses: the pattern copy@1 needs the parameter 'table'; write it in `with`",
            "job.yaml:3:8: with.tabel: the pattern copy@1 has no such parameter, did you mean 'table'?;"
                + " it has dry, hour, key, pool, since, table, tags",
            "job.yaml:3:29: with.hour: must be of type integer, as the pattern copy@1 says, not text",
            "job.yaml:3:40: with.key: is secret in the pattern copy@1; give it when a run starts, not in"
                + " the job",
            "job.yaml:3:54: with.tags: must be of type array, as the pattern copy@1 says, not text");
  }

  @Test
  void whatThePatternSaysTheJobDoesNot() {
    assertThat(
            bad(
                KEPT,
                "id: x\nuses: copy\nwith: {table: t}\nstages: [{id: a, run: h}]\nparams: {a: string}"))
        .hasSize(2)
        .allSatisfy(problem -> assertThat(problem).contains("is what the pattern says"));
  }

  @Test
  void anUnknownKeyInAPatternIsToldWhereTheJobUsesIt() {
    // A version of the language that no longer knows a key: the pattern was taken, the job is not.
    PatternDefinition old = pattern("pattern: p\nstages: [{id: a, run: h}]");
    Doc.Mapping root =
        (Doc.Mapping)
            new DocParser(new Problems("p"))
                .parse("pattern: p\nprority: 1\nstages: [{id: a, run: h}]", false)
                .orElseThrow();
    PatternDefinition bad =
        new PatternDefinition("p", "default", "", List.of(), java.util.Set.of(), root);
    assertThat(old.params()).isEmpty();
    assertThat(bad((n, name, v) -> Optional.of(new PatternSource.Found(4, bad)), "id: x\nuses: p"))
        .containsExactly(
            "job.yaml:2:7: prority: unknown key, did you mean 'priority'? (in the pattern p@4, line 2,"
                + " column 1)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nobody   | nobody' in the namespace shop or default",
        "copy@9   | copy' has no version 9; its newest is 1",
        "copy@0   | copy@0' is not the name of a pattern",
        "'\"@1\"'  | @1' is not the name of a pattern",
        "a b      | a b' is not the name of a pattern",
        "[copy]   | must be text, not a list",
      })
  void aPatternThatIsNotThereIsSaid(String uses, String message) {
    assertThat(bad(KEPT, "id: x\nnamespace: shop\nuses: " + uses))
        .singleElement()
        .asString()
        .startsWith("job.yaml:3:7: uses: ")
        .contains(message);
  }

  @Test
  void theJobsOwnNamespaceIsLookedIntoFirst() {
    String named = "pattern: p\ndescription: %s\nstages: [{id: a, run: h}]";
    PatternSource patterns =
        new Kept()
            .with("default/p", named.formatted("common"), named.formatted("newer"))
            .with("shop/p", named.formatted("own"));
    var reader = new DefinitionReader(patterns);
    assertThat(description(reader.read("id: x\nnamespace: shop\nuses: p", "x"))).isEqualTo("own");
    assertThat(description(reader.read("id: x\nuses: p", "x", "shop"))).isEqualTo("own");
    assertThat(description(reader.read("id: x\nuses: p", "x"))).isEqualTo("newer");
    assertThat(description(reader.read("id: x\nuses: p@1", "x"))).isEqualTo("common");
    assertThat(description(reader.read("id: x\nnamespace: other\nuses: p", "x")))
        .isEqualTo("newer");
  }

  private static String description(DefinitionReader.Result result) {
    return ((DefinitionReader.Result.Ok) result).job().description();
  }

  @Test
  void aPatternIsJudgedByItselfAsFarAsThatIsPossible() {
    assertThat(
            badPattern(
                """
                pattern: copy
                params:
                  table: {type: string, required: true}
                  list: array
                  secret: {type: string, secret: true}
                prority: 3
                stages:
                  - id: a
                    run: sql
                    with:
                      a: "$[[ tabel ]]"
                      b: "$[[ secret ]]"
                      c: "all of $[[ list ]]"
                      d: "$[[ ]]"
                      "$[[ table ]]": e
                """))
        .containsExactly(
            "copy.yaml:11:10: stages[0].with.a: the pattern has no parameter 'tabel', did you mean"
                + " 'table'?; `params` lists them",
            "copy.yaml:12:10: stages[0].with.b: 'secret' is secret and would be readable in each job;"
                + " read it with ${{ params.secret }}",
            "copy.yaml:13:10: stages[0].with.c: 'list' is an array; it must stand alone",
            "copy.yaml:14:10: stages[0].with.d: '$[[' is not followed by a parameter's name and ']]'",
            "copy.yaml:15:7: stages[0].with.$[[ table ]]: a parameter cannot stand in a key");
    assertThat(badPattern("pattern: p\nprority: 3\nstages: [{id: a, run: h, needs: [b]}]"))
        .containsExactly(
            "copy.yaml:2:1: prority: unknown key, did you mean 'priority'?",
            "copy.yaml:3:34: stages[0].needs[0]: unknown stage 'b'");
    assertThat(badPattern("pattern: p\nid: x\nstages: [{id: a, run: h}]"))
        .containsExactly("copy.yaml:2:1: id: a pattern has no `id`");
    assertThat(
            badPattern(
                "pattern: p\nparams: {hour: {type: integer, default: 77}}\ntriggers:"
                    + " [{cron: '0 $[[ hour ]] * * *'}]\nstages: [{id: a, run: h}]"))
        .as("a default is a value that can be wrong")
        .singleElement()
        .asString()
        .startsWith("copy.yaml:3:19: triggers[0].cron");
  }

  @Test
  void whereASampleStandsNothingIsSaid() {
    pattern(
        """
        pattern: p
        params: {when: string, how-long: string, zone: string, urls: string, ids: array, over: string}
        triggers: [{cron: "$[[ when ]]", timezone: "$[[ zone ]]"}]
        overlap: $[[ over ]]
        stages:
          - id: a
            run: h
            timeout: $[[ how-long ]]
            for-each: $[[ urls ]]
          - {id: b, run: command, needs: [a], with: {argv: "$[[ ids ]]"}}
        """);
  }

  /** What is put in by the job is one thing, what a run is given another. */
  @Test
  void aParameterIsReadWhenTheJobIsLoadedOrWhenARunStarts() {
    PatternDefinition copy = pattern(COPY);
    assertThat(copy.loadTime()).containsExactlyInAnyOrder("table", "hour", "pool", "tags", "dry");
    assertThat(
            badPattern(
                "pattern: p\nparams: {a: {type: string, default: x}}\nstages:\n"
                    + "- {id: a, run: h, with: {x: '$[[ a ]]', y: '${{ params.a }}'}}"))
        .singleElement()
        .asString()
        .startsWith("copy.yaml:4:44: stages[0].with.y: ");
  }

  @Test
  void aValueInAnExpressionIsALiteral() {
    PatternSource patterns =
        new Kept()
            .with(
                "default/p",
                """
                pattern: p
                params: {s: string, o: object, l: array}
                stages:
                  - id: a
                    run: h
                    for-each: ${{ $[[ l ]] }}
                    with:
                      a: "${{ $[[ s ]] + '}}' + $[[ s ]] }} $[[ s ]]"
                      b: "${{ $[[ o ]].k }}"
                """);
    var read =
        new DefinitionReader(patterns)
            .read("id: x\nuses: p\nwith: {s: 'a\"b}}', o: {k: {n: 1}}, l: [1, 2]}", "x");
    var stage = ((DefinitionReader.Result.Ok) read).job().stages().getFirst();
    assertThat(stage.rules().forEach()).isEqualTo("[1,2]");
    assertThat(stage.withJson())
        .isEqualTo(
            "{\"a\":\"${{ \\\"a\\\\\\\"b}}\\\" + '}}' + \\\"a\\\\\\\"b}}\\\" }} a\\\"b}}\","
                + "\"b\":\"${{ {\\\"k\\\":{\\\"n\\\":1}}.k }}\"}");
  }

  @Test
  void theMetadataFormNamesItsPatternInItsMetadata() {
    var read =
        ok(
            """
            {"job": {"name": "Weekly Report", "metadata": {
              "scheduling": {"cron": "0 9 * * 1", "timezone": "America/New_York",
                "retry_policy": {"max_attempts": 5, "backoff": "exponential"}},
              "service_specific": {"scheduler": {"pattern_id": "report", "job_priority": 3}},
              "tags": ["x"]}}}
            """,
            new Kept()
                .with("default/report", "pattern: report\nstages: [{id: a, run: report.make}]"));
    JobDefinition job = read.job();
    assertThat(job.id()).isEqualTo("weekly-report");
    assertThat(job.description()).isEqualTo("Weekly Report");
    assertThat(job.stages().getFirst().handler()).isEqualTo("report.make");
    assertThat(job.stages().getFirst().retry().maxAttempts()).isEqualTo(5);
    assertThat(job.triggers()).singleElement().asString().contains("0 9 * * 1", "America/New_York");
    assertThat(job.metadataJson()).contains("\"job_priority\":3", "\"tags\":[\"x\"]");
    assertThat(read.origin().pattern()).isEqualTo("report");
    assertThat(read.origin().writtenJson()).startsWith("{\"job\":{\"name\":\"Weekly Report\"");
    assertThat(
            bad(
                KEPT,
                "{\"job\":{\"name\":\"a\",\"metadata\":{\"scheduling\":{\"cron\":\"nope\",\"dependencies\":[\"a\"]},"
                    + "\"service_specific\":{\"scheduler\":{\"pattern_id\":\"copy\"}}}}}"))
        .anySatisfy(problem -> assertThat(problem).contains("'nope' has 1 fields"))
        .anySatisfy(problem -> assertThat(problem).contains("a job cannot wait for itself"));
  }

  private static DefinitionReader.Result.Ok ok(String text, PatternSource patterns) {
    var result = new DefinitionReader(patterns).read(text, "job.json");
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Ok.class);
    return (DefinitionReader.Result.Ok) result;
  }

  @Test
  void whereNoPatternsAreKnownTheRestIsChecked() {
    var good = DefinitionReader.check("id: x\nuses: copy\nwith: {a: 1}", "x.yaml");
    assertThat(good.problems()).isEmpty();
    assertThat(good.id()).isEqualTo("x");
    assertThat(good.kind()).isEqualTo(DefinitionReader.Kind.JOB);
    var wrong = DefinitionReader.check("id: x y\nuses: copy@\nwith: []\nstages: []", "x.yaml");
    assertThat(wrong.problems()).hasSize(4);
    var made = DefinitionReader.check(COPY, "x.yaml");
    assertThat(made.kind()).isEqualTo(DefinitionReader.Kind.PATTERN);
    assertThat(made.id()).isEqualTo("copy");
    assertThat(made.problems()).isEmpty();
    assertThat(DefinitionReader.check("id: x\nstages: [{id: a, run: h}]", "x.yaml").id())
        .isEqualTo("x");
    assertThat(DefinitionReader.check("- a", "x.yaml").problems()).hasSize(1);
    assertThat(Texts.bad("id: x\nuses: copy")).singleElement().asString().contains("millrace plan");
    assertThat(Texts.bad(COPY)).singleElement().asString().contains("is a pattern and no job");
  }

  @Test
  void equalPatternsAreEqualWhateverTheyAreWrittenIn() {
    String yaml = "pattern: p\nstages:\n- id: a\n  run: h # a comment\n";
    String json = "{\"pattern\": \"p\", \"stages\": [{\"id\": \"a\", \"run\": \"h\"}]}";
    assertThat(pattern(yaml).json()).isEqualTo(pattern(json).json());
    assertThat(SchemaTest.problems(COPY, "copy.yaml")).isEmpty();
    assertThat(SchemaTest.problems("pattern: p\nprority: 3\nstages: []", "x.yaml")).isNotEmpty();
    assertThat(SchemaTest.problems("id: x\nuses: copy\nstages: []", "x.yaml")).isNotEmpty();
  }
}
