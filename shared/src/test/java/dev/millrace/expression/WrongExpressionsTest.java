package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What wrong expressions are told. */
final class WrongExpressionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "`` | 0 | the expression is empty",
        "1 + | 3 | the expression ends too early",
        "size( | 5 | the expression ends too early",
        "[1,,2] | 3 | unexpected ','",
        "1 = 1 | 2 | unexpected '='; equality is ==",
        "true and false | 5 | unexpected 'and'; write &&",
        "true or false | 5 | unexpected 'or'; write ||",
        "true & false | 5 | and is &&, or is ||",
        "'abc | 0 | a string does not end; its quote ' is missing",
        "$x | 0 | unexpected '$'",
        "if x | 0 | reserved identifier: if",
        "parms.name | 0 | unknown name 'parms', did you mean 'params'?",
        "1 + itm.url | 4 | unknown name 'itm', did you mean 'item'?",
        "range(3).map(i, j) | 16 | unknown name 'j'",
        "params.nme | 0 | unknown parameter 'nme', did you mean 'name'?",
        "has(params.nme) | 4 | unknown parameter 'nme', did you mean 'name'?",
        "params['nme'] | 0 | unknown parameter 'nme'",
        "params.my-param | 0 | write params[\"my-param\"]",
        "true && stages.web-scrape.output | 8 | write stages[\"web-scrape\"]",
        "stages.a.b.output | 0 | write stages[\"a.b\"]",
        "stages.discovr.output | 0 | stage 'discovr' cannot be read here, did you mean 'discover'?",
        "stages.discover.outptu | 0 | a stage has no 'outptu', did you mean 'output'?",
        "has(stages.discover.nothing) | 4 | a stage has no 'nothing'; there is completed, error,",
        "stages | 0 | must be followed by the id of a stage",
        "stages[item.url].output | 0 | must be followed by the id of a stage",
        "run | 0 | 'run' must be followed by one of attempt, created_at,",
        "run.jb | 0 | run has no 'jb', did you mean 'job'?",
        "has(run.scheduled_for) | 4 | compare with null",
        "error.clas | 0 | error has no 'clas', did you mean 'class'?",
        "foo(1) | 0 | unknown function 'foo'",
        "true || sise([1]) > 0 | 8 | unknown function 'sise', did you mean 'size'?",
        "math.gretest(1, 2) | 5 | unknown function 'math.gretest', did you mean 'math.greatest'?",
        "params.name + 1 | 12 | '+' does not work on (string, int); string(...) makes a string",
        "params.tags + 'x' | 12 | '+' does not work on (list(dyn), string)",
        "params.name > 1 | 12 | '>' does not work on (string, int)",
        "params.name == 1 | 12 | '==' does not work on (string, int)",
        "!params.name | 0 | '!' does not work on (string)",
        "params.name ? 1 : 2 | 12 | '? :' does not work on (string, int, int)",
        "run.created_at + 1 | 15 | '+' does not work on (timestamp, int)",
        "size(5) | 4 | 'size' does not work on (int)",
        "thing{a: 1} | 5 | there are no messages; a map is {\"name\": value}",
        "google.protobuf.Struct{} | 22 | there are no messages",
        "type(1) | 0 | must give a value, but gives type",
        "`\"ü€😀\" + 1` | 7 | '+' does not work on (string, int)",
      })
  void isToldWhatIsWrong(String source, int position, String message) {
    ExpressionException told =
        catchThrowableOfType(
            ExpressionException.class, () -> Given.any(source == null ? "" : source));
    assertThat(told).hasMessageContaining(message);
    assertThat(told.position()).isEqualTo(position);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "BOOL | params.count | must give true or false, but gives int",
        "BOOL | 'true' | must give true or false, but gives string",
        "LIST | params.labels | must give a list, but gives map",
        "TEXT | params.tags | must give a string, number, time or bool, but gives list",
        "TEXT | null | must give a string, number, time or bool, but gives null",
        "NUMBER | params.name | must give a number, but gives string",
      })
  void mustBeOfTheKindThatIsWanted(Expression.Kind kind, String source, String message) {
    assertThat(
            catchThrowableOfType(
                ExpressionException.class, () -> Expression.compile(source, Given.SCOPE, kind)))
        .hasMessageContaining(message);
  }

  @Test
  void someNamesExistInSomePlacesOnly() {
    assertThat(told("item")).contains("only in a stage that runs for each item");
    assertThat(told("index + 1")).contains("only in a stage that runs for each item");
    assertThat(told("error.class")).contains("in rules for retries only");
    assertThat(told("params.x")).contains("unknown parameter 'x'; there are none");
    assertThat(told("stages.x.output")).contains("'x' cannot be read here; there are none");
  }

  private static String told(String source) {
    return catchThrowableOfType(
            ExpressionException.class,
            () -> Expression.compile(source, Scope.NONE, Expression.Kind.ANY))
        .getMessage();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "1 / (params.count - params.count) | division by zero",
        "9223372036854775807 + 1 | a number does not fit 64 bits",
        "params.labels.zz | there is no 'zz' in the value; test it with has()",
        "params.labels['zz'] | there is no 'zz' in the value",
        "params.tags[9] | the list has no such element",
        "item.page.x | 'x' is asked of a value that is not an object",
        "params.note | params.note was not given; test it with has(params.note)",
        "params.note + 'x' | params.note was not given",
        "item.page + 'x' | '+' does not work on values of these types",
        "stages['web-scrape'].output + 1 | '+' does not work on values of these types",
        "stages.load.output | stage 'load' has no result",
        "stages.load.state == 'x' | stage 'load' has no result",
        "int('x') | cannot be converted",
        "timestamp('x') | cannot be converted",
        "'x'.matches('[') | error parsing regexp",
        "'x'.charAt(5) | Index out of range",
        "range(-1) | range(-1) is not within 0 to 100000",
        "range(100001) | range(100001) is not within 0 to 100000",
        "1.0 / 0.0 | the result is Infinity, which JSON cannot say",
        "[double('NaN')] | the result is NaN, which JSON cannot say",
      })
  void anEvaluationThatFailsNamesTheExpression(String source, String message) {
    Expression expression = Given.any(source);
    assertThat(
            catchThrowableOfType(
                ExpressionException.class, () -> expression.evaluate(Given.bindings())))
        .hasMessageStartingWith("'" + source + "': ")
        .hasMessageContaining(message);
  }
}
