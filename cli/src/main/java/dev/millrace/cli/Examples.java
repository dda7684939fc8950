package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The example jobs that a new Millrace starts with. The main thread only. */
final class Examples {
  private static final List<String> NAMES = List.of("hello", "pipeline", "flaky", "nightly");
  private static final int RUNS_LOOKED_AT = 100;
  private final ApiClient client;
  private final Steps steps;
  private final Set<String> toldOf = new HashSet<>();

  Examples(ApiClient client, Steps steps) {
    this.client = client;
    this.steps = steps;
  }

  static List<String> names() {
    return NAMES;
  }

  static String text(String name) {
    try (InputStream in = Examples.class.getResourceAsStream("examples/" + name + ".yaml")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("example " + name + " cannot be read from the jar", e);
    }
  }

  /** Applies the first one and starts it, so that something runs as early as possible. */
  JsonNode startFirst() throws InterruptedException {
    apply(NAMES.getFirst());
    return trigger(NAMES.getFirst());
  }

  void applyOthers() throws InterruptedException {
    for (String name : NAMES.subList(1, NAMES.size())) {
      apply(name);
    }
    steps.say("examples: applied " + String.join(", ", NAMES));
  }

  private void apply(String name) throws InterruptedException {
    client.post(ApiPath.JOBS, "application/yaml", text(name));
  }

  private JsonNode trigger(String name) throws InterruptedException {
    return client.post(ApiPath.runsOf(name), ApiClient.JSON.createObjectNode()).body();
  }

  /** Tells when each job has ended its first run; true when all were told of. */
  boolean tellFirstEnds() throws InterruptedException {
    List<JsonNode> runs = new ArrayList<>();
    client.get(ApiPath.RUNS + "?limit=" + RUNS_LOOKED_AT).path("items").forEach(runs::add);
    for (JsonNode run : runs.reversed()) {
      if (RunView.isFinal(run)) {
        tell(run);
      }
    }
    return toldOf.containsAll(NAMES);
  }

  void tell(JsonNode run) {
    String job = run.path("job").asText();
    if (toldOf.add(job)) {
      steps.say(
          "first run of " + job + " " + RunView.state(run) + "  (" + run.path("id").asText() + ")");
    }
  }
}
