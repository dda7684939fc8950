package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code job.reports}: what one worker says about its claims. Stateless; any thread. */
public final class ReportCodec {
  private static final String TYPE = "job.reports";

  private ReportCodec() {}

  public static byte[] encode(Reports reports) {
    return Wire.write(
        TYPE,
        json -> {
          json.writeStringField("worker", reports.worker());
          json.writeArrayFieldStart("reports");
          for (Report report : reports.reports()) {
            write(json, report);
          }
          json.writeEndArray();
        });
  }

  public static Decoded<Reports> decode(byte[] message) {
    List<Report> reports = new ArrayList<>();
    String[] worker = new String[1];
    return Wire.read(
        message,
        TYPE,
        (name, json) -> {
          switch (name) {
            case "worker" -> worker[0] = json.getValueAsString();
            case "reports" -> {
              Wire.expect(json, JsonToken.START_ARRAY, "reports");
              while (json.nextToken() != JsonToken.END_ARRAY) {
                reports.add(readReport(json));
              }
            }
            default -> {
              return false;
            }
          }
          return true;
        },
        () -> {
          if (worker[0] == null || worker[0].isEmpty()) {
            throw new IllegalArgumentException("field worker is missing");
          }
          return new Reports(worker[0], reports);
        });
  }

  private static void write(JsonGenerator json, Report report) throws IOException {
    json.writeStartObject();
    switch (report) {
      case Report.Started r -> json.writeStringField("kind", "started");
      case Report.Checkpoint r -> {
        json.writeStringField("kind", "checkpoint");
        Wire.writeRaw(json, "checkpoint", r.checkpoint());
      }
      case Report.Finished r -> {
        json.writeStringField("kind", "finished");
        json.writeStringField("outcome", r.outcome().name().toLowerCase(Locale.ROOT));
        json.writeNumberField("ranMillis", r.ranMillis());
        if (r.exitCode() != null) {
          json.writeNumberField("exitCode", r.exitCode());
        }
        if (r.errorClass() != null) {
          json.writeStringField("errorClass", r.errorClass());
        }
        if (r.error() != null) {
          json.writeStringField("error", r.error());
        }
        Wire.writeRaw(json, "output", r.output());
        if (!r.retryable()) {
          json.writeBooleanField("retryable", false);
        }
        if (r.retryAfter() != null) {
          json.writeNumberField("retryAfterMillis", r.retryAfter().toMillis());
        }
        HeartbeatCodec.writeCounters(json, r.counters());
      }
    }
    Wire.writeClaim(json, report.claim());
    json.writeEndObject();
  }

  private static Report readReport(JsonParser json) throws IOException {
    Wire.expect(json, JsonToken.START_OBJECT, "reports[]");
    Fields fields = new Fields();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      fields.read(name, json);
    }
    return fields.report();
  }

  /** A report as far as it has been read. */
  private static final class Fields {
    private String kind;
    private Claim claim;
    private Outcome outcome;
    private long ranMillis;
    private Integer exitCode;
    private String errorClass;
    private String error;
    private String output;
    private boolean retryable = true;
    private Duration retryAfter;
    private Map<String, Long> counters = Map.of();
    private String checkpoint;

    void read(String name, JsonParser json) throws IOException {
      switch (name) {
        case "kind" -> kind = json.getValueAsString();
        case "claim" -> claim = Wire.readClaim(json);
        case "outcome" -> outcome = outcome(json.getValueAsString());
        case "ranMillis" -> ranMillis = Math.clamp(json.getValueAsLong(), 0, Wire.AGO_MILLIS_MAX);
        case "exitCode" ->
            exitCode = json.currentToken() == JsonToken.VALUE_NULL ? null : json.getValueAsInt();
        case "errorClass" -> errorClass = WellFormed.text(json.getValueAsString());
        case "error" -> error = WellFormed.text(json.getValueAsString());
        case "output" -> output = Wire.readRaw(json);
        // Only a clear no is one.
        case "retryable" -> {
          retryable = json.currentToken() != JsonToken.VALUE_FALSE;
          json.skipChildren();
        }
        case "retryAfterMillis" -> retryAfter = millis(Wire.readLong(json));
        case "counters" -> counters = HeartbeatCodec.counters(HeartbeatCodec.readTree(json));
        case "checkpoint" -> checkpoint = Wire.readRaw(json);
        default -> json.skipChildren();
      }
    }

    Report report() {
      if (claim == null || kind == null) {
        throw new IllegalArgumentException("a report needs kind and claim");
      }
      return switch (kind) {
        case "started" -> new Report.Started(claim);
        case "checkpoint" -> new Report.Checkpoint(claim, checkpoint);
        case "finished" -> finished();
        default -> throw new IllegalArgumentException("report kind '" + kind + "' is unknown");
      };
    }

    private Report.Finished finished() {
      if (outcome == null) {
        throw new IllegalArgumentException("a finished report needs outcome");
      }
      return new Report.Finished(
          claim,
          outcome,
          ranMillis,
          exitCode,
          errorClass,
          error,
          output,
          retryable,
          retryAfter,
          counters);
    }
  }

  private static Duration millis(Long millis) {
    return millis == null ? null : Duration.ofMillis(millis);
  }

  private static Outcome outcome(String text) {
    for (Outcome outcome : Outcome.values()) {
      if (outcome.name().equalsIgnoreCase(text)) {
        return outcome;
      }
    }
    throw new IllegalArgumentException("outcome '" + text + "' is unknown");
  }
}
