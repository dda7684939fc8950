package dev.millrace.expression;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * References to secrets in a text, such as <code>${secret:db}</code>. They are no expressions:
 * whoever executes a stage puts the values in, and nobody before. In a text that holds one, {@code
 * $$} stands for {@code $}; that is how what an expression gave is kept from being taken for a
 * reference. Stateless, any thread.
 */
public final class References {
  private static final Pattern TOKEN =
      Pattern.compile("\\$\\$|\\$\\{(secret|env|file):([^{}]*)}|\\$");

  private static final Pattern SECRET_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,99}");
  private static final Pattern ENV_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,99}");
  private static final int PATH_CHARS_MAX = 500;

  /** Who knows the value. */
  public enum Kind {
    /** The scheduler's own store. */
    SECRET,
    /** The environment of the worker. */
    ENV,
    /** A file of the worker. */
    FILE
  }

  /**
   * One reference.
   *
   * @param name of a secret or of a variable, or a path
   */
  public record Reference(Kind kind, String name) {
    /** As it is written. */
    @Override
    public String toString() {
      return "${" + kind.name().toLowerCase(Locale.ROOT) + ":" + name + "}";
    }
  }

  private References() {}

  /** True when the text holds at least one beside its expressions. */
  public static boolean has(String text) {
    return text.contains("${") && !of(text).isEmpty();
  }

  /** All of them that stand beside expressions, in order; their names may be impossible. */
  public static List<Reference> of(String text) {
    if (!text.contains(Segments.OPEN)) {
      return within(text);
    }
    List<Reference> found = new ArrayList<>();
    try {
      for (Segments.Segment segment : Segments.of(text)) {
        if (segment instanceof Segments.Segment.Plain plain) {
          found.addAll(within(plain.text()));
        }
      }
    } catch (ExpressionException unclosed) {
      return List.of(); // such a text is refused for that
    }
    return found;
  }

  /** All of them, in expressions too, where they are nothing but text. */
  public static List<Reference> within(String text) {
    if (!text.contains("${")) {
      return List.of();
    }
    List<Reference> found = new ArrayList<>();
    Matcher token = TOKEN.matcher(text);
    while (token.find()) {
      if (token.group(1) != null) {
        found.add(reference(token));
      }
    }
    return found;
  }

  /** What is wrong with its name, or null. */
  public static String problem(Reference reference) {
    String name = reference.name();
    return switch (reference.kind()) {
      case SECRET ->
          isSecretName(name)
              ? null
              : "'"
                  + name
                  + "' is no name of a secret; it has 1 to 100 letters, digits, '_', '.' and '-'";
      case ENV ->
          ENV_NAME.matcher(name).matches()
              ? name.startsWith("MILLRACE_")
                  ? "'" + name + "' is a setting of the program itself"
                  : null
              : "'" + name + "' is no name of a variable";
      case FILE ->
          name.isBlank() || name.length() > PATH_CHARS_MAX || name.indexOf('\0') >= 0
              ? "a path has 1 to " + PATH_CHARS_MAX + " characters"
              : null;
    };
  }

  public static boolean isSecretName(String name) {
    return SECRET_NAME.matcher(name).matches();
  }

  /** The text with the values in place of the references. */
  public static String filled(String text, Function<Reference, String> values) {
    StringBuilder filled = new StringBuilder();
    Matcher token = TOKEN.matcher(text);
    int from = 0;
    while (token.find()) {
      filled.append(text, from, token.start());
      filled.append(token.group(1) == null ? "$" : values.apply(reference(token)));
      from = token.end();
    }
    return filled.append(text, from, text.length()).toString();
  }

  /** A text of the definition, made fit to stand beside others: only references stay open. */
  static String guardedLiteral(String text) {
    StringBuilder guarded = new StringBuilder();
    Matcher token = TOKEN.matcher(text);
    int from = 0;
    while (token.find()) {
      guarded.append(text, from, token.start());
      guarded.append(token.group().equals("$") ? "$$" : token.group());
      from = token.end();
    }
    return guarded.append(text, from, text.length()).toString();
  }

  /** What an expression gave: no reference, whatever it looks like. */
  static String guardedValue(String text) {
    return text.replace("$", "$$");
  }

  private static Reference reference(Matcher token) {
    Kind kind =
        switch (token.group(1)) {
          case "secret" -> Kind.SECRET;
          case "env" -> Kind.ENV;
          default -> Kind.FILE;
        };
    return new Reference(kind, token.group(2));
  }
}
