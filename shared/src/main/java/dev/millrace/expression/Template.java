package dev.millrace.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A JSON value whose strings may hold {@code ${{ expressions }}}. Immutable, any thread. */
public final class Template {
  public static final int EXPRESSIONS_MAX = 500;

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final Node root;
  private final List<Expression> expressions;

  /** A piece of the value that knows how to become JSON. */
  private sealed interface Node {
    record Constant(JsonNode json) implements Node {}

    /** One expression that is all of a string: it keeps its type. */
    record Value(Expression expression) implements Node {}

    /**
     * A string with expressions in it.
     *
     * @param parts each a {@link String} or an {@link Expression}
     * @param guarded it holds references too, and what expressions give must not become one
     */
    record Text(List<Object> parts, boolean guarded) implements Node {}

    record Array(List<Node> elements) implements Node {}

    record Fields(Map<String, Node> members) implements Node {}
  }

  private Template(Node root, List<Expression> expressions) {
    this.root = root;
    this.expressions = List.copyOf(expressions);
  }

  /**
   * Checks all expressions of a value.
   *
   * @throws TemplateException with everything that is wrong
   */
  public static Template compile(JsonNode json, Scope scope) throws TemplateException {
    Compiler compiler = new Compiler(scope);
    Node root = compiler.compile(json, "", 0);
    if (!compiler.problems.isEmpty()) {
      throw new TemplateException(compiler.problems);
    }
    return new Template(root, compiler.expressions);
  }

  public boolean isConstant() {
    return expressions.isEmpty();
  }

  /** Ids of the stages whose results it reads. */
  public Set<String> stages() {
    return expressions.stream()
        .flatMap(expression -> expression.stages().stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  public boolean usesItem() {
    return expressions.stream().anyMatch(Expression::usesItem);
  }

  /**
   * The value at one moment. Parts of it may be shared, so it must not be changed.
   *
   * @throws ExpressionException when an expression has no value, or the whole is too big
   */
  public JsonNode render(Bindings bindings) {
    return new Renderer(bindings).render(root);
  }

  /** Used for one template. */
  private static final class Compiler {
    private final Scope scope;
    private final List<TemplateException.Problem> problems = new ArrayList<>();
    private final List<Expression> expressions = new ArrayList<>();

    Compiler(Scope scope) {
      this.scope = scope;
    }

    Node compile(JsonNode json, String path, int depth) {
      if (depth > JsonValues.DEPTH_MAX) {
        problem(path, "nested more than " + JsonValues.DEPTH_MAX + " levels deep", -1);
        return new Node.Constant(json);
      }
      return switch (json.getNodeType()) {
        case STRING -> string(json, path);
        case ARRAY -> array(json, path, depth);
        case OBJECT -> object(json, path, depth);
        default -> new Node.Constant(json);
      };
    }

    private Node array(JsonNode json, String path, int depth) {
      int before = expressions.size();
      List<Node> elements = new ArrayList<>(json.size());
      for (int at = 0; at < json.size(); at++) {
        elements.add(compile(json.get(at), path + "[" + at + "]", depth + 1));
      }
      return expressions.size() == before
          ? new Node.Constant(json)
          : new Node.Array(List.copyOf(elements));
    }

    private Node object(JsonNode json, String path, int depth) {
      int before = expressions.size();
      Map<String, Node> members = new LinkedHashMap<>();
      json.properties()
          .forEach(
              member -> {
                String name = member.getKey();
                String inner = path.isEmpty() ? name : path + "." + name;
                if (name.contains(Segments.OPEN)) {
                  problem(inner, "a name cannot hold an expression, only a value can", -1);
                }
                members.put(name, compile(member.getValue(), inner, depth + 1));
              });
      return expressions.size() == before
          ? new Node.Constant(json)
          : new Node.Fields(Collections.unmodifiableMap(members));
    }

    private Node string(JsonNode json, String path) {
      String text = json.textValue();
      if (!text.contains(Segments.OPEN)) {
        return new Node.Constant(json);
      }
      List<Object> parts = new ArrayList<>();
      try {
        for (Segments.Segment segment : Segments.of(text)) {
          switch (segment) {
            case Segments.Segment.Plain plain -> parts.add(plain.text());
            case Segments.Segment.Code code -> addExpression(parts, code, path);
          }
        }
      } catch (ExpressionException unclosed) {
        problem(path, unclosed.getMessage(), unclosed.position());
      }
      if (parts.size() == 1 && parts.get(0) instanceof Expression only) {
        return new Node.Value(only);
      }
      boolean guarded =
          parts.stream().anyMatch(part -> part instanceof String plain && References.has(plain));
      if (guarded) {
        parts.replaceAll(
            part -> part instanceof String plain ? References.guardedLiteral(plain) : part);
      }
      return new Node.Text(List.copyOf(parts), guarded);
    }

    private void addExpression(List<Object> parts, Segments.Segment.Code code, String path) {
      if (expressions.size() == EXPRESSIONS_MAX) {
        problem(path, "more than " + EXPRESSIONS_MAX + " expressions", code.position());
        return;
      }
      try {
        Expression expression = Expression.compile(code.source(), scope, Expression.Kind.ANY);
        expressions.add(expression);
        parts.add(expression);
      } catch (ExpressionException wrong) {
        int within = Math.max(wrong.position(), 0);
        problem(path, wrong.getMessage(), code.position() + within);
      }
    }

    private void problem(String path, String message, int position) {
      if (problems.size() < EXPRESSIONS_MAX) {
        problems.add(new TemplateException.Problem(path, message, position));
      }
    }
  }

  /** Used for one rendering. */
  private static final class Renderer {
    private final Bindings bindings;
    private int charsLeft = JsonValues.TEXT_CHARS_MAX;

    Renderer(Bindings bindings) {
      this.bindings = bindings;
    }

    JsonNode render(Node node) {
      return switch (node) {
        case Node.Constant constant -> counted(constant.json());
        case Node.Value value -> counted(value.expression().evaluate(bindings));
        case Node.Text text -> counted(NODES.textNode(concatenated(text)));
        case Node.Array array -> {
          ArrayNode made = NODES.arrayNode(array.elements().size());
          array.elements().forEach(element -> made.add(render(element)));
          yield made;
        }
        case Node.Fields fields -> {
          ObjectNode made = NODES.objectNode();
          fields.members().forEach((name, member) -> made.set(name, render(member)));
          yield made;
        }
      };
    }

    private String concatenated(Node.Text node) {
      StringBuilder text = new StringBuilder();
      for (Object part : node.parts()) {
        text.append(
            part instanceof Expression expression ? value(expression, node.guarded()) : part);
        if (text.length() > charsLeft) {
          throw JsonValues.problem("the rendered value is longer than 1 MiB of JSON");
        }
      }
      return text.toString();
    }

    private String value(Expression expression, boolean guarded) {
      String value = JsonValues.text(expression.evaluate(bindings));
      return guarded ? References.guardedValue(value) : value;
    }

    private JsonNode counted(JsonNode json) {
      charsLeft -= JsonValues.lengthWithin(json, charsLeft);
      return json;
    }
  }
}
