package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.junit.jupiter.api.Test;

class JsonReasonTest {
  @Test
  void theParsersInnerLifeIsLeftOut() {
    var broken = catchThrowableOfType(JsonProcessingException.class, () -> Json.parse("{\"a\": 1"));
    assertThat(JsonReason.of(broken))
        .startsWith("Unexpected end-of-input")
        .contains("line: 1, column: 1")
        .doesNotContain("Source", "StreamReadFeature", "\n");
  }
}
