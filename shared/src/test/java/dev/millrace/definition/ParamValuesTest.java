package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.ParamDefinition;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParamValuesTest {
  private static final List<ParamDefinition> DEFINITIONS =
      List.of(
          new ParamDefinition("listing", "string", true, null, false),
          new ParamDefinition("pages", "integer", false, "100", false),
          new ParamDefinition("share", "number", false, null, false));

  @Test
  void defaultsAreFilledIn() {
    assertThat(ParamValues.check(DEFINITIONS, "{\"share\":1.50,\"listing\":\"x\"}"))
        .isEqualTo(new ParamValues.Result.Ok("{\"listing\":\"x\",\"pages\":100,\"share\":1.50}"));
    assertThat(ParamValues.check(List.of(), null)).isEqualTo(new ParamValues.Result.Ok("{}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                            | params: listing: is required and was not given",
        "{'listing':1}                 | params: listing: must be of type string, not number",
        "{'listing':null}              | must be of type string, not null",
        "{'listing':'x','pages':1.5}   | must be of type integer",
        "{'listing':'x','page':1}      | no such parameter, did you mean 'pages'?",
        "[1]                           | must be a JSON object",
        "{'listing'                    | not JSON",
        "{'listing':'x','listing':'y'} | not JSON: Duplicate",
      },
      quoteCharacter = '"')
  void whatDoesNotFitIsRefused(String json, String expected) {
    var result = ParamValues.check(DEFINITIONS, json.replace('\'', '"'));
    assertThat(result).isInstanceOf(ParamValues.Result.Bad.class);
    assertThat(((ParamValues.Result.Bad) result).problems())
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }
}
