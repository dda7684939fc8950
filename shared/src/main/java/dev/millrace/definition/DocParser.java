package dev.millrace.definition;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.definition.Doc.Kind;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Turns YAML or JSON text into a {@link Doc}, within limits. Confined to one thread. */
final class DocParser {
  private static final int ALIASES_MAX = 10;
  private static final int EXPONENT_DIGITS_MAX = 3;

  private static final Pattern INTEGER = Pattern.compile("[-+]?(0|[1-9][0-9]{0,99})");
  private static final Pattern DECIMAL =
      Pattern.compile(
          "[-+]?(0|[1-9][0-9]{0,99})(\\.[0-9]{1,100})?([eE][-+]?[0-9]{1,"
              + EXPONENT_DIGITS_MAX
              + "})?");
  private static final Set<Tag> PLAIN_TAGS =
      Set.of(
          Tag.BOOL,
          Tag.NULL,
          Tag.INT,
          Tag.FLOAT,
          Tag.TIMESTAMP,
          Tag.STR,
          new Tag("tag:yaml.org,2002:value"));

  private final Problems problems;
  private final Set<Node> open = new HashSet<>();

  DocParser(Problems problems) {
    this.problems = problems;
  }

  /** Empty when the text could not be read at all; the problems say why. */
  Optional<Doc> parse(String text, boolean json) {
    if (text.length() > Json.TEXT_CHARS_MAX) {
      problems.add(0, 0, "", "is longer than 1 MiB");
      return Optional.empty();
    }
    return json ? parseJson(text) : parseYaml(text);
  }

