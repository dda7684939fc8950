package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.RunId;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * One start that a command asks for, read. Anybody who may write into the inbox wrote it: what
 * cannot be read is left out. Immutable.
 *
 * @param job its name
 * @param run the id that was given out, 0 for none
 * @param by what the run says started it
 * @param orchestration the id under which its run belongs to others, or null
 * @param body what {@link Desk#params} reads
 */
record StartBody(String job, long run, String by, String orchestration, String body) {
  static final String MANUAL = "manual";
  static final String WEBHOOK = "webhook";
  private static final Set<String> KINDS = Set.of(MANUAL, "sql", WEBHOOK);

  /**
   * What was accepted is found again whatever its params are: Postgres takes numbers and depths
   * that nobody else does, and then the run has to say so.
   */
  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNumberLength(Start.PARAMS_CHARS_MAX)
                      .maxNestingDepth(Start.PARAMS_CHARS_MAX)
                      .build())
              .build());

  /** All starts of one command, in order. */
  record Many(boolean atomic, List<StartBody> starts) {}

  /** Of a command about one run; what is no JSON is refused when its params are read. */
  static StartBody of(String job, String body) {
    if (body.equals("{}")) {
      return new StartBody(job, 0, MANUAL, null, body); // most, where runs are asked for by hand
    }
    JsonNode json = read(body);
    return new StartBody(job, run(json), by(json), orchestration(json), stripped(json, body));
  }

  /** Params objects alone, of one job. */
  static Many ofList(String job, String body) {
    List<StartBody> starts = new ArrayList<>();
    for (JsonNode params : read(body)) {
      if (!params.isObject()) {
        return new Many(true, List.of());
      }
      starts.add(new StartBody(job, 0, MANUAL, null, inBody(params)));
    }
    return new Many(true, starts);
  }

  /** Of many jobs, each with the id that was given out. */
  static Many ofAccepted(String body) {
    JsonNode json = read(body);
    List<StartBody> starts = new ArrayList<>();
    for (JsonNode start : json.path("starts")) {
      starts.add(
          new StartBody(
              start.path("job").asText(),
              run(start),
              by(start),
              orchestration(start),
              inBody(start.path("params"))));
    }
    return new Many(json.path("atomic").asBoolean(), starts);
  }

  private static String inBody(JsonNode params) {
    return params.isMissingNode() || (params.isObject() && params.isEmpty())
        ? "{}"
        : JSON.createObjectNode().set("params", params).toString();
  }

  /** A job without params is not asked for any: then nothing is parsed a second time. */
  private static String stripped(JsonNode json, String body) {
    JsonNode params = json.path("params");
    return json.isObject() && (params.isMissingNode() || (params.isObject() && params.isEmpty()))
        ? "{}"
        : body;
  }

  private static long run(JsonNode json) {
    String id = json.path("run").asText(null);
    try {
      return id == null ? 0 : RunId.parse(id).value();
    } catch (IllegalArgumentException e) {
      return 0; // the run gets another one
    }
  }

  private static String by(JsonNode json) {
    String by = json.path("by").asText(MANUAL);
    return KINDS.contains(by) ? by : MANUAL;
  }

  private static String orchestration(JsonNode json) {
    return json.hasNonNull("orchestration") ? json.get("orchestration").asText() : null;
  }

  private static JsonNode read(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return JSON.missingNode();
    }
  }
}
