package dev.millrace.worker.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FileSpecTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static FileSpec read(String with) throws JsonProcessingException {
    return FileSpec.read(JSON.readTree(with.replace('\'', '"')));
  }

  @ParameterizedTest
  @CsvSource({
    "/data/in/*.csv,        /data/in, 1, /data/in/a.csv,     /data/in/x/a.csv",
    "/data/in/a.csv,        /data/in, 1, /data/in/a.csv,     /data/in/b.csv",
    "/data/*/in-?/*.csv,    /data,    3, /data/x/in-1/a.csv, /data/in-1/a.csv",
    "/data/a[0-9]/{b}.csv,  /data,    2, /data/a1/b.csv,     /data/ax/b.csv",
    "/*.csv,                /,        1, /a.csv,             /x/a.csv",
    "/data/in*/a.csv,       /data,    2, /data/in7/a.csv,    /data/a.csv",
    "/data/\\*.csv,         /data,    1, /data/*.csv,        /data/a.csv",
  })
  void aPatternSaysWhereToLookAndForWhat(
      String path, Path folder, int depth, Path like, Path unlike) throws Exception {
    FileSpec spec = read("{'path':'" + path.replace("\\", "\\\\") + "'}");
    assertThat(spec.pattern().folder()).isEqualTo(folder);
    assertThat(spec.pattern().depth()).isEqualTo(depth);
    assertThat(spec.pattern().files().matches(like)).isTrue();
    assertThat(spec.pattern().files().matches(unlike)).isFalse();
  }

  @Test
  void timesHaveTheirUsualValues() throws Exception {
    FileSpec usual = read("{'path':'/data/a'}");
    assertThat(usual.rule().stableFor()).hasSeconds(10);
    assertThat(usual.rule().minAge()).isZero();
    assertThat(usual.timeout()).isNull();
    FileSpec given =
        read("{'path':'/d/**','stable-for':'0s','min-age':'1m','timeout':'2h','depth':5}");
    assertThat(given)
        .extracting(
            spec -> spec.rule().stableFor(),
            spec -> spec.rule().minAge(),
            FileSpec::timeout,
            spec -> spec.pattern().depth())
        .containsExactly(Duration.ZERO, Duration.ofMinutes(1), Duration.ofHours(2), 5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "{}                                        | path is missing",
        "{'path':7}                                | path is missing",
        "{'path':'in/*.csv'}                       | not absolute",
        "{'path':'*.csv'}                          | must name files in a folder",
        "{'path':'/data/in/'}                      | must name files in a folder",
        "{'path':'/data/../etc/*'}                 | without // and . and ..",
        "{'path':'/data/in/..'}                    | without // and . and ..",
        "{'path':'/data//in/*'}                    | without // and . and ..",
        "{'path':'/data/{a'}                       | is no pattern",
        "{'path':'/d/*','stable-for':'soon'}       | stable-for: 'soon' is not a duration",
        "{'path':'/d/*','stable-for':'2d'}         | stable-for is more than",
        "{'path':'/d/*','timeout':5}               | timeout: '5' has no unit",
        "{'path':'/d/*','depth':0}                 | from 1 to 16",
        "{'path':'/d/*','depth':'deep'}            | a number of levels",
        "{'path':'/d/*/*.csv','depth':1}           | it needs 2",
        "{'path':'/d/*','dept':1}                  | unknown key 'dept'; known are",
      })
  void whatIsWrongIsSaid(String with, String cause) {
    assertThatThrownBy(() -> read(with))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("wait.file: ")
        .hasMessageContaining(cause);
  }
}
