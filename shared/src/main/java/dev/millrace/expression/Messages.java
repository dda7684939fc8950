package dev.millrace.expression;

import dev.cel.common.CelIssue;
import dev.cel.common.CelValidationException;
import dev.cel.runtime.CelEvaluationException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says what CEL has to say to people who know jobs but not CEL. Where a message is of a form not
 * known here, CEL's own words stay. Stateless, any thread.
 */
final class Messages {
  private static final int SOURCE_CHARS_SHOWN = 120;

  /** CEL quotes the arguments of a function that fails, however big they are. */
  private static final int DETAIL_CHARS_MAX = 300;

  private static final Pattern OVERLOAD =
      Pattern.compile("found no matching overload for '(.+?)' applied to '(.+?)' \\(candidates.*");

  private static final Pattern UNDECLARED =
      Pattern.compile("undeclared reference to '(.+?)' \\(in container ''\\)");

  private static final Pattern SYNTAX_AT =
      Pattern.compile(
          "(?:mismatched input|extraneous input|no viable alternative at input) '(.*?)'(?: expecting .*)?",
          Pattern.DOTALL);

  private static final Pattern TOKEN =
      Pattern.compile("token recognition error at: '(.*)'", Pattern.DOTALL);

  private static final Map<String, String> OPERATORS =
      Map.of("_?_:_", "? :", "_[_]", "[]", "!_", "!", "-_", "-", "@in", "in");

  private static final Map<String, String> WORDS_FOR_OPERATORS =
      Map.of("and", "&&", "or", "||", "not", "!", "is", "==");

  private Messages() {}

  static ExpressionException of(CelValidationException invalid, Positions positions) {
    CelIssue first = invalid.getErrors().get(0);
    return new ExpressionException(
        cut(friendly(first.getMessage())), positions.of(first.getSourceLocation()), invalid);
  }

  /** The reason why a well-formed expression has no value this time. */
  static ExpressionException of(CelEvaluationException failed, String source) {
    Throwable cause = failed.getCause();
    for (Throwable each = failed; each != null; each = each.getCause()) {
      if (each instanceof ExpressionException ours) {
        return of(ours, source);
      }
    }
    String detail = String.valueOf((cause == null ? failed : cause).getMessage());
    String reason =
        switch (failed.getErrorCode()) {
          case ATTRIBUTE_NOT_FOUND -> missing(detail);
          case INDEX_OUT_OF_BOUNDS -> "the list has no such element (" + detail + ")";
          case DIVIDE_BY_ZERO -> "division by zero";
          case NUMERIC_OVERFLOW -> "a number does not fit 64 bits";
          case OVERLOAD_NOT_FOUND -> noOverload(detail);
          case ITERATION_BUDGET_EXCEEDED ->
              "the loops take more than " + Language.ITERATIONS_MAX + " steps";
          case BAD_FORMAT -> "cannot be converted: " + plain(detail);
          case INVALID_ARGUMENT,
              DUPLICATE_ATTRIBUTE,
              AMBIGUOUS_OVERLOAD,
              TYPE_NOT_FOUND,
              INTERNAL_ERROR ->
              plain(detail);
        };
    return new ExpressionException(about(source) + reason, ExpressionException.NOWHERE, failed);
  }

  static ExpressionException of(ExpressionException reason, String source) {
    return new ExpressionException(
        about(source) + reason.getMessage(), ExpressionException.NOWHERE, reason);
  }

