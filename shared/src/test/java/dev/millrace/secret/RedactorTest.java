package dev.millrace.secret;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** No form of a value is left, wherever a text is cut. */
class RedactorTest {
  private static final String VALUE = "pa/ss wörd\"+=&\\9";
  private static final Redactor REDACTOR = Redactor.of(List.of(VALUE));

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void everyFormIsHidden() throws Exception {
    String url = URLEncoder.encode(VALUE, StandardCharsets.UTF_8);
    String quoted = new ObjectMapper().writeValueAsString(VALUE);
    for (String form :
        List.of(
            VALUE,
            Base64.getEncoder().encodeToString(utf8(VALUE)),
            Base64.getUrlEncoder().withoutPadding().encodeToString(utf8(VALUE)),
            url,
            url.replace("+", "%20"),
            "pa%2fss%20w%c3%b6rd%22%2b%3d%26%5c9",
            "pa/ss%20w%C3%B6rd%22+=&%5C9",
            quoted.substring(1, quoted.length() - 1),
            HexFormat.of().formatHex(utf8(VALUE)),
            HexFormat.of().withUpperCase().formatHex(utf8(VALUE)))) {
      assertThat(REDACTOR.text("a " + form + " b")).startsWith("a ***").endsWith(" b");
      assertThat(REDACTOR.text("a " + form + " b")).doesNotContain(form.substring(2, 8));
    }
  }

  /** A header of basic authentication encodes the name and the password as one. */
  @Test
  void base64IsHiddenWhateverStandsBeforeAndBehind() {
    for (String name : List.of("a:", "ab:", "abc:", "abcd:")) {
      for (String behind : List.of("", ".", "..", "...")) {
        String header = Base64.getEncoder().encodeToString(utf8(name + VALUE + behind));
        String shown = REDACTOR.text(header);
        assertThat(shown).contains("***");
        assertThat(
                new String(
                    Base64.getDecoder().decode(shown.split("\\*")[0]), StandardCharsets.UTF_8))
            .doesNotContain("ss");
      }
    }
  }

  @Test
  void valuesThatOverlapAreHiddenAsOne() {
    Redactor both = Redactor.of(List.of("abcdefgh", "efghijkl", "abcdef"));
    assertThat(both.text("x abcdefghijkl y abcdef z")).isEqualTo("x *** y *** z");
  }

  @Test
  void aLineOfAValueOfManyLinesIsHidden() {
    Redactor key = Redactor.of(List.of("-----BEGIN-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n--\n"));
    assertThat(key.text("line: kqhkiG9w0BAQ")).isEqualTo("line: ***");
  }

  @Test
  void shortValuesAreLeft() {
    assertThat(Redactor.of(List.of("12345")).isEmpty()).isTrue();
    assertThat(Redactor.of(List.of("12345", "123456")).text("12345 1234567"))
        .isEqualTo("12345 ***7");
  }

  @Test
  void jsonStaysJson() {
    Redactor numbers = Redactor.of(List.of("123456", "hunter22"));
    assertThat(numbers.json("{\"n\":123456,\"hunter22\":[\"a hunt\\u0065r22\",1.50,null,true]}"))
        .isEqualTo("{\"n\":\"***\",\"***\":[\"a ***\",1.50,null,true]}");
    assertThat(numbers.json("{\"a\": 1.50 }")).isEqualTo("{\"a\": 1.50 }");
    assertThat(numbers.json("no json hunter22")).isEqualTo("no json ***");
    assertThat(numbers.json("{\"a\":1} hunter22")).isEqualTo("{\"a\":1} ***");
  }

  /** Wherever a text that goes on was cut, what is shown of it has no piece of the value. */
  @Test
  void noPieceIsLeftAtACut() {
    Redactor redactor = Redactor.of(List.of("s3cr3t-t0k3n"));
    String text = "....s3cr3t-t0k3n..s3cr3t-t0k3ns3cr3t-t0k3n....";
    for (int cut = 0; cut <= text.length(); cut++) {
      String shown = redactor.beginning(text.substring(0, cut));
      assertThat(shown.replace("***", "")).as("cut at " + cut).matches("\\.*");
    }
  }

  @Test
  void anyTextIsAsASlowSearchSays() {
    Random random = new Random(7);
    for (int round = 0; round < 2_000; round++) {
      String value = letters(random, 6 + random.nextInt(5));
      String other = letters(random, 6 + random.nextInt(5));
      String text = letters(random, random.nextInt(60)) + value + letters(random, 20) + other;
      String shown = Redactor.of(List.of(value, other)).text(text);
      assertThat(shown).doesNotContain(value).doesNotContain(other);
      assertThat(shown.replace("***", "").length()).isLessThan(text.length());
    }
  }

  private static String letters(Random random, int length) {
    StringBuilder text = new StringBuilder();
    random.ints(length, 'a', 'd').forEach(c -> text.append((char) c));
    return text.toString();
  }
}
