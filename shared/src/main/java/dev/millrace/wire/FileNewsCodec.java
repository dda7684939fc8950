package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.file.FileMark;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** {@code worker.files}: what workers see of files. Stateless; any thread. */
public final class FileNewsCodec {
  private static final String TYPE = "worker.files";

  private FileNewsCodec() {}

  public static byte[] encode(FileNews news) {
    return Wire.write(
        TYPE,
        json -> {
          json.writeStringField("worker", news.worker());
          json.writeArrayFieldStart("seen");
          for (FileNews.Seen seen : news.seen()) {
            write(json, seen);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("moved");
          for (FileNews.Moved moved : news.moved()) {
            json.writeStartObject();
            json.writeStringField("order", Long.toString(moved.order()));
            writeText(json, "as", moved.as());
            writeText(json, "problem", moved.problem());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static void write(JsonGenerator json, FileNews.Seen seen) throws IOException {
    json.writeStartObject();
    json.writeStringField("trigger", Long.toString(seen.trigger()));
    json.writeNumberField("epoch", seen.epoch());
    json.writeBooleanField("begins", seen.begins());
    json.writeStringField("state", seen.state());
    writeText(json, "problem", seen.problem());
    json.writeArrayFieldStart("found");
    for (FileMark mark : seen.found()) {
      write(json, mark);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("gone");
    for (String path : seen.gone()) {
      json.writeString(path);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  static void write(JsonGenerator json, FileMark mark) throws IOException {
    json.writeStartObject();
    json.writeStringField("path", mark.path());
    json.writeNumberField("size", mark.size());
    json.writeStringField("modified", mark.modified().toString());
    json.writeEndObject();
  }

  private static void writeText(JsonGenerator json, String name, String text) throws IOException {
    if (text != null) {
      json.writeStringField(name, text);
    }
  }

  public static Decoded<FileNews> decode(byte[] message) {
    ObjectNode root = Wire.TREES.createObjectNode();
    return Wire.read(
        message,
        TYPE,
        (name, json) -> {
          root.set(
              name,
              json.currentToken() == JsonToken.VALUE_NULL
                  ? Wire.TREES.nullNode()
                  : Wire.TREES.readTree(json));
          return true;
        },
        () -> news(root));
  }

  private static FileNews news(JsonNode root) {
    String worker = root.path("worker").asText("");
    if (worker.isEmpty()) {
      throw new IllegalArgumentException("field worker is missing");
    }
    List<FileNews.Seen> seen = new ArrayList<>();
    for (JsonNode each : root.path("seen")) {
      seen.add(seen(each));
    }
    List<FileNews.Moved> moved = new ArrayList<>();
    for (JsonNode each : root.path("moved")) {
      moved.add(
          new FileNews.Moved(
              number(each, "order"),
              each.path("as").asText(null),
              each.path("problem").asText(null)));
    }
    return new FileNews(worker, seen, moved);
  }

  private static FileNews.Seen seen(JsonNode node) {
    List<FileMark> found = new ArrayList<>();
    for (JsonNode mark : node.path("found")) {
      found.add(mark(mark));
    }
    List<String> gone = new ArrayList<>();
    node.path("gone").forEach(path -> gone.add(path.asText()));
    return new FileNews.Seen(
        number(node, "trigger"),
        node.path("epoch").asLong(),
        node.path("begins").asBoolean(),
        node.path("state").asText(),
        node.path("problem").asText(null),
        found,
        gone);
  }

  static FileMark mark(JsonNode node) {
    String path = node.path("path").asText("");
    if (path.isEmpty() || node.path("size").asLong(-1) < 0) {
      throw new IllegalArgumentException("a file needs path and size");
    }
    try {
      Instant modified = Instant.parse(node.path("modified").asText());
      return new FileMark(path, node.get("size").asLong(), modified);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "'" + node.path("modified").asText() + "' is no date of a file", e);
    }
  }

  static long number(JsonNode node, String key) {
    return number(key, node.path(key).asText());
  }

  static long number(String key, String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(key + " '" + text + "' is no number", e);
    }
  }
}
