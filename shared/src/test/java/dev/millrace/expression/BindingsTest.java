package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is parsed, and when. */
final class BindingsTest {
  @Test
  void whatIsNotReadIsNotParsed() {
    Bindings bindings =
        Bindings.builder()
            .params("broken {")
            .stage("load", Given.succeeded("broken ["))
            .stage("discover", Given.succeeded("[1]"))
            .item("broken", 0)
            .build();
    assertThat(Given.any("stages.discover.output[0]").evaluate(bindings)).hasToString("1");
    assertThat(Given.any("stages.load.state").evaluate(bindings)).hasToString("\"succeeded\"");
    assertThat(Given.any("true || params.dry_run").test(bindings)).isTrue();
    assertThatThrownBy(() -> Given.any("params.name").evaluate(bindings))
        .isInstanceOf(ExpressionException.class)
        .hasMessageStartingWith("'params.name': params is not readable JSON");
    assertThatThrownBy(() -> Given.any("stages.load.output == 1").evaluate(bindings))
        .isInstanceOf(ExpressionException.class)
        .hasMessageContaining("stages.load.output is not readable JSON");
  }

  @Test
  void onlyStagesThatAreReadAreLookedUp() {
    List<String> asked = new ArrayList<>();
    Bindings bindings =
        Bindings.builder()
            .stages(
                id -> {
                  asked.add(id);
                  return Given.succeeded("{\"n\": 1}");
                })
            .build();
    assertThat(Given.any("stages.load.output.n + 1").evaluate(bindings)).hasToString("2");
    assertThat(asked).containsOnly("load");
  }

  @Test
  void anOutputIsParsedOnceForAllItems() {
    Bindings first = Given.builder().stage("load", Given.succeeded("{\"n\": 1}")).build();
    JsonNode seen = Given.any("stages.load.output").evaluate(first);
    Bindings second = first.withItem("\"other\"", 8);
    assertThat(Given.any("stages.load.output").evaluate(second)).isSameAs(seen);
    assertThat(Given.any("item + string(index)").evaluate(second).textValue()).isEqualTo("other8");
    assertThat(Given.any("index").evaluate(first)).hasToString("3");
  }

  @Test
  void aNumberThatDoesNotFitSaysSo() {
    Bindings bindings = Bindings.builder().params("{\"count\": 9223372036854775808}").build();
    assertThatThrownBy(() -> Given.any("params.count + 1").evaluate(bindings))
        .hasMessageContaining("params.count is 9223372036854775808, which does not fit 64 bits");
  }

  @Test
  void whatWasNotGivenSaysSo() {
    Bindings empty = Bindings.builder().build();
    assertThatThrownBy(() -> Given.any("run.id").evaluate(empty))
        .hasMessageContaining("run.id is not known here");
    assertThatThrownBy(() -> Given.any("item").evaluate(empty))
        .hasMessageContaining("there is no item here");
  }
}
