package dev.millrace.secret;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Hides values in whatever leaves a worker: as they are, line by line, in base64 wherever they
 * begin in it, in hexadecimal, URL-encoded and JSON-escaped. It must see a text before anybody cuts
 * it. Immutable; any thread.
 */
public final class Redactor {
  public static final String MASK = "***";

  /** A shorter value would be found in words that have nothing to do with it. */
  public static final int CHARS_MIN = 6;

  private static final int START_CHARS = 4;
  private static final int MIX_BITS = 12;

  public static final Redactor NONE = new Redactor(List.of());

  /** Numbers keep their digits. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /** Forms by their first four characters; of two with the same the longer one first. */
  private final Map<Long, List<String>> forms = new HashMap<>();

  /** False where no form begins with characters of this mix: nearly everywhere. */
  private final boolean[] begins = new boolean[1 << MIX_BITS];

  private final int longest;

  private Redactor(Collection<String> all) {
    int most = 0;
    List<String> byLength = new ArrayList<>(all);
    byLength.sort(Comparator.comparingInt(String::length).reversed());
    for (String form : byLength) {
      long start = 0;
      for (int i = 0; i < START_CHARS; i++) {
        start = (start << 16) | form.charAt(i);
      }
      forms.computeIfAbsent(start, any -> new ArrayList<>()).add(form);
      begins[mix(start)] = true;
      most = Math.max(most, form.length());
    }
    longest = most;
  }

  private static int mix(long start) {
    return (int) ((start * 0x9E3779B97F4A7C15L) >>> (64 - MIX_BITS));
  }

  /** Hides these values; shorter ones than {@link #CHARS_MIN} cannot be hidden. */
  public static Redactor of(Collection<String> values) {
    Set<String> forms = new LinkedHashSet<>();
    for (String value : values) {
      addForms(value, forms);
      if (value.indexOf('\n') >= 0) {
        // Logs have lines, each by itself.
        value.lines().map(String::strip).forEach(line -> addForms(line, forms));
      }
    }
    return forms.isEmpty() ? NONE : new Redactor(forms);
  }

  private static void addForms(String value, Set<String> forms) {
    if (value.length() < CHARS_MIN) {
      return;
    }
    forms.add(value);
    add(value.strip(), forms);
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    add(new String(JsonStringEncoder.getInstance().quoteAsString(value)), forms);
    add(value.replace("/", "\\/"), forms);
    String encoded = URLEncoder.encode(value, StandardCharsets.UTF_8);
    for (String url : List.of(encoded, encoded.replace("+", "%20"), escapedAsNeeded(value))) {
      add(url, forms);
      add(lowerHex(url), forms);
    }
    add(HexFormat.of().formatHex(bytes), forms);
    add(HexFormat.of().withUpperCase().formatHex(bytes), forms);
    for (int before = 0; before < 3; before++) {
      add(base64(Base64.getEncoder(), bytes, before), forms);
      add(base64(Base64.getUrlEncoder(), bytes, before), forms);
    }
  }

  private static void add(String form, Set<String> forms) {
    if (form.length() >= CHARS_MIN) {
      forms.add(form);
    }
  }

  /** As in a URL that leaves alone what may stand in a query. */
  private static String escapedAsNeeded(String value) {
    StringBuilder escaped = new StringBuilder();
    for (byte one : value.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (one & 0xFF);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~!$&'()*+,;=:@/?".indexOf(c) >= 0;
      escaped.append(
          plain ? String.valueOf(c) : "%" + HexFormat.of().withUpperCase().toHexDigits(one));
    }
    return escaped.toString();
  }

  private static String lowerHex(String url) {
    StringBuilder lower = new StringBuilder(url);
    for (int at = lower.indexOf("%");
        at >= 0 && at + 3 <= lower.length();
        at = lower.indexOf("%", at + 1)) {
      lower.replace(at + 1, at + 3, lower.substring(at + 1, at + 3).toLowerCase(Locale.ROOT));
    }
    return lower.toString();
  }

  /** The characters that depend on the value alone when so many bytes stand before it, modulo 3. */
  private static String base64(Base64.Encoder encoder, byte[] bytes, int before) {
    byte[] shifted = new byte[before + bytes.length];
    System.arraycopy(bytes, 0, shifted, before, bytes.length);
    String whole = encoder.withoutPadding().encodeToString(shifted);
    int from = before == 0 ? 0 : before + 1;
    int to = shifted.length % 3 == 0 ? whole.length() : whole.length() - 1;
    return from < to ? whole.substring(from, to) : "";
  }

