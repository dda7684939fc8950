package dev.millrace.worker;

import com.fasterxml.jackson.databind.ObjectMapper;

/** JSON as tests want it. */
final class Json {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Json() {}

  /** The {@code with:} of a command. */
  static String shell(String script) {
    return JSON.createObjectNode().put("shell", script).toString();
  }
}
