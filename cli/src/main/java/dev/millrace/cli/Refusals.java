package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** What a server says when it refuses, as people read it. Stateless. */
final class Refusals {
  private Refusals() {}

  /** Title and detail, and a line for each thing that is wrong with what was sent. */
  static String message(JsonNode problem) {
    StringBuilder message = new StringBuilder();
    String title = problem.path("title").asText("");
    if (!title.isEmpty()) {
      message.append(title).append(": ");
    }
    message.append(problem.path("detail").asText());
    for (JsonNode one : problem.path("problems")) {
      message.append("\n  ").append(place(one)).append(one.path("message").asText());
    }
    return message.toString();
  }

  private static String place(JsonNode one) {
    StringBuilder place = new StringBuilder();
    int line = one.path("line").asInt();
    String source = one.path("source").asText("body");
    if (!source.equals("body")) {
      place.append(source).append(line > 0 ? ":" : ": ");
    }
    if (line > 0) {
      place.append(line).append(':').append(one.path("column").asInt()).append(": ");
    }
    String path = one.path("path").asText("");
    return place.append(path.isEmpty() ? "" : path + ": ").toString();
  }
}
