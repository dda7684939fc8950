package dev.millrace.expression;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No expression, however meant, takes long or grows large. */
final class ExpressionBoundsTest {
  private static final int SECONDS_MAX = 30;

  private static final Bindings BIG =
      Given.builder()
          .params("{\"name\": \"" + "a".repeat(500_000) + "\", \"tags\": " + numbers() + "}")
          .stage("load", Given.succeeded(numbers()))
          .build();

  private static String numbers() {
    return IntStream.range(0, 100_000)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "range(1000).map(i, range(1000).map(j, j)).size()",
        "range(100000).exists(i, i < 0) || range(100000).exists(i, i < 0) || range(9).exists(i, i < 0)",
        "range(50000).map(i, params.tags == stages.load.output).size()",
        "range(100000).map(i, params.name + 'x').size()",
        "range(100000).map(i, {'number': i})",
        "range(1000).map(i, range(1000))",
        "params.name.replace('a', 'bbbbbbbbbbbbbbb')",
        "params.name.replace('', 'bbbbbbbbbbbbbbb')",
        "[params.name, params.name, params.name].join('')",
        "range(100000).exists(i, 'x'.matches('(a{10}){10}(a{10}){10}(a{10}){10}(a{10}){10}'))",
        "params.name.contains(params.name + 'b')",
      })
  void isRefusedInTime(String source) {
    Expression expression = Given.any(source);
    assertTimeoutPreemptively(
        ofSeconds(SECONDS_MAX),
        () ->
            assertThatThrownBy(() -> expression.evaluate(BIG))
                .isInstanceOf(ExpressionException.class)
                .hasMessageMatching("(?s).*(too much work|more than|longer than|exceeds).*"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "range(100000).size() == 100000",
        "range(100000).map(i, i * 2).filter(i, i % 4 == 0).size() == 50000",
        "range(100000).map(i, params.tags[i]).size() == 100000",
        "range(100000).all(i, stages.load.output[i] == i)",
        "range(100000).sortBy(i, -i)[0] == 99999",
        "range(100000).map(i, string(i)).join(',').size() == 588889",
        "params.tags.distinct().size() == 100000",
        "[params.name.split('')].map(l, range(50000).map(i, l[i]).size() == 50000)[0]",
        "range(100000).all(i, 'x'.matches('^[a-z]+$'))",
      })
  void manyItemsAreFine(String source) {
    Expression expression = Given.any(source);
    assertTimeoutPreemptively(
        ofSeconds(SECONDS_MAX), () -> assertThat(expression.test(BIG)).isTrue());
  }

  @Test
  void aListForAStageMayHaveAHundredThousandItems() {
    assertThat(Given.any("range(100000)").evaluate(BIG)).hasSize(100_000);
  }

  @Test
  void doublingDoesNotExplode() {
    String strings = "['xxxxxxxxxx']" + ".map(s, s + s)".repeat(20) + ".size()";
    String lists = "[dyn(1)]" + ".map(x, [x, x, x, x])".repeat(14);
    String views = "[['x']]" + ".map(x, [x, x].map(y, y))".repeat(10);
    assertRefused(strings);
    assertRefused(lists);
    assertRefused("(" + lists + ") == (" + lists + ")");
    assertRefused(
        "["
            + views
            + "].map(v, v.flatten(20)).map(v, v + v).map(v, [v, v, v] == [v])"
            + "+ ["
            + views
            + ".map(v, [v, v, v, v, v, v, v, v].map(w, [w, w, w, w, w, w, w, w]))]");
  }

  private static void assertRefused(String source) {
    assertTimeoutPreemptively(
        ofSeconds(SECONDS_MAX),
        () ->
            assertThatThrownBy(() -> Given.any(source).evaluate(BIG))
                .isInstanceOf(ExpressionException.class));
  }

  @Test
  void depthIsBounded() {
    for (String bomb :
        new String[] {
          "(".repeat(2_000) + "1" + ")".repeat(2_000),
          "[".repeat(2_000) + "]".repeat(2_000),
          "{'a':".repeat(800) + "1" + "}".repeat(800),
          "1" + "+1".repeat(2_000),
          "params" + ".a".repeat(2_000),
          "size(".repeat(800) + ")".repeat(800),
          "true?".repeat(400) + "1" + ":2".repeat(400),
        }) {
      assertRefused(bomb);
    }
    assertThat(Given.json("!".repeat(4_000) + "true")).isEqualTo("true");
    assertThat(Given.json("'" + "x".repeat(4_000) + "'.size()")).isEqualTo("4000");
  }

  @Test
  void lengthIsBounded() {
    assertThatThrownBy(() -> Given.any(" ".repeat(4_096) + "1"))
        .hasMessage("the expression is longer than 4096 characters");
    assertThatThrownBy(() -> Given.any("range(9).all(i, " + "i > 0 && ".repeat(200) + "true)"))
        .hasMessageContaining("the loops are too long");
  }

  @Test
  void whatIsReadIsBoundedInDepth() {
    Bindings deep = Given.builder().item("[".repeat(100) + "]".repeat(100), 0).build();
    assertThatThrownBy(() -> Given.any("item").evaluate(deep))
        .isInstanceOf(ExpressionException.class)
        .hasMessageContaining("item is not readable JSON");
  }

  @Test
  void aFailureOfAFunctionDoesNotQuoteAMegabyte() {
    assertThatThrownBy(() -> Given.any("int(params.name)").evaluate(BIG))
        .satisfies(failure -> assertThat(failure.getMessage()).hasSizeLessThan(600));
  }

  @Property(tries = 500)
  void anythingIsAnExpressionOrAnExpressionException(
      @ForAll @StringLength(max = 30) @CharRange(from = ' ', to = '~') String source) {
    try {
      Given.any(source).evaluate(Given.bindings());
    } catch (ExpressionException told) {
      assertThat(told.getMessage()).isNotBlank();
      assertThat(told.position()).isBetween(-1, source.length());
    }
  }
}
