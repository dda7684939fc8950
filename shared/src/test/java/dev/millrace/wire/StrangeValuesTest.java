package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that are well-formed and make no sense: others are written in other languages. */
class StrangeValuesTest {
  private static final String CLAIM =
      "\"claim\":{\"run\":\"0HZXW3V5K2Q8T\",\"stage\":\"a\",\"attempt\":1}";

  @ParameterizedTest
  @ValueSource(strings = {"9223372036854775807", "316224000001", "4e12", "-1", "-9e18"})
  void noDurationIsNegativeOrLongerThanTenYears(String millis) {
    Report.Finished finished = (Report.Finished) report("\"ranMillis\":" + millis);
    assertThat(finished.ranMillis()).isIn(0L, Wire.AGO_MILLIS_MAX);
    assertThat(line("\"agoMillis\":" + millis).agoMillis()).isIn(0L, Wire.AGO_MILLIS_MAX);
    assertThat(startedAgoMillis(millis)).isIn(0L, Wire.AGO_MILLIS_MAX);
  }

  @ParameterizedTest
  @ValueSource(strings = {"99999999999999999999999", "1e300", "-9e99"})
  void aNumberThatIsNoLongIsABadMessageAndNothingWorse(String millis) {
    assertThat(ReportCodec.decode(reports("\"ranMillis\":" + millis)))
        .isInstanceOf(Decoded.Bad.class);
    assertThat(LogCodec.decode(lines("\"agoMillis\":" + millis))).isInstanceOf(Decoded.Bad.class);
    assertThat(startedAgoMillis(millis)).isIn(0L, Wire.AGO_MILLIS_MAX);
  }

  @Test
  void theLongestAgoIsStillAnInstantOfOurs() {
    LogLines.Line line = line("\"agoMillis\":9223372036854775807");
    Instant at = Instant.parse("2027-01-01T00:00:00Z").minus(Duration.ofMillis(line.agoMillis()));
    assertThat(at).isAfter(Instant.parse("2016-01-01T00:00:00Z"));
  }

  @Test
  void whatIsWithinTheBoundsStaysAsItIs() {
    assertThat(((Report.Finished) report("\"ranMillis\":812")).ranMillis()).isEqualTo(812);
    assertThat(line("\"agoMillis\":35").agoMillis()).isEqualTo(35);
    assertThat(startedAgoMillis("86400000")).isEqualTo(86_400_000);
  }

  @Test
  void aLineWithoutAStreamIsOfTheUsualOne() {
    assertThat(line("\"stream\":null").stream()).isEqualTo("stdout");
    assertThat(line("\"agoMillis\":1").stream()).isEqualTo("stdout");
    assertThat(line("\"stream\":\"stderr\"").stream()).isEqualTo("stderr");
    assertThat(line("\"text\":null").text()).isEmpty();
  }

  private static Report report(String fields) {
    return ok(ReportCodec.decode(reports(fields))).reports().getFirst();
  }

  private static byte[] reports(String fields) {
    return bytes(
        "{\"v\":1,\"type\":\"job.reports\",\"worker\":\"w\",\"reports\":[{\"kind\":\"finished\","
            + CLAIM
            + ",\"outcome\":\"completed\","
            + fields
            + "}]}");
  }

  private static LogLines.Line line(String fields) {
    return ok(LogCodec.decode(lines(fields))).lines().getFirst();
  }

  private static byte[] lines(String fields) {
    return bytes(
        "{\"v\":1,\"type\":\"job.log\",\"worker\":\"w\",\"lines\":[{"
            + CLAIM
            + ",\"number\":1,"
            + fields
            + "}]}");
  }

  private static long startedAgoMillis(String millis) {
    String message =
        "{\"v\":1,\"type\":\"worker.heartbeat\",\"worker\":\"w\",\"startedAgoMillis\":"
            + millis
            + "}";
    return ((HeartbeatCodec.Beat.Worker) ok(HeartbeatCodec.decode(bytes(message))))
        .heartbeat()
        .startedAgoMillis();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static <T> T ok(Decoded<T> decoded) {
    return switch (decoded) {
      case Decoded.Ok<T> ok -> ok.value();
      case Decoded.Bad<T> bad -> throw new AssertionError(bad.cause());
    };
  }
}
