package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RunTreeTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:15Z");
  private static final String RUN =
      """
      {"id":"0HZXW3V5K2Q8T","job":"shop","state":"RUNNING","startedAt":"2026-01-02T03:04:05Z",
       "stages":[
        {"id":"list","state":"COMPLETED","attempt":2,"needs":[],"startedAt":"2026-01-02T03:04:05Z",
         "finishedAt":"2026-01-02T03:04:07Z"},
        {"id":"each","state":"RUNNING","attempt":1,"needs":["list"],"startedAt":"2026-01-02T03:04:07Z",
         "fan":{"items":6,"started":4,"completed":2,"failed":1,"cancelled":0}},
        {"id":"load","state":"RUNNING","attempt":1,"needs":["list"],"startedAt":"2026-01-02T03:04:07Z",
         "progress":{"percent":50,"message":"half\\u001b[2J way"}},
        {"id":"last","state":"WAITING","attempt":0,"needs":["each","load"]}]}
      """;

  private static RunTree tree(Map<String, String> environment, Map<String, String> lines) {
    Terminal terminal =
        new Terminal(
            new PrintWriter(new StringWriter()),
            new PrintWriter(new StringWriter()),
            true,
            environment);
    return new RunTree(terminal, lines, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private static JsonNode run() throws Exception {
    return new ObjectMapper().readTree(RUN);
  }

  @Test
  void stagesStandRightOfWhatTheyNeedWithTheirProgress() throws Exception {
    RunTree tree = tree(Map.of("LANG", "C"), Map.of("load", "row 7"));
    assertThat(tree.lines(new WindowSize(24, 120))).isEmpty();
    tree.update(run());
    assertThat(tree.lines(new WindowSize(24, 120)))
        .containsExactly(
            "run 0HZXW3V5K2Q8T  shop  RUNNING  1/4 stages  10.0 s",
            "  + list      COMPLETED attempt 2  2.0 s",
            "  *   each    RUNNING 3/6 1 failed  [######------]  8.0 s",
            "  *   load    RUNNING 50% half␛[2J way  [######------]  8.0 s  | row 7",
            "  o     last  WAITING  needs each, load");
  }

  @Test
  void itFitsEveryWindow() throws Exception {
    RunTree tree = tree(Map.of("LANG", "C.UTF-8"), Map.of());
    tree.update(run());
    List<String> lines = tree.lines(new WindowSize(7, 40));
    assertThat(lines).allMatch(line -> line.length() < 40).hasSize(4);
    assertThat(lines.getLast()).contains("2 more stages");
    assertThat(lines.get(1)).contains("●");
  }

  @Test
  void topSortsFiltersAndEnds() throws Exception {
    JsonNode seen =
        new ObjectMapper()
            .readTree(
                """
                {"server":"s","overview":null,"pools":[{"name":"default","slots":4}],"workers":[],"runs":[
                 {"id":"0HZXW3V5K2Q8T","job":"b","state":"RUNNING","createdAt":"2026-01-01T00:00:00Z"},
                 {"id":"0HZXW3V5K2Q8V","job":"a","state":"PENDING","createdAt":"2026-01-02T00:00:00Z"}]}
                """);
    TopView view = new TopView(TopView.Sort.AGE, "");
    assertThat(ids(view, seen)).containsExactly("0HZXW3V5K2Q8T", "0HZXW3V5K2Q8V");
    assertThat(view.quits('s')).isFalse();
    assertThat(ids(view, seen)).as("by job").containsExactly("0HZXW3V5K2Q8V", "0HZXW3V5K2Q8T");
    for (char key : "/pendinq\u007fg\n".toCharArray()) {
      assertThat(view.quits(key)).as("a q in a filter does not quit").isFalse();
    }
    assertThat(ids(view, seen)).containsExactly("0HZXW3V5K2Q8V");
    assertThat(view.lines(seen, 8)).hasSizeLessThanOrEqualTo(12);
    assertThat(view.quits('q')).isTrue();
  }

  private static List<String> ids(TopView view, JsonNode seen) {
    return view.lines(seen, Integer.MAX_VALUE).stream()
        .filter(line -> line.startsWith("0HZ"))
        .map(line -> line.substring(0, 13))
        .toList();
  }
}
