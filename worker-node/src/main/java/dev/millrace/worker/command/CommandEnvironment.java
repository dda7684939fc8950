package dev.millrace.worker.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.wire.Start;
import dev.millrace.worker.StageContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * The environment of a command: nothing of the worker's own but PATH, what the job declares, and
 * who it is. Immutable; the attempt's thread.
 */
record CommandEnvironment(StageContext context, Path home, Path output, Path reports, String path) {

  void fill(Map<String, String> environment, Map<String, String> declared, int bytesMax)
      throws IOException {
    Start start = context.start();
    environment.clear();
    environment.put("PATH", path);
    environment.put("HOME", home.toString());
    environment.put("LANG", "C.UTF-8");
    for (Map.Entry<String, JsonNode> param : context.params().properties()) {
      JsonNode value = param.getValue();
      String text = value.asText();
      if (value.isValueNode()
          && !value.isNull()
          && text.indexOf('\0') < 0
          && text.length() * 3 < bytesMax) {
        environment.put("MILLRACE_PARAM_" + name(param.getKey()), text);
      }
    }
    environment.putAll(declared);
    environment.put("MILLRACE_RUN", start.claim().run().toString());
    environment.put("MILLRACE_STAGE", start.claim().stage());
    environment.put("MILLRACE_ATTEMPT", Integer.toString(start.claim().attempt()));
    environment.put("MILLRACE_JOB", start.job());
    environment.put("MILLRACE_NAMESPACE", start.namespace());
    if (start.scheduledFor() != null) {
      environment.put("MILLRACE_SCHEDULED_FOR", start.scheduledFor().toString());
    }
    if (start.traceparent() != null) {
      environment.put("TRACEPARENT", start.traceparent());
    }
    environment.put("MILLRACE_OUTPUT", output.toString());
    environment.put("MILLRACE_REPORTS", reports.toString());
    if (start.index() >= 0) {
      environment.put("MILLRACE_INDEX", Integer.toString(start.index()));
      putJson(environment, "MILLRACE_ITEM", start.item() == null ? "null" : start.item(), bytesMax);
    }
    putJson(environment, "MILLRACE_PARAMS", start.params(), bytesMax);
    putJson(environment, "MILLRACE_INPUTS", start.inputs(), bytesMax);
    if (start.checkpoint() != null) {
      putJson(environment, "MILLRACE_CHECKPOINT", start.checkpoint(), bytesMax);
    }
  }

  /** What is too long for a variable goes into a file that {@code <NAME>_FILE} names. */
  private void putJson(Map<String, String> environment, String name, String json, int bytesMax)
      throws IOException {
    String text = json == null ? "{}" : json;
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= bytesMax) {
      environment.put(name, text);
      return;
    }
    Path file = output.resolveSibling(name.toLowerCase(Locale.ROOT) + ".json");
    Files.write(file, bytes);
    environment.put(name + "_FILE", file.toString());
  }

  private static String name(String param) {
    return param.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9_]", "_");
  }
}
