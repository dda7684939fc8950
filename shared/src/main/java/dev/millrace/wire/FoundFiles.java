package dev.millrace.wire;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.file.FileMark;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;

/** The output of a wait that is over. Stateless; any thread. */
public final class FoundFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FILES_MAX = 1_000;

  /** What is around the files in an output. */
  private static final int BYTES_OTHER = 64;

  private FoundFiles() {}

  /** In the order of their paths; as many as an output may hold, and how many there are beside. */
  public static String json(List<FileMark> found) {
    ObjectNode output = JSON.createObjectNode();
    ArrayNode files = output.putArray("files");
    int bytesLeft = Wire.VALUE_BYTES_MAX - BYTES_OTHER;
    for (FileMark one : found.stream().sorted(Comparator.comparing(FileMark::path)).toList()) {
      ObjectNode file = JSON.createObjectNode();
      file.put("path", one.path());
      file.put("size", one.size());
      file.put("modified", one.modified().toString());
      bytesLeft -= file.toString().getBytes(StandardCharsets.UTF_8).length + 1;
      if (bytesLeft < 0 || files.size() == FILES_MAX) {
        break;
      }
      files.add(file);
    }
    if (files.size() < found.size()) {
      output.put("more", found.size() - files.size());
    }
    return output.toString();
  }
}
