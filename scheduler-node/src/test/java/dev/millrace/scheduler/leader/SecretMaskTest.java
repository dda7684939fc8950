package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.ParamDefinition;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A secret is hidden wherever it turns up. */
class SecretMaskTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text);
  }

  private static ParamDefinition param(String name, String type, boolean secret) {
    return new ParamDefinition(name, type, false, null, secret);
  }

  @Test
  void whatIsMadeOfASecretIsHiddenToo() throws Exception {
    List<ParamDefinition> params =
        List.of(
            param("token", "string", true),
            param("pin", "integer", true),
            param("keys", "object", true),
            param("short", "string", true),
            param("who", "string", false));
    JsonNode values =
        json(
            """
            {"token":"tok-12345","pin":987654,"keys":{"a":["inner-secret"]},"short":"ab","who":"anna"}
            """);
    SecretMask mask = SecretMask.of(params, values);
    JsonNode shown =
        mask.json(
            json(
                """
                {"url":"https://x/?t=tok-12345&p=987654","list":["inner-secret",987654,"ab","abc"],
                 "who":"anna","n":1.50}
                """));
    assertThat(shown)
        .isEqualTo(
            json(
                """
                {"url":"https://x/?t=***&p=***","list":["***","***","***","abc"],"who":"anna","n":1.50}
                """));
    assertThat(mask.text("login with tok-12345 failed")).isEqualTo("login with *** failed");
    assertThat(mask.text(null)).isNull();
    assertThat(mask.params(values))
        .isEqualTo(
            json(
                "{\"token\":\"***\",\"pin\":\"***\",\"keys\":\"***\",\"short\":\"***\",\"who\":\"anna\"}"));
  }

  @Test
  void theLongerOfTwoSecretsIsHiddenWhole() throws Exception {
    List<ParamDefinition> params = List.of(param("a", "string", true), param("b", "string", true));
    SecretMask mask = SecretMask.of(params, json("{\"a\":\"pass\",\"b\":\"password\"}"));
    assertThat(mask.text("password pass")).isEqualTo("*** ***");
  }

  @Test
  void withoutSecretsNothingIsHidden() throws Exception {
    SecretMask mask = SecretMask.of(List.of(param("a", "string", false)), json("{\"a\":\"word\"}"));
    assertThat(mask.text("a word")).isEqualTo("a word");
  }
}
