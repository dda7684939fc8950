package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors as programs write them: which of them are the same one. */
class FingerprintTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "connect to 10.0.3.17:5432 refused | connect to 10.0.4.2:5433 refused",
        "timed out after 30001 ms | timed out after 29998 ms",
        "order 7f9c2ba4-e88f-42b5-8fd6-2a1d3f0c9e11 not found | order 0b1d4c77-1f7e-4f0a-9b7a-fe5a2c6d8b90 not found",
        "KeyError: 'sku-118' | KeyError: 'sku-99871'",
        "column \"price\" does not exist | column \"colour\" does not exist",
        "no file `a.csv` | no file `b.csv`",
        "2027-01-04T14:00:02.123Z deadlock detected | 2027-02-28T01:59:59Z deadlock detected",
        "2027-01-04 14:00:02,123 ERROR gone | 2027-11-30 04:10:22,001 ERROR gone",
        "cannot open /data/in/orders-20270104.csv | cannot open /data/in/orders-20270105.csv",
        "cannot open /tmp/tmpabcxyz/out | cannot open /tmp/tmpqrstuv/out",
        "cannot read /home/anna/key | cannot read /home/bert/key",
        "GET https://shop.example/items/881?page=2&q=red: 503 | GET https://shop.example/items/7?page=9&q=blue: 503",
        "object at 0x7f3a2c is None | object at 0x55d011 is None",
        "commit 3f2a9bc1d0 is unknown | commit a81be77c02 is unknown",
        "run 0HZXW3V5K2Q8T was lost | run 0HZXW3V5K2R01 was lost",
        "mail to anna.b@example.org bounced | mail to c@mail.example.com bounced",
        "worker host-4711-k3x9 fell silent for 10214 ms | worker host-99-q1z2 fell silent for 10001 ms",
        "Traceback: line 12, in load_v2 | Traceback: line 98, in load_v3",
      })
  void errorsThatDifferInWhatVariesAreOne(String one, String other) {
    assertThat(Fingerprint.pattern(one)).isEqualTo(Fingerprint.pattern(other));
    assertThat(Fingerprint.of("j", "s", "exit:1", one))
        .isEqualTo(Fingerprint.of("j", "s", "exit:1", other))
        .matches("[0-9a-f]{16}");
  }

  @ParameterizedTest
  @CsvSource({
    "connection refused, connection reset",
    "cannot open /data/in/orders.csv, cannot open /data/in/items.csv",
    "can't open the door it's locked, can't close the door it's locked",
    "the shop answered, the bank answered",
  })
  void otherErrorsStayApart(String one, String other) {
    assertThat(Fingerprint.of("j", "s", null, one))
        .isNotEqualTo(Fingerprint.of("j", "s", null, other));
  }

  @Test
  void jobStageAndClassTellApartToo() {
    String one = Fingerprint.of("job", "stage", "exit:1", "no");
    assertThat(one)
        .isNotEqualTo(Fingerprint.of("other", "stage", "exit:1", "no"))
        .isNotEqualTo(Fingerprint.of("job", "other", "exit:1", "no"))
        .isNotEqualTo(Fingerprint.of("job", "stage", "exit:2", "no"))
        .isNotEqualTo(Fingerprint.of("jobs", "tage", "exit:1", "no"));
    assertThat(Fingerprint.of("job", "stage", null, null)).hasSize(16);
  }

  @Test
  void whatStandsAtTheEndOfALongTraceDoesNotCount() {
    String head = "java.lang.IllegalStateException: gone\n" + "\tat dev.shop.Load.run\n".repeat(60);
    assertThat(Fingerprint.pattern(head + "one")).isEqualTo(Fingerprint.pattern(head + "another"));
  }

  /** An error is the worker's own text: none may hold the leader up. */
  @Test
  void strangeTextTakesNoLongerThanOther() {
    for (String unit :
        new String[] {"a", "'", "\"", "/", "a@", "a.", "=", "?a=", "-", "0a", "\\"}) {
      assertThat(Fingerprint.pattern(unit.repeat(100_000))).isNotNull();
    }
  }
}
