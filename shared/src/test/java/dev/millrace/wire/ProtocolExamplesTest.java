package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What docs/protocol.md shows is what the codecs read and write. */
final class ProtocolExamplesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static byte[] example(String name) throws IOException {
    String text = Files.readString(Path.of("../docs/protocol.md"));
    Matcher matcher =
        Pattern.compile("<!-- example: " + name + " -->\n```json\n(.*?)```", Pattern.DOTALL)
            .matcher(text);
    assertThat(matcher.find()).as("example " + name).isTrue();
    return matcher.group(1).getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T ok(Decoded<T> decoded) {
    return switch (decoded) {
      case Decoded.Ok<T> ok -> ok.value();
      case Decoded.Bad<T> bad -> throw new AssertionError(bad.cause());
    };
  }

  private static void same(byte[] written, String example) throws IOException {
    assertThat(JSON.readTree(written)).isEqualTo(JSON.readTree(example(example)));
  }

  @Test
  void everyExampleSurvivesARoundTrip() throws Exception {
    same(StartCodec.encode(ok(StartCodec.decode(example("start")))), "start");
    same(ReportCodec.encode(ok(ReportCodec.decode(example("reports")))), "reports");
    same(
        HeartbeatCodec.encode(
            ((HeartbeatCodec.Beat.Worker) ok(HeartbeatCodec.decode(example("heartbeat"))))
                .heartbeat()),
        "heartbeat");
    for (String control : List.of("cancel", "drop", "drain", "watch", "archive")) {
      same(ControlCodec.encode(ok(ControlCodec.decode(example(control)))), control);
    }
    same(FileNewsCodec.encode(ok(FileNewsCodec.decode(example("files")))), "files");
    same(LogCodec.encode(ok(LogCodec.decode(example("log")))), "log");
    same(SecretCodec.encode(ok(SecretCodec.decodeRequest(example("secret-get")))), "secret-get");
    for (String answered : List.of("secret-sealed", "secret-refused")) {
      same(SecretCodec.encode(ok(SecretCodec.decodeAnswer(example(answered)))), answered);
    }
    for (String asked : List.of("begin", "chunk", "end", "get")) {
      String name = "artifact-" + asked;
      same(ArtifactCodec.encode(ok(ArtifactCodec.decodeRequest(example(name)))), name);
    }
    for (String answered : List.of("begun", "took", "stored", "data", "refused")) {
      String name = "artifact-" + answered;
      same(ArtifactCodec.encode(ok(ArtifactCodec.decodeAnswer(example(name)))), name);
    }
  }

  @Test
  void aDeadMessageSaysWhatItWas() throws Exception {
    byte[] body = "{\"v\":2,\"type\":\"job.start\"}".getBytes(StandardCharsets.UTF_8);
    var shown = JSON.readTree(example("dead"));
    var written =
        JSON.readTree(
            DeadCodec.encode(
                shown.path("queue").asText(),
                shown.path("by").asText(),
                shown.path("cause").asText(),
                body));
    assertThat(written.path("body")).isEqualTo(shown.path("body"));
    assertThat(written.path("bytes").asInt()).isEqualTo(body.length);
    byte[] binary = DeadCodec.encode("q", "w", "c", new byte[] {(byte) 0xff});
    assertThat(JSON.readTree(binary).path("bodyBase64").asText()).isEqualTo("/w==");
  }

  @Test
  void aDeadStageSaysWhatItWas() throws Exception {
    var shown = JSON.readTree(example("dead-stage"));
    var claim = shown.path("claim");
    DeadStage dead =
        new DeadStage(
            RunId.parse(shown.path("id").asText()),
            new Claim(
                RunId.parse(claim.path("run").asText()),
                claim.path("stage").asText(),
                claim.path("attempt").asInt()),
            shown.path("namespace").asText(),
            shown.path("job").asText(),
            shown.path("version").asInt(),
            shown.path("index").asInt(),
            shown.path("handler").asText(),
            shown.path("pool").asText(),
            shown.path("message").toString(),
            shown.path("reason").asText(),
            shown.path("error").asText(),
            shown.path("fingerprint").asText(),
            shown.path("attempts").asInt(),
            shown.path("worker").asText(),
            Instant.parse(shown.path("firstFailed").asText()),
            Instant.parse(shown.path("lastFailed").asText()));
    same(DeadCodec.encode(dead), "dead-stage");
  }

  @Test
  void rawValuesTravelAsTheyAre() {
    String with =
        "{\"price\": 0.12345678901234567890123, \"text\": \"\u00e4\ud83d\ude00 }\", \"deep\":"
            + " [{}]}";
    String message =
        "{\"v\":1,\"type\":\"job.start\",\"unknown\":{\"a\":[1]},\"starts\":[{\"claim\":{\"run\":"
            + "\"0HZXW3V5K2Q8T\",\"stage\":\"a\",\"attempt\":1},\"job\":\"j\",\"handler\":\"h\",\"with\":"
            + with
            + ",\"params\": {} ,\"checkpoint\":7,\"inputs\":null}]}";
    Start start = ok(StartCodec.decode(message.getBytes(StandardCharsets.UTF_8))).getFirst();
    assertThat(start.with()).isEqualTo(with);
    assertThat(start.params()).isEqualTo("{}");
    assertThat(start.checkpoint()).isEqualTo("7");
  }

  @Test
  void aBadMessageIsAValueWithItsCause() {
    assertThat(cause("{\"v\":1}")).contains("type is missing");
    assertThat(cause("{\"type\":\"job.start\",\"starts\":[]}"))
        .contains("v (the protocol version)");
    assertThat(cause("{\"v\":2,\"type\":\"job.start\"}")).contains("v=2");
    assertThat(cause("{\"v\":1,\"type\":\"job.reports\"}")).contains("does not belong here");
    assertThat(cause("{\"v\":1,\"type\":\"job.start\",\"starts\":[]}")).contains("1..64");
    assertThat(cause("{\"v\":1,\"type\":\"job.start\",\"starts\":[{\"job\":\"j\"}]}"))
        .contains("claim");
    assertThat(cause("[]")).contains("not a JSON object");
    assertThat(cause("")).contains("not a JSON object");
    assertThat(cause("{\"v\":1,\"type\":\"job.start\",\"starts\":" + "[".repeat(70))).contains("");
    assertThat(cause("\"" + "x".repeat(Wire.MESSAGE_BYTES_MAX) + "\"")).contains("the limit is");
  }

  private static String cause(String message) {
    return switch (StartCodec.decode(message.getBytes(StandardCharsets.UTF_8))) {
      case Decoded.Ok<List<Start>> ok -> throw new AssertionError("was read: " + ok.value());
      case Decoded.Bad<List<Start>> bad -> bad.cause();
    };
  }
}
