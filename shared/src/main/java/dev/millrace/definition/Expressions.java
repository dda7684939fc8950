package dev.millrace.definition;

import dev.millrace.expression.Expression;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import dev.millrace.expression.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The expressions of one stage, or of the job, with their places: collected while the text is read,
 * compiled when the graph is known. Confined to one thread.
 */
final class Expressions {
  private static final String OPEN = "${{";
  private static final String CLOSE = "}}";

  /** Different ones in one job: each takes some milliseconds to compile, measured 2026-11. */
  static final int DIFFERENT_MAX = 2_000;

  private final List<Written> written = new ArrayList<>();
  private boolean item;

  /** What an expression is for, which says what it must give and what it may read. */
  enum Use {
    CONDITION,
    LIST,
    KEY,
    NUMBER,
    /** A condition over the error of the last attempt. */
    RETRY,
    /** Text with expressions in it. */
    TEMPLATE
  }

  /**
   * One of them.
   *
   * @param source without braces; for {@link Use#TEMPLATE} the whole text
   * @param item true when it may read {@code item} and {@code index}
   */
  record Written(Use use, String source, boolean item, Doc at, String path) {
    Same same() {
      return new Same(use, source, item);
    }
  }

  /** What decides, with the stages that may be read, whether an expression is right. */
  record Same(Use use, String source, boolean item) {}

  /**
   * @param item true inside a group that is executed once for each item
   */
  Expressions(boolean item) {
    this.item = item;
  }

  List<Written> written() {
    return written;
  }

  /** What is read from here on may read {@code item}. */
  void seeItem() {
    item = true;
  }

  /** An {@code if}; the braces may be left out, since it is always an expression. */
  String condition(Fields fields, String key) {
    return add(Use.CONDITION, fields, key, fields.text(key), false);
  }

  String retry(Fields fields, String key) {
    return add(Use.RETRY, fields, key, fields.text(key), false);
  }

  String key(Fields fields, String key) {
    return add(Use.KEY, fields, key, fields.text(key), true);
  }

  String list(Fields fields, String key) {
    Doc value = fields.take(key);
    if (value instanceof Doc.Sequence) {
      fields.problem(
          value, key, "must be an expression that gives a list, such as ${{ ['a', 'b'] }}");
      return null;
    }
    return value == null ? null : add(Use.LIST, fields, key, fields.text(key), true);
  }

  /** Every text in a value. */
  void template(Doc doc, String path) {
    switch (doc) {
      case Doc.Mapping map ->
          map.entries().forEach(e -> template(e.value(), DocParser.child(path, e.key())));
      case Doc.Sequence list -> {
        for (int i = 0; i < list.items().size(); i++) {
          template(list.items().get(i), path + "[" + i + "]");
        }
      }
      case Doc.Scalar scalar -> {
        if (scalar.text().contains(OPEN)) {
          written.add(new Written(Use.TEMPLATE, scalar.text(), item, scalar, path));
        }
      }
    }
  }

  /** The value of a parameter: what is one expression has to give what the parameter takes. */
  void value(Doc doc, String path, String type) {
    if (!isWhole(doc)) {
      template(doc, path);
      return;
    }
    String text = ((Doc.Scalar) doc).text();
    Use use =
        switch (type) {
          case "string" -> Use.KEY;
          case "number", "integer" -> Use.NUMBER;
          case "boolean" -> Use.CONDITION;
          case "array" -> Use.LIST;
          default -> Use.TEMPLATE;
        };
    written.add(new Written(use, use == Use.TEMPLATE ? text : source(text), item, doc, path));
  }

  /** The source without its braces, or null with a problem. */
  private String add(Use use, Fields fields, String key, String text, boolean braces) {
    if (text == null) {
      return null;
    }
    Doc at = fields.map().get(key);
    String source = source(text);
    if (source.isEmpty()) {
      fields.problem(at, key, "is an empty expression");
      return null;
    }
    if (!isWhole(text) && (braces || text.contains(OPEN))) {
      fields.problem(at, key, "must be one expression, such as ${{ params.name }}, and no text");
      return null;
    }
    written.add(new Written(use, source, item, at, fields.path(key)));
    return source;
  }