  private Optional<Doc> parseJson(String text) {
    try (JsonParser parser = Json.FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        problems.add(1, 1, "", "is empty");
        return Optional.empty();
      }
      Doc doc = json(parser, "");
      if (parser.nextToken() != null) {
        JsonLocation at = parser.currentTokenLocation();
        problems.add(
            at.getLineNr(), at.getColumnNr(), "", "there is text after the end of the JSON");
      }
      return Optional.of(doc);
    } catch (JsonProcessingException broken) {
      JsonLocation at = broken.getLocation();
      int line = at == null ? 0 : at.getLineNr();
      int column = at == null ? 0 : at.getColumnNr();
      problems.add(line, column, "", "not JSON: " + JsonReason.of(broken));
      return Optional.empty();
    } catch (IOException impossible) {
      throw new UncheckedIOException("reading from a string failed", impossible);
    }
  }

  private Doc json(JsonParser parser, String path) throws IOException {
    JsonLocation at = parser.currentTokenLocation();
    int line = at.getLineNr();
    int column = at.getColumnNr();
    JsonToken token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> jsonObject(parser, path, line, column);
      case START_ARRAY -> {
        List<Doc> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(json(parser, path + "[" + items.size() + "]"));
        }
        yield new Doc.Sequence(items, line, column);
      }
      case VALUE_STRING -> new Doc.Scalar(parser.getText(), Kind.TEXT, true, line, column);
      case VALUE_TRUE, VALUE_FALSE ->
          new Doc.Scalar(parser.getText(), Kind.BOOLEAN, false, line, column);
      case VALUE_NULL -> new Doc.Scalar("", Kind.EMPTY, false, line, column);
      default -> jsonNumber(parser.getText(), path, line, column);
    };
  }

  private Doc jsonObject(JsonParser parser, String path, int line, int column) throws IOException {
    List<Doc.Entry> entries = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      JsonLocation at = parser.currentTokenLocation();
      String key = parser.currentName();
      parser.nextToken();
      Doc value = json(parser, child(path, key));
      addUnique(entries, seen, path, new Doc.Entry(key, at.getLineNr(), at.getColumnNr(), value));
    }
    return new Doc.Mapping(entries, line, column);
  }

  private Doc jsonNumber(String text, String path, int line, int column) {
    if (INTEGER.matcher(text).matches()) {
      return new Doc.Scalar(text, Kind.INTEGER, false, line, column);
    }
    if (DECIMAL.matcher(text).matches()) {
      return new Doc.Scalar(text, Kind.DECIMAL, false, line, column);
    }
    problems.add(line, column, path, "the number has too many digits");
    return new Doc.Scalar("0", Kind.INTEGER, false, line, column);
  }

  private Optional<Doc> parseYaml(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(Json.TEXT_CHARS_MAX);
    options.setMaxAliasesForCollections(ALIASES_MAX);
    options.setNestingDepthLimit(Json.DEPTH_MAX);
    options.setAllowRecursiveKeys(false);
    try {
      Node root = new Yaml(options).compose(new StringReader(text));
      if (root == null) {
        problems.add(1, 1, "", "is empty");
        return Optional.empty();
      }
      return Optional.of(yaml(root, ""));
    } catch (MarkedYAMLException broken) {
      Mark mark = broken.getProblemMark();
      int line = mark == null ? 0 : mark.getLine() + 1;
      int column = mark == null ? 0 : mark.getColumn() + 1;
      String context = broken.getContext() == null ? "" : firstLine(broken.getContext()) + ", ";
      problems.add(line, column, "", "not YAML: " + context + firstLine(broken.getProblem()));
      return Optional.empty();
    } catch (YAMLException broken) {
      problems.add(0, 0, "", "not YAML: " + firstLine(broken.getMessage()));
      return Optional.empty();
    }
  }

  private Doc yaml(Node node, String path) {
    int line = node.getStartMark().getLine() + 1;
    int column = node.getStartMark().getColumn() + 1;
    if (!open.add(node)) {
      problems.add(line, column, path, "contains itself through an alias");
      return new Doc.Scalar("", Kind.EMPTY, false, line, column);
    }
    try {
      return switch (node) {
        case MappingNode mapping -> yamlMapping(mapping, path, line, column);
        case SequenceNode sequence -> {
          checkTag(node, Tag.SEQ, path);
          List<Doc> items = new ArrayList<>();
          for (Node item : sequence.getValue()) {
            items.add(yaml(item, path + "[" + items.size() + "]"));
          }
          yield new Doc.Sequence(items, line, column);
        }
        case ScalarNode scalar -> yamlScalar(scalar, path, line, column);
        default -> throw new IllegalStateException("no such YAML node: " + node.getNodeId());
      };
    } finally {
      open.remove(node);
    }
  }

  private Doc yamlMapping(MappingNode mapping, String path, int line, int column) {
    checkTag(mapping, Tag.MAP, path);
    List<Doc.Entry> entries = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (NodeTuple tuple : mapping.getValue()) {
      Mark at = tuple.getKeyNode().getStartMark();
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        problems.add(at.getLine() + 1, at.getColumn() + 1, path, "a key must be plain text");
        continue;
      }
      if (key.getTag().equals(Tag.MERGE)) {
        problems.add(at.getLine() + 1, at.getColumn() + 1, path, "`<<` (merge) is not supported");
        continue;
      }
      Doc value = yaml(tuple.getValueNode(), child(path, key.getValue()));
      addUnique(
          entries,
          seen,
          path,
          new Doc.Entry(key.getValue(), at.getLine() + 1, at.getColumn() + 1, value));
    }
    return new Doc.Mapping(entries, line, column);
  }

  /**
   * Typed by the YAML 1.2 core schema, with one exception: a number with leading zeros, an octal or
   * a hexadecimal number stays text, because it is a zip code or a mode more often than a number.
   */
  private Doc yamlScalar(ScalarNode scalar, String path, int line, int column) {
    String text = scalar.getValue();
    if (!PLAIN_TAGS.contains(scalar.getTag())) {
      if (!scalar.getTag().equals(Tag.MERGE)) {
        refuseTag(scalar, path);
      }
      return new Doc.Scalar(text, Kind.TEXT, true, line, column);
    }
    Kind kind = !scalar.isPlain() || scalar.getTag().equals(Tag.STR) ? Kind.TEXT : kind(text);
    String kept = text.startsWith("+") && kind == Kind.INTEGER ? text.substring(1) : text;
    return new Doc.Scalar(kind == Kind.EMPTY ? "" : kept, kind, kind != Kind.EMPTY, line, column);
  }

  private static Kind kind(String text) {
    return switch (text) {
      case "", "~", "null", "Null", "NULL" -> Kind.EMPTY;
      case "true", "True", "TRUE", "false", "False", "FALSE" -> Kind.BOOLEAN;
      default -> {
        if (INTEGER.matcher(text).matches()) {
          yield Kind.INTEGER;
        }
        yield DECIMAL.matcher(text).matches() ? Kind.DECIMAL : Kind.TEXT;
      }
    };
  }

  private void checkTag(Node node, Tag expected, String path) {
    if (!node.getTag().equals(expected)) {
      refuseTag(node, path);
    }
  }

  private void refuseTag(Node node, String path) {
    Mark at = node.getStartMark();
    problems.add(
        at.getLine() + 1,
        at.getColumn() + 1,
        path,
        "the tag " + node.getTag().getValue() + " is not supported");
  }

  private void addUnique(List<Doc.Entry> entries, Set<String> seen, String path, Doc.Entry entry) {
    if (seen.add(entry.key())) {
      entries.add(entry);
      return;
    }
    problems.add(
        entry.line(), entry.column(), child(path, entry.key()), "is written a second time");
  }

  static String child(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String firstLine(String message) {
    return message == null ? "unreadable" : message.lines().findFirst().orElse("unreadable");
  }
}