  static String kindOf(com.fasterxml.jackson.databind.JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "an object";
      case ARRAY -> "a list";
      case STRING -> "a string";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL, MISSING, BINARY, POJO -> "null";
    };
  }

  private static String about(String source) {
    boolean isLong = source.length() > SOURCE_CHARS_SHOWN;
    String shown = isLong ? source.substring(0, SOURCE_CHARS_SHOWN) + "..." : source;
    return "'" + shown + "': ";
  }

  private static String cut(String text) {
    return text.length() > DETAIL_CHARS_MAX ? text.substring(0, DETAIL_CHARS_MAX) + "..." : text;
  }

  private static String plain(String detail) {
    String some =
        detail.length() > DETAIL_CHARS_MAX ? detail.substring(0, DETAIL_CHARS_MAX) : detail;
    return some.replaceFirst("^evaluation error[^:]*(?::\\d+)?: ", "")
        .replaceFirst("^java\\.[\\w.]+: ", "")
        .replaceFirst("^com\\.[\\w.]+: ", "");
  }

  private static String missing(String detail) {
    Matcher key = Pattern.compile("key '(.*)' is not present in map\\.").matcher(detail);
    if (key.matches()) {
      return "there is no '" + key.group(1) + "' in the value; test it with has()";
    }
    Matcher field = Pattern.compile("Error resolving field '(.*)'\\. Field sel.*").matcher(detail);
    if (field.matches()) {
      return "'" + field.group(1) + "' is asked of a value that is not an object";
    }
    return "there is no '" + detail + "' in the value";
  }

  private static String noOverload(String detail) {
    Matcher function = Pattern.compile(".*for function '(.+?)'.*").matcher(detail);
    return function.matches()
        ? "'" + operator(function.group(1)) + "' does not work on values of these types"
        : plain(detail);
  }

  private static String friendly(String message) {
    Matcher overload = OVERLOAD.matcher(message);
    if (overload.matches()) {
      return mismatch(overload.group(1), types(overload.group(2)));
    }
    if (message.startsWith("Expression recursion limit exceeded")) {
      return "nested or chained more than " + Language.PARSE_DEPTH_MAX + " times";
    }
    Matcher undeclared = UNDECLARED.matcher(message);
    if (undeclared.matches()) {
      return "unknown name '" + undeclared.group(1) + "'";
    }
    Matcher token = TOKEN.matcher(message);
    if (token.matches()) {
      return token(token.group(1));
    }
    Matcher syntax = SYNTAX_AT.matcher(message);
    if (syntax.matches()) {
      return syntax(syntax.group(1));
    }
    return types(message);
  }

  private static String mismatch(String function, String types) {
    String said = "'" + operator(function) + "' does not work on " + types;
    if (function.equals("_+_") && types.contains("string")) {
      return said + "; string(...) makes a string of a value";
    }
    if (function.equals("_?_:_")) {
      return said + "; it wants a condition and two values of one type";
    }
    if (types.contains("int") && types.contains("double")) {
      return said + "; convert with double(...) or int(...)";
    }
    return said;
  }

  private static String operator(String function) {
    String known = OPERATORS.get(function);
    if (known != null) {
      return known;
    }
    boolean infix = function.startsWith("_") && function.endsWith("_") && function.length() > 2;
    return infix ? function.substring(1, function.length() - 1) : function;
  }

  static String types(String text) {
    return text.replace("google.protobuf.Timestamp", "timestamp")
        .replace("google.protobuf.Duration", "duration")
        .replaceAll("wrapper\\((\\w+)\\)", "$1 or null");
  }

  private static String token(String text) {
    if (text.startsWith("'") || text.startsWith("\"")) {
      return "a string does not end; its quote " + text.charAt(0) + " is missing";
    }
    if (text.startsWith("=")) {
      return "unexpected '='; equality is ==";
    }
    return "unexpected '"
        + text
        + "'"
        + (text.startsWith("&") || text.startsWith("|") ? "; and is &&, or is ||" : "");
  }

  private static String syntax(String text) {
    if (text.equals("<EOF>")) {
      return "the expression ends too early";
    }
    String last = text.substring(text.lastIndexOf(' ') + 1);
    String operator = WORDS_FOR_OPERATORS.get(last);
    return "unexpected '" + text + "'" + (operator == null ? "" : "; write " + operator);
  }
}
