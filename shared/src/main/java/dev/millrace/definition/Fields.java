package dev.millrace.definition;

import dev.millrace.definition.Doc.Kind;
import dev.millrace.expression.DidYouMean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Takes the keys of one map one by one, typed, and in the end knows which nobody asked for. A
 * getter returns null when the key is absent or wrong; wrong is recorded. Confined to one thread.
 */
final class Fields {
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");

  private final Problems problems;
  private final Doc.Mapping map;
  private final String path;
  private final Set<String> known = new TreeSet<>();

  Fields(Problems problems, Doc.Mapping map, String path) {
    this.problems = problems;
    this.map = map;
    this.path = path;
  }

  /** The fields of a value that has to be a map, or null. */
  static Fields of(Problems problems, Doc value, String path) {
    if (value instanceof Doc.Mapping mapping) {
      return new Fields(problems, mapping, path);
    }
    problems.add(value, path, "must be a map, not " + value.kindName());
    return null;
  }

  Doc.Mapping map() {
    return map;
  }

  String path(String key) {
    return DocParser.child(path, key);
  }

  void problem(Doc at, String key, String message) {
    problems.add(at, path(key), message);
  }

  /** About the map itself: something is missing or contradicts. */
  void problem(String message) {
    problems.add(map, path, message);
  }

  /** The value, or null when absent; a key without a value is a problem. */
  Doc take(String key) {
    known.add(key);
    Doc value = map.get(key);
    if (value instanceof Doc.Scalar scalar && scalar.kind() == Kind.EMPTY) {
      problem(value, key, "has no value; give it one or remove the key");
      return null;
    }
    return value;
  }

  /** True when nobody asked for the key yet. */
  boolean isNew(String key) {
    return !known.contains(key);
  }

  Doc takeRequired(String key, String hint) {
    Doc value = take(key);
    if (value == null && map.get(key) == null) {
      problem("`" + key + "` is missing" + hint);
    }
    return value;
  }

  String text(String key) {
    Doc value = take(key);
    return value == null ? null : text(value, path(key));
  }

  String requiredText(String key) {
    Doc value = takeRequired(key, "");
    return value == null ? null : text(value, path(key));
  }

  /** Text as written, or null with a problem. */
  String text(Doc value, String where) {
    if (value instanceof Doc.Scalar scalar && scalar.textual()) {
      return scalar.text();
    }
    problems.add(value, where, "must be text, not " + value.kindName());
    return null;
  }

  String id(String key) {
    String text = text(key);
    return text == null ? null : checkId(map.get(key), path(key), text);
  }

  String requiredId(String key) {
    String text = requiredText(key);
    return text == null ? null : checkId(map.get(key), path(key), text);
  }

  String checkId(Doc at, String where, String text) {
    if (ID.matcher(text).matches()) {
      return text;
    }
    problems.add(
        at,
        where,
        "'"
            + text
            + "' is not possible: letters, digits, '_', '.' and '-', at most 128, the first a"
            + " letter or digit");
    return null;
  }

  Integer integer(String key, int min, int max) {
    Doc value = take(key);
    return value == null ? null : integer(value, path(key), min, max);
  }

  Integer integer(Doc value, String where, int min, int max) {
    if (!(value instanceof Doc.Scalar scalar) || scalar.kind() != Kind.INTEGER) {
      problems.add(value, where, "must be a whole number, not " + value.kindName());
      return null;
    }
    if (scalar.text().length() <= 10) {
      long number = Long.parseLong(scalar.text());
      if (number >= min && number <= max) {
        return (int) number;
      }
    }
    problems.add(value, where, scalar.text() + " is not in " + min + ".." + max);
    return null;
  }

  Double number(String key, double min, double max) {
    Doc value = take(key);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Doc.Scalar scalar)
        || (scalar.kind() != Kind.INTEGER && scalar.kind() != Kind.DECIMAL)) {
      problem(value, key, "must be a number, not " + value.kindName());
      return null;
    }
    double number = Double.parseDouble(scalar.text());
    if (number >= min && number <= max) {
      return number;
    }
    problem(value, key, scalar.text() + " is not in " + plain(min) + ".." + plain(max));
    return null;
  }

  private static String plain(double bound) {
    return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
  }

  Boolean bool(String key) {
    Doc value = take(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Doc.Scalar scalar && scalar.kind() == Kind.BOOLEAN) {
      return scalar.text().equalsIgnoreCase("true");
    }
    problem(value, key, "must be true or false");
    return null;
  }

  Duration duration(String key, Duration min) {
    Duration duration = parsed(key, DurationText::parse);
    if (duration != null && duration.compareTo(min) < 0) {
      problem(map.get(key), key, "must be at least " + min.toMillis() + " ms");
      return null;
    }
    return duration;
  }

  /** Text through a parser that throws IllegalArgumentException with a message for people. */
  <T> T parsed(String key, Function<String, T> parser) {
    Doc value = take(key);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Doc.Scalar scalar)) {
      problem(value, key, "must be text, not " + value.kindName());
      return null;
    }
    try {
      return parser.apply(scalar.text());
    } catch (IllegalArgumentException wrong) {
      problem(value, key, wrong.getMessage());
      return null;
    }
  }

  String oneOf(String key, Collection<String> allowed) {
    String text = text(key);
    if (text == null || allowed.contains(text)) {
      return text;
    }
    problem(
        map.get(key),
        key,
        "'"
            + text
            + "' is not one of "
            + String.join(", ", allowed)
            + DidYouMean.phrase(text, allowed));
    return null;
  }

  Fields fields(String key) {
    Doc value = take(key);
    return value == null ? null : of(problems, value, path(key));
  }

  /** The items, or null when absent or not a list. */
  List<Doc> list(String key) {
    Doc value = take(key);
    if (value == null) {
      return null;
    }
    if (value instanceof Doc.Sequence sequence) {
      return sequence.items();
    }
    problem(value, key, "must be a list, not " + value.kindName());
    return null;
  }

  List<String> texts(String key) {
    List<Doc> items = list(key);
    if (items == null) {
      return null;
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      String text = text(items.get(i), path(key) + "[" + i + "]");
      if (text != null) {
        texts.add(text);
      }
    }
    return texts;
  }

  Map<String, String> textMap(String key) {
    Fields fields = fields(key);
    if (fields == null) {
      return null;
    }
    Map<String, String> texts = new LinkedHashMap<>();
    fields.eachKey(
        entry -> {
          String text = fields.text(entry.key());
          if (text != null) {
            texts.put(entry.key(), text);
          }
        });
    return texts;
  }

  void eachKey(Consumer<Doc.Entry> action) {
    map.entries().forEach(action);
  }

  /** Everything not asked for is a problem: planned for later, or unknown. */
  void finish(Set<String> unsupported) {
    Set<String> candidates = new TreeSet<>(known);
    candidates.addAll(unsupported);
    for (Doc.Entry entry : map.entries()) {
      String key = entry.key();
      if (known.contains(key)) {
        continue;
      }
      String message =
          unsupported.contains(key)
              ? "`" + key + "` is not supported by this version"
              : "unknown key" + DidYouMean.phrase(key, candidates);
      problems.add(entry.line(), entry.column(), path(key), message);
    }
  }
}
