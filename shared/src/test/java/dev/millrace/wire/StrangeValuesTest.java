package dev.millrace.wire;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;
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

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "-9e18", "null"})
  void aSilenceOfNothingIsNoBound(String millis) {
    assertThat(start("\"heartbeatTimeoutMillis\":" + millis).heartbeatTimeout()).isNull();
  }

  @Test
  void aSilenceIsNoLongerThanTenYears() {
    assertThat(start("\"heartbeatTimeoutMillis\":9223372036854775807").heartbeatTimeout())
        .hasMillis(Wire.AGO_MILLIS_MAX);
    assertThat(start("\"heartbeatTimeoutMillis\":1500").heartbeatTimeout()).hasMillis(1_500);
  }

  @Test
  void onlyAnItemOfAFanOutHasAnIndex() {
    assertThat(start("\"x\":1").index()).isEqualTo(Start.NO_ITEM);
    assertThat(start("\"x\":1").item()).isNull();
    assertThat(start("\"index\":null").index()).isEqualTo(Start.NO_ITEM);
    assertThat(start("\"index\":-7").index()).isEqualTo(Start.NO_ITEM);
    assertThat(start("\"index\":\"first\"").index()).isEqualTo(Start.NO_ITEM);
    assertThat(start("\"index\":9000000000").index()).isEqualTo(Integer.MAX_VALUE);
    assertThat(start("\"index\":0,\"item\":\"a b\"").item()).isEqualTo("\"a b\"");
    assertThat(start("\"item\":null").item()).isNull();
  }

  @Test
  void anItemCountsAsPartOfTheStart() {
    assertThat(start("\"item\":\"0123456789\"").chars() - start("\"x\":1").chars()).isEqualTo(12);
  }

  @Test
  void anItemStaysWithTheOtherAttemptsOfItsStage() {
    Start start = start("\"index\":3,\"item\":[1],\"heartbeatTimeoutMillis\":5");
    Start again = start.ofAttempt(2);
    assertThat(again.claim().attempt()).isEqualTo(2);
    assertThat(again)
        .extracting(Start::item, Start::index, Start::heartbeatTimeout)
        .containsExactly("[1]", 3, Duration.ofMillis(5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "null", "0", "\"false\"", "{\"a\":[false]}", "[]"})
  void onlyAClearNoForbidsAnotherAttempt(String value) {
    Report.Finished finished =
        (Report.Finished) report("\"retryable\":" + value + ",\"exitCode\":7");
    assertThat(finished.retryable()).isTrue();
    assertThat(finished.exitCode()).as("what follows is read").isEqualTo(7);
    assertThat(((Report.Finished) report("\"retryable\":false")).retryable()).isFalse();
  }

  @Test
  void nobodyIsMadeToWaitForEver() {
    assertThat(retryAfter("-5")).isZero();
    assertThat(retryAfter("0")).isZero();
    assertThat(retryAfter("120000")).hasMinutes(2);
    assertThat(retryAfter("9223372036854775807")).isEqualTo(Report.Finished.RETRY_AFTER_MAX);
    assertThat(retryAfter("null")).isNull();
    assertThat(((Report.Finished) report("\"ranMillis\":1")).retryAfter()).isNull();
  }

  @Test
  void countersOfAReportKeepToTheSameBounds() {
    Report.Finished finished =
        (Report.Finished)
            report("\"counters\":{\"pages\":3,\"text\":\"3\",\"" + "n".repeat(41) + "\":1}");
    assertThat(finished.counters()).containsExactly(Map.entry("pages", 3L));
    assertThat(((Report.Finished) report("\"counters\":null")).counters()).isEmpty();
    assertThat(((Report.Finished) report("\"counters\":[1]")).counters()).isEmpty();
    byte[] again = ReportCodec.encode(new Reports("w", java.util.List.of(finished)));
    assertThat(ReportCodec.decode(again))
        .isEqualTo(new Decoded.Ok<>(new Reports("w", java.util.List.of(finished))));
  }

  @Test
  void countersKeepToTheirBoundsOrAreNotRead() {
    assertThat(counters("{\"pages\":3,\"minus\":-9223372036854775808}"))
        .containsExactly(Map.entry("pages", 3L), Map.entry("minus", Long.MIN_VALUE));
    assertThat(counters("{\"a\":\"3\",\"b\":null,\"c\":{},\"d\":1e300,\"e\":true,\"f\":4.9}"))
        .containsExactly(Map.entry("f", 4L));
    assertThat(counters("{\"" + "n".repeat(41) + "\":1,\"" + "n".repeat(40) + "\":2}"))
        .containsOnlyKeys("n".repeat(40));
    String many =
        IntStream.range(0, 100).mapToObj(i -> "\"n" + i + "\":" + i).collect(joining(","));
    assertThat(counters("{" + many + "}")).hasSize(20).containsEntry("n19", 19L);
    assertThat(counters("[1,2]")).isEmpty();
    assertThat(counters("null")).isEmpty();
  }

  private static Start start(String fields) {
    String message =
        "{\"v\":1,\"type\":\"job.start\",\"starts\":[{"
            + CLAIM
            + ",\"job\":\"j\",\"handler\":\"h\","
            + fields
            + "}]}";
    return ok(StartCodec.decode(bytes(message))).getFirst();
  }

  private static Duration retryAfter(String millis) {
    return ((Report.Finished) report("\"retryAfterMillis\":" + millis)).retryAfter();
  }

  private static Map<String, Long> counters(String json) {
    String message =
        "{\"v\":1,\"type\":\"worker.heartbeat\",\"worker\":\"w\",\"open\":[{"
            + CLAIM
            + ",\"counters\":"
            + json
            + "}]}";
    return ((HeartbeatCodec.Beat.Worker) ok(HeartbeatCodec.decode(bytes(message))))
        .heartbeat()
        .open()
        .getFirst()
        .counters();
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
