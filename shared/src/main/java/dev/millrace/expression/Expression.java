package dev.millrace.expression;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.NullableType;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** An expression that was found to be right, ready to be evaluated. Immutable, any thread. */
public final class Expression {
  public static final int SOURCE_CHARS_MAX = 4_096;

  /**
   * Jobs are like each other: a thousand of one kind have few expressions that differ, and one
   * takes 2 ms to compile (2026-11, two cores).
   */
  private static final int KEPT_MAX = 1_000;

  private record Key(String source, Scope scope, Kind kind) {}

  private static final Map<Key, Expression> KEPT =
      Collections.synchronizedMap(
          new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Expression> eldest) {
              return size() > KEPT_MAX;
            }
          });

  private final String source;
  private final Kind kind;
  private final Map<String, Name> names;
  private final Set<String> stages;

  /** What the whole expression stands for if it only names something; null for all others. */
  private final Name onlyName;

  private final CelRuntime.Program program;

  /** What an expression must give. */
  public enum Kind {
    BOOL("true or false"),
    LIST("a list"),
    TEXT("a string, number, time or bool"),
    NUMBER("a number"),
    ANY("a value");

    private final String wanted;

    Kind(String wanted) {
      this.wanted = wanted;
    }

    private boolean allows(CelType type) {
      CelKind given = type instanceof NullableType some ? some.targetType().kind() : type.kind();
      if (given == CelKind.DYN || given == CelKind.ANY) {
        return true;
      }
      return switch (this) {
        case BOOL -> given == CelKind.BOOL;
        case LIST -> given == CelKind.LIST;
        case NUMBER -> given == CelKind.INT || given == CelKind.UINT || given == CelKind.DOUBLE;
        case TEXT ->
            switch (given) {
              case STRING, INT, UINT, DOUBLE, BOOL, TIMESTAMP, DURATION -> true;
              default -> false;
            };
        case ANY -> given != CelKind.TYPE;
      };
    }

    private boolean allows(JsonNode value) {
      return switch (this) {
        case BOOL -> value.isBoolean();
        case LIST -> value.isArray();
        case NUMBER -> value.isNumber();
        case TEXT -> value.isValueNode() && !value.isNull();
        case ANY -> true;
      };
    }
  }

  private Expression(
      String source, Kind kind, Map<String, Name> names, CelAbstractSyntaxTree checked) {
    this.source = source;
    this.kind = kind;
    this.names = Map.copyOf(names);
    this.stages =
        names.values().stream()
            .filter(name -> name.root() == Name.Root.STAGES)
            .map(Name::key)
            .collect(Collectors.toUnmodifiableSet());
    CelExpr root = checked.getExpr();
    this.onlyName =
        root.getKind() == CelExpr.ExprKind.Kind.IDENT ? names.get(root.ident().name()) : null;
    this.program = Language.program(checked);
  }

  /**
   * Checks an expression.
   *
   * @param source without the dollar and the braces around it
   * @throws ExpressionException when it is wrong
   */
  public static Expression compile(String source, Scope scope, Kind kind) {
    if (source.isBlank()) {
      throw new ExpressionException("the expression is empty", 0);
    }
    if (source.length() > SOURCE_CHARS_MAX) {
      throw new ExpressionException(
          "the expression is longer than " + SOURCE_CHARS_MAX + " characters", SOURCE_CHARS_MAX);
    }
    Key key = new Key(source, scope, kind);
    Expression kept = KEPT.get(key);
    if (kept != null) {
      return kept;
    }
    try {
      Expression compiled = checked(source, scope, kind);
      KEPT.put(key, compiled);
      return compiled;
    } catch (ExpressionException wrong) {
      throw DottedIds.explain(source, scope).orElse(wrong);
    }
  }

  private static Expression checked(String source, Scope scope, Kind kind) {
    Positions positions = new Positions(source, Map.of());
    try {
      CelAbstractSyntaxTree parsed = Language.parse(source);
      positions = new Positions(source, parsed.getSource().getPositionsMap());
      NameResolver resolver = new NameResolver(scope, positions);
      CelExpr resolved = resolver.resolve(parsed.getExpr());
      CelAbstractSyntaxTree checked =
          Language.check(
              CelAbstractSyntaxTree.newParsedAst(resolved, parsed.getSource()),
              resolver.names().values());
      if (!kind.allows(checked.getResultType())) {
        String given = Messages.types(checked.getResultType().name());
        throw new ExpressionException("must give " + kind.wanted + ", but gives " + given, 0);
      }
      return new Expression(source, kind, resolver.names(), checked);
    } catch (CelValidationException invalid) {
      throw Messages.of(invalid, positions);
    }
  }

  public String source() {
    return source;
  }

  /** Ids of the stages whose results it reads. */
  public Set<String> stages() {
    return stages;
  }

  public boolean usesItem() {
    return names.values().stream()
        .anyMatch(name -> name.root() == Name.Root.ITEM || name.root() == Name.Root.INDEX);
  }

  /**
   * The value at one moment. Parts of it may be shared with the bindings, so it must not be
   * changed.
   *
   * @return {@code NullNode} for null
   * @throws ExpressionException when it has none
   */
  public JsonNode evaluate(Bindings bindings) {
    JsonNode value = unbounded(bindings);
    try {
      JsonValues.lengthWithin(value, JsonValues.TEXT_CHARS_MAX);
    } catch (ExpressionException tooBig) {
      throw Messages.of(tooBig, source);
    }
    return value;
  }

  /** For a condition. */
  public boolean test(Bindings bindings) {
    JsonNode value = unbounded(bindings);
    if (!value.isBoolean()) {
      throw unfit(Kind.BOOL, value);
    }
    return value.booleanValue();
  }

  /** For a key: any scalar as text, numbers as JSON writes them. */
  public String text(Bindings bindings) {
    JsonNode value = evaluate(bindings);
    if (!Kind.TEXT.allows(value)) {
      throw unfit(Kind.TEXT, value);
    }
    return JsonValues.text(value);
  }

  /**
   * What is between the braces of a template, or the text itself if it has none.
   *
   * @return null if there is anything beside one such expression
   */
  public static String unwrap(String text) {
    return Segments.only(text);
  }

  private JsonNode unbounded(Bindings bindings) {
    JsonNode value;
    try {
      value =
          onlyName != null
              ? bindings.json(onlyName)
              : JsonValues.toJson(
                  Meter.metered(() -> program.eval(name -> lookUp(bindings, name))));
    } catch (CelEvaluationException failed) {
      throw Messages.of(failed, source);
    } catch (ExpressionException failed) {
      throw Messages.of(failed, source);
    }
    if (!kind.allows(value)) {
      throw unfit(kind, value);
    }
    return value;
  }

  private Optional<Object> lookUp(Bindings bindings, String identifier) {
    Name name = names.get(identifier);
    return name == null ? Optional.empty() : Optional.of(bindings.value(name));
  }

  private ExpressionException unfit(Kind wanted, JsonNode value) {
    String given = Messages.kindOf(value);
    return Messages.of(
        JsonValues.problem("must give " + wanted.wanted + ", but gave " + given), source);
  }
}
