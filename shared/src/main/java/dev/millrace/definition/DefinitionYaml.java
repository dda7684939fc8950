package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Writes JSON as the YAML that a person would keep in a file. What is text stays text: whatever
 * another reader of YAML, or ours, could take for a number, a date or a truth value is in quotes.
 * Stateless, any thread.
 */
public final class DefinitionYaml {
  private static final int WIDTH = 100;

  /** Text that nobody takes for anything else, in a block or inside brackets. */
  private static final Pattern PLAIN =
      Pattern.compile("[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*");

  /** What some version of YAML takes for a truth value or for nothing. */
  private static final Set<String> WORDS =
      Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null");

  private static final Resolver RESOLVER = new Resolver();

  private DefinitionYaml() {}

  /**
   * The same as YAML, read again without a loss by {@link DefinitionReader}.
   *
   * @param json JSON text that Millrace wrote
   * @throws IllegalArgumentException when it is not JSON
   */
  public static String of(String json) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setIndent(2);
    options.setIndicatorIndent(0);
    options.setWidth(WIDTH);
    options.setSplitLines(false);
    options.setAllowUnicode(true);
    StringWriter text = new StringWriter();
    new Yaml(options).serialize(node(Json.parseTrusted(json)), text);
    return text.toString();
  }

  private static Node node(JsonNode json) {
    if (json.isObject()) {
      List<NodeTuple> tuples = new ArrayList<>();
      json.properties()
          .forEach(each -> tuples.add(new NodeTuple(text(each.getKey()), node(each.getValue()))));
      return new MappingNode(Tag.MAP, tuples, style(json));
    }
    if (json.isArray()) {
      List<Node> items = new ArrayList<>();
      json.forEach(item -> items.add(node(item)));
      return new SequenceNode(Tag.SEQ, items, style(json));
    }
    if (json.isTextual()) {
      return text(json.asText());
    }
    String value = json.isNull() ? "null" : json.asText();
    // Whatever snakeyaml takes it for, so that it sees no need to say so; our reader knows better.
    Tag tag = RESOLVER.resolve(NodeId.scalar, value, true);
    return scalar(tag, value, DumperOptions.ScalarStyle.PLAIN);
  }

  /** What is empty has no lines to be written on; a short list of words fits on one. */
  private static DumperOptions.FlowStyle style(JsonNode json) {
    boolean short_ = json.isArray() && json.size() <= 4;
    for (JsonNode item : json) {
      short_ &= item.isTextual() && item.asText().length() <= 20 && isPlain(item.asText());
    }
    return json.isEmpty() || short_ ? DumperOptions.FlowStyle.FLOW : DumperOptions.FlowStyle.BLOCK;
  }

  private static ScalarNode text(String value) {
    return scalar(Tag.STR, value, textStyle(value));
  }

  private static DumperOptions.ScalarStyle textStyle(String value) {
    if (isPlain(value)) {
      return DumperOptions.ScalarStyle.PLAIN;
    }
    return isLines(value)
        ? DumperOptions.ScalarStyle.LITERAL
        : DumperOptions.ScalarStyle.DOUBLE_QUOTED;
  }

  private static boolean isPlain(String value) {
    return PLAIN.matcher(value).matches() && !WORDS.contains(value.toLowerCase(Locale.ROOT));
  }

  /** Such as a script: a block of lines keeps every character of these, and no others. */
  private static boolean isLines(String value) {
    return value.indexOf('\n') > 0
        && !value.startsWith(" ")
        && value.lines().noneMatch(line -> line.endsWith(" ") || line.startsWith("\t"))
        && value.chars().allMatch(c -> c == '\n' || (c >= 0x20 && c < 0x7f));
  }

  private static ScalarNode scalar(Tag tag, String value, DumperOptions.ScalarStyle style) {
    return new ScalarNode(tag, value, null, null, style);
  }
}