  /** True for a value that a handler will be given in place of what is written here. */
  static boolean isWhole(Doc value) {
    return value instanceof Doc.Scalar scalar && isWhole(scalar.text());
  }

  static boolean isWhole(String text) {
    return text.contains(OPEN) && Expression.unwrap(text) != null;
  }

  /** What is written, without braces around it. */
  static String source(String text) {
    String inside = Expression.unwrap(text);
    return (inside == null ? text : inside).strip();
  }

  /** How the canonical text writes an expression. */
  static String inBraces(String source) {
    return OPEN + " " + source + " " + CLOSE;
  }

  /**
   * Compiles all of them.
   *
   * @param good what was found to be right elsewhere in the job, with the stages that it reads; is
   *     added to
   * @param scope without the item and the error, which depend on the place
   * @param unsure names of stages that exist and cannot be read here because nothing says that they
   *     have ended
   */
  void check(Problems problems, Map<Same, Set<String>> good, Scope scope, Set<String> unsure) {
    for (Written one : written) {
      Set<String> reads = good.get(one.same());
      if (reads == null || !scope.stages().containsAll(reads)) {
        check(problems, one, within(one, scope), unsure)
            .ifPresent(stages -> good.put(one.same(), stages));
      }
    }
  }

  /**
   * Compiles all of them where fewer parameters may be read than the job has.
   *
   * @param params all that it has, by name their types
   * @param remedy what is said when only that is wrong
   */
  void check(Problems problems, Scope scope, Map<String, String> params, String remedy) {
    Scope all = scope.withParams(params);
    for (Written one : written) {
      boolean tooEarly = !compiles(one, scope) && compiles(one, all);
      if (tooEarly) {
        problems.add(one.at(), one.path(), remedy);
      } else {
        check(problems, one, scope, Set.of());
      }
    }
  }

  private static boolean compiles(Written one, Scope scope) {
    try {
      compile(one, scope);
      return true;
    } catch (ExpressionException | TemplateException wrong) {
      return false; // what is wrong is told by who compiles it again
    }
  }

  private static Scope within(Written one, Scope scope) {
    Scope own = one.item() ? scope.withItem() : scope;
    return one.use() == Use.RETRY ? own.withError() : own;
  }

  /** The stages that it reads when it is right. */
  private static Optional<Set<String>> check(
      Problems problems, Written one, Scope scope, Set<String> unsure) {
    try {
      return Optional.of(compile(one, scope));
    } catch (ExpressionException wrong) {
      problems.add(one.at(), one.path(), unsure(one, scope, unsure).orElse(wrong.getMessage()));
    } catch (TemplateException wrong) {
      Optional<String> remedy = unsure(one, scope, unsure);
      remedy.ifPresent(message -> problems.add(one.at(), one.path(), message));
      if (remedy.isEmpty()) {
        wrong.problems().forEach(each -> problems.add(one.at(), one.path(), each.message()));
      }
    }
    return Optional.empty();
  }

  /** Ids of the stages that it reads. */
  private static Set<String> compile(Written one, Scope scope) throws TemplateException {
    return switch (one.use()) {
      case CONDITION, RETRY ->
          Expression.compile(one.source(), scope, Expression.Kind.BOOL).stages();
      case LIST -> Expression.compile(one.source(), scope, Expression.Kind.LIST).stages();
      case KEY -> Expression.compile(one.source(), scope, Expression.Kind.TEXT).stages();
      case NUMBER -> Expression.compile(one.source(), scope, Expression.Kind.NUMBER).stages();
      case TEMPLATE -> Template.compile(Json.text(one.source()), scope).stages();
    };
  }

  /** The remedy when all that is wrong is a missing need. */
  private static Optional<String> unsure(Written one, Scope scope, Set<String> unsure) {
    Set<String> all = new TreeSet<>(unsure);
    all.addAll(scope.stages());
    try {
      Set<String> read = new TreeSet<>(compile(one, scope.withStages(all)));
      read.removeAll(scope.stages());
      return Optional.of(
          "reads '"
              + String.join("', '", read)
              + "', of which nothing says that it has ended by then; add it to `needs`, of the"
              + " stage or of the group around it");
    } catch (ExpressionException | TemplateException stillWrong) {
      return Optional.empty();
    }
  }
}
