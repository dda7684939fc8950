package dev.millrace.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.util.List;
import org.junit.jupiter.api.Test;

class WellFormedTest {
  private static final Claim CLAIM = new Claim(new RunId(7), "only", 1);
  private static final String FACE = "\uD83D\uDE00";

  @Test
  void halvesOfCharactersAreReplacedAndPairsStay() {
    assertThat(WellFormed.text(null)).isNull();
    assertThat(WellFormed.text("plain " + FACE)).isEqualTo("plain " + FACE);
    assertThat(WellFormed.text("a\uD800b\uDC00" + FACE + "\uD83D"))
        .isEqualTo("a\uFFFDb\uFFFD" + FACE + "\uFFFD");
    assertThat(WellFormed.text("\uDC00\uD800")).isEqualTo("\uFFFD\uFFFD");
  }

  @Test
  void escapesInJsonToo() {
    assertThat(WellFormed.json("{\"a\":\"\\ud800\"}")).isEqualTo("{\"a\":\"\\ufffd\"}");
    assertThat(WellFormed.json("\"\\uD83D\\uDE00 \\uDE00\""))
        .isEqualTo("\"\\uD83D\\uDE00 \\ufffd\"");
    assertThat(WellFormed.json("\"\\ud800\\ud83d\\ude00\"")).isEqualTo("\"\\ufffd\\ud83d\\ude00\"");
    assertThat(WellFormed.json("\"\\\\ud800\"")).as("no escape").isEqualTo("\"\\\\ud800\"");
    assertThat(WellFormed.json("\"\\\\\\ud800\"")).isEqualTo("\"\\\\\\ufffd\"");
    assertThat(WellFormed.json("\"\\u00e4\\u20ac\"")).isEqualTo("\"\\u00e4\\u20ac\"");
    assertThat(WellFormed.json("\"\\ud8")).as("cut").isEqualTo("\"\\ud8");
  }

  @Test
  void reportsWithThemAreWrittenAndReadWellFormed() {
    Report bad =
        new Report.Finished(
            CLAIM,
            Outcome.FAILED,
            1,
            1,
            "mine",
            "half \uD800",
            "{\"a\":\"\uD800\",\"b\":\"\\udc00\"}");
    byte[] message = ReportCodec.encode(new Reports("worker", List.of(bad)));
    assertThat(((Decoded.Ok<Reports>) ReportCodec.decode(message)).value().reports())
        .singleElement()
        .satisfies(
            report -> {
              Report.Finished finished = (Report.Finished) report;
              assertThat(finished.error()).isEqualTo("half \uFFFD");
              assertThat(finished.output()).isEqualTo("{\"a\":\"\uFFFD\",\"b\":\"\\ufffd\"}");
            });
  }

  /** A worker in another language escapes what it cannot encode. */
  @Test
  void whatOthersEscapeIsCleanedOnIntake() {
    String message =
        """
        {"v":1,"type":"job.reports","worker":"w","reports":[{"kind":"finished","outcome":"completed",
        "claim":{"run":"%s","stage":"only","attempt":1},"output":"\\ud800","error":"\\udfff"}]}
        """
            .formatted(CLAIM.run());
    Reports read =
        ((Decoded.Ok<Reports>)
                ReportCodec.decode(message.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
            .value();
    Report.Finished finished = (Report.Finished) read.reports().getFirst();
    assertThat(finished.output()).isEqualTo("\"\uFFFD\"");
    assertThat(finished.error()).isEqualTo("\uFFFD");
  }
}
