package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What right expressions give. */
final class ExpressionTest {
  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "params.count                              | 9007199254740993",
        "params.count + 1                          | 9007199254740994",
        "params['count'] - 1                       | 9007199254740992",
        "params.ratio                              | 3",
        "params.ratio * 2                          | 6.0",
        "params.ratio == 3                         | true",
        "3 != params.ratio                         | false",
        "1 + 2.5                                   | 3.5",
        "7 / 2                                     | 3",
        "params.ratio / 2                          | 1.5",
        "-5 % 3                                    | -2",
        "params.name + '!'                         | \"Ada!\"",
        "params['my-param']                        | \"p\"",
        "params.`my-param`                         | \"p\"",
        "has(params.note)                          | false",
        "has(params.labels.team)                   | true",
        "params.labels.tier + 1                    | 3",
        "params.labels['team']                     | \"data\"",
        "params.tags[1]                            | \"y\"",
        "'y' in params.tags                        | true",
        "'team' in params.labels                   | true",
        "params.tags == ['x', 'y']                 | true",
        "params.labels == {'team': 'data', 'tier': 2} | true",
        "params.labels.map(key, key)               | [\"team\",\"tier\"]",
        "size(params)                              | 7",
        "stages.discover.output.pages.map(p, p.url) | [\"a\",\"b\"]",
        "stages.discover.output.pages[1].size + 0.5 | 2.5",
        "stages.discover.output.pages.filter(p, p.size > 1.7).size() | 1",
        "stages['web-scrape'].state                | \"failed\"",
        "stages[\"web-scrape\"].error_class        | \"timeout\"",
        "stages.`web-scrape`.error                 | \"too slow\"",
        "stages['web-scrape'].exit_code > 100      | true",
        "stages['web-scrape'].output == null       | true",
        "stages['web-scrape'].completed + stages['web-scrape'].failed | 9",
        "[stages.discover, stages['web-scrape']].all(s, s.items > 0)  | true",
        "stages['a.b'].output                      | 12345678901234567890",
        "run.id + '/' + run.job + '/' + run.namespace | \"0HZXW3V5K2Q8T/nightly/default\"",
        "run.scheduled_for == null                 | true",
        "run.created_at                            | \"2026-01-02T03:04:05Z\"",
        "run.created_at + duration('90s')          | \"2026-01-02T03:05:35Z\"",
        "run.created_at.getHours('Europe/Berlin')  | 4",
        "run.created_at > timestamp('2026-01-01T00:00:00Z') | true",
        "duration('90m')                           | \"5400s\"",
        "duration('1500ms')                        | \"1.5s\"",
        "run.created_at - run.created_at           | \"0s\"",
        "run.attempt                               | 2",
        "error.class == 'timeout' && error.exit_code == 124 | true",
        "error.message + string(error.attempt)     | \"too slow2\"",
        "item.url                                  | \"https://example.org\"",
        "index + 1                                 | 4",
        "range(3)                                  | [0,1,2]",
        "lists.range(2)                            | [0,1]",
        "range(3).map(i, {'n': i})                 | [{\"n\":0},{\"n\":1},{\"n\":2}]",
        "range(6).map(i, i % 2 == 0, i * 10)       | [0,20,40]",
        "range(3).map(i, range(i))                 | [[],[0],[0,1]]",
        "['a', 'b'].map(item, item + '!')          | [\"a!\",\"b!\"]",
        "range(9).exists_one(i, i == 3)            | true",
        "[3, 1, 2].sort()                          | [1,2,3]",
        "[{'a': 2}, {'a': 1}].sortBy(x, x.a)       | [{\"a\":1},{\"a\":2}]",
        "[[1], [2, 3]].flatten()                   | [1,2,3]",
        "[1, 1, 2].distinct()                      | [1,2]",
        "[1, 2, 3].slice(1, 3) + [4]               | [2,3,4]",
        "[1, 2].reverse()                          | [2,1]",
        "'a,b'.split(',')                          | [\"a\",\"b\"]",
        "['a', 'b'].join('-')                      | \"a-b\"",
        "' A '.trim().lowerAscii().replace('a', 'b') | \"b\"",
        "'v1.2'.matches('^v[0-9]')                 | true",
        "math.greatest(1, 2.5)                     | 2.5",
        "math.ceil(1.2)                            | 2.0",
        "string(7) + string(true)                  | \"7true\"",
        "int('42') + int(1.9)                      | 43",
        "params.dry_run ? 'dry' : 'wet'            | \"wet\"",
        "null                                      | null",
        "{1: 2}                                    | {\"1\":2}",
        "b'abc'                                    | \"YWJj\"",
        "18446744073709551615u                     | 18446744073709551615",
        "[1, 2.0, 'x', null]                       | [1,2.0,\"x\",null]",
        "range(2).exists(i, i > 0) || params.labels.zz | true",
      })
  void gives(String source, String json) {
    assertThat(Given.json(source)).isEqualTo(json);
  }

  @Test
  void aBareReferenceKeepsEveryDigit() {
    String odd = "{\"big\":123456789012345678901234567890,\"small\":1.10}";
    Bindings bindings = Given.builder().stage("load", Given.succeeded(odd)).build();
    assertThat(Given.any("stages.load.output").evaluate(bindings)).hasToString(odd);
    assertThat(Given.any("[stages.load.output][0]").evaluate(bindings)).hasToString(odd);
  }

  @Test
  void sixtyFourBitsAreKept() {
    for (long number : new long[] {Long.MIN_VALUE, -1, 0, 1L << 53 | 1, Long.MAX_VALUE}) {
      Bindings bindings = Given.builder().item(Long.toString(number), 0).build();
      JsonNode sum = Given.any("item + 0").evaluate(bindings);
      assertThat(sum.longValue()).isEqualTo(number);
    }
  }

  @Test
  void knowsWhatItReads() {
    Expression expression =
        Given.any("stages.discover.output.size() > 0 && stages['web-scrape'].failed == index");
    assertThat(expression.stages()).containsExactlyInAnyOrder("discover", "web-scrape");
    assertThat(expression.usesItem()).isTrue();
    assertThat(Given.any("params.tags.map(item, item)").usesItem()).isFalse();
    assertThat(Given.any("'stages.discover'").stages()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "params.name                    | Ada",
        "params.count                   | 9007199254740993",
        "params.ratio                   | 3",
        "params.dry_run                 | false",
        "item.page                      | 7",
        "run.created_at                 | 2026-01-02T03:04:05Z",
        "duration('90s')                | 90s",
        "params.ratio * 2               | 6.0",
      })
  void aKeyIsText(String source, String text) {
    Expression key = Expression.compile(source, Given.SCOPE, Expression.Kind.TEXT);
    assertThat(key.text(Given.bindings())).isEqualTo(text);
  }

  @Test
  void aConditionIsTrueOrFalseEvenWhenOnlyTheRunKnowsItsType() {
    Expression condition = Expression.compile("item", Given.SCOPE, Expression.Kind.BOOL);
    assertThat(condition.test(Given.builder().item("true", 0).build())).isTrue();
    Bindings text = Given.builder().item("\"true\"", 0).build();
    assertThatThrownBy(() -> condition.test(text))
        .isInstanceOf(ExpressionException.class)
        .hasMessage("'item': must give true or false, but gave a string");
  }

  @Test
  void theBracesComeOff() {
    assertThat(Expression.unwrap("${{ params.x }}")).isEqualTo("params.x");
    assertThat(Expression.unwrap("  ${{a}} ")).isEqualTo("a");
    assertThat(Expression.unwrap("params.x > 1")).isEqualTo("params.x > 1");
    assertThat(Expression.unwrap("${{ {'a': {'b': 1}} }}")).isEqualTo("{'a': {'b': 1}}");
    assertThat(Expression.unwrap("${{ '}}' }}")).isEqualTo("'}}'");
    assertThat(Expression.unwrap("x ${{ a }}")).isNull();
    assertThat(Expression.unwrap("${{ a }}${{ b }}")).isNull();
    assertThat(Expression.unwrap("${{ a")).isNull();
  }

  @Test
  void manyThreadsShareOne() throws Exception {
    Expression expression =
        Given.any("range(200).map(i, i * index).filter(i, i % 3 == 0).map(i, string(i)).join(',')");
    try (var threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Boolean>> work =
          IntStream.range(0, 200)
              .<Callable<Boolean>>mapToObj(n -> () -> expected(n).equals(actual(expression, n)))
              .toList();
      for (Future<Boolean> done : threads.invokeAll(work)) {
        assertThat(done.get()).isTrue();
      }
    }
  }

  private static String actual(Expression expression, int index) {
    return expression.evaluate(Given.builder().item("null", index).build()).textValue();
  }

  private static String expected(int index) {
    return String.join(
        ",",
        IntStream.range(0, 200)
            .map(i -> i * index)
            .filter(i -> i % 3 == 0)
            .mapToObj(Integer::toString)
            .toList());
  }
}