  /** True when there is nothing to hide. */
  public boolean isEmpty() {
    return forms.isEmpty();
  }

  /** Characters of the longest form; whoever cuts a text must have read so much beyond the cut. */
  public int longest() {
    return longest;
  }

  /** The text with every form hidden, or null for null. */
  public String text(String text) {
    if (text == null || forms.isEmpty()) {
      return text;
    }
    return masked(text, text.length());
  }

  /** Nothing is shown of what begins at the limit or after it. */
  private String masked(String text, int limit) {
    long[] spans = spans(text);
    if (spans.length == 0) {
      return text.substring(0, limit);
    }
    StringBuilder masked = new StringBuilder();
    int from = 0;
    for (int i = 0; i < spans.length && start(spans[i]) < limit; ) {
      int start = start(spans[i]);
      int end = end(spans[i]);
      // What overlaps is hidden as one.
      for (i++; i < spans.length && start(spans[i]) < end; i++) {
        end = Math.max(end, end(spans[i]));
      }
      masked.append(text, from, start).append(MASK);
      from = end;
    }
    return from < limit ? masked.append(text, from, limit).toString() : masked.toString();
  }

  /** Begin and end of every form in the text, in order of the begin. */
  private long[] spans(String text) {
    long[] spans = {};
    int count = 0;
    long last = 0;
    for (int i = 0; i < text.length(); i++) {
      last = (last << 16) | text.charAt(i);
      if (i >= START_CHARS - 1 && begins[mix(last)]) {
        int from = i - START_CHARS + 1;
        String form = formAt(text, from, last);
        if (form != null) {
          spans = count == spans.length ? Arrays.copyOf(spans, 2 * count + 4) : spans;
          spans[count++] = ((long) from << 32) | (from + form.length());
        }
      }
    }
    return count == spans.length ? spans : Arrays.copyOf(spans, count);
  }

  /** The longest one that begins there. */
  private String formAt(String text, int from, long start) {
    for (String form : forms.getOrDefault(start, List.of())) {
      if (text.startsWith(form, from)) {
        return form;
      }
    }
    return null;
  }

  private static int start(long span) {
    return (int) (span >> 32);
  }

  private static int end(long span) {
    return (int) span;
  }

  /**
   * What may be shown of a text that goes on behind its end: every form is hidden, and at the end
   * what might be the beginning of one is left out.
   */
  public String beginning(String text) {
    return forms.isEmpty() ? text : masked(text, Math.max(0, text.length() - longest + 1));
  }

  /** JSON with every form hidden in names, texts and numbers; what is no JSON as a text. */
  public String json(String json) {
    if (json == null || forms.isEmpty()) {
      return json;
    }
    try {
      JsonNode tree = JSON.readTree(json);
      return spansAny(tree) ? JSON.writeValueAsString(json(tree)) : json;
    } catch (JsonProcessingException notJson) {
      return text(json);
    }
  }

  private boolean spansAny(JsonNode tree) {
    if (tree.isContainerNode()) {
      for (Map.Entry<String, JsonNode> field : tree.properties()) {
        if (spans(field.getKey()).length > 0) {
          return true;
        }
      }
      for (JsonNode child : tree) {
        if (spansAny(child)) {
          return true;
        }
      }
      return false;
    }
    return spans(tree.asText()).length > 0;
  }

  private JsonNode json(JsonNode node) {
    return switch (node) {
      case ObjectNode object -> {
        ObjectNode masked = object.objectNode();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
          masked.set(text(field.getKey()), json(field.getValue()));
        }
        yield masked;
      }
      case ArrayNode array -> {
        ArrayNode masked = array.arrayNode();
        array.forEach(child -> masked.add(json(child)));
        yield masked;
      }
      default -> {
        String text = text(node.asText());
        yield text.equals(node.asText()) ? node : TextNode.valueOf(text);
      }
    };
  }

  /** The texts and numbers in a value, which may be hidden. */
  public static List<String> leaves(JsonNode value) {
    List<String> leaves = new ArrayList<>();
    addLeaves(value, leaves);
    return leaves;
  }

  private static void addLeaves(JsonNode node, List<String> into) {
    if (node.isContainerNode()) {
      node.forEach(child -> addLeaves(child, into));
    } else if (node.isTextual() || node.isNumber()) {
      into.add(node.asText());
    }
  }
}
