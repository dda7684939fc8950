package dev.millrace.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BenchReportTest {
  private static final Machine MACHINE =
      new Machine(2, 8L << 30, "a cpu", "an os", "a jvm", "PostgreSQL 18", "RabbitMQ 4");
  private static final BenchReport REPORT =
      new BenchReport(
          MACHINE,
          List.of(
              new ThroughputResult("millrace", "0.1.0", 200_000, 200_000, 0, 50_000, 30_000, true),
              new ThroughputResult("quartz", "2.5.2", 2_000, 900, 0, 1_000, 150, false)));

  @Test
  void theTableTellsHowManyTimesFasterWeAre() {
    assertThat(REPORT.text().lines())
        .hasSize(4)
        .anySatisfy(line -> assertThat(line).startsWith("millrace").endsWith("x 1.0"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith("quartz")
                    .contains("x 200.0")
                    .endsWith("stopped by the time limit after 900 jobs"));
  }

  @Test
  void withoutUsThereIsNoRatio() {
    var alone = new BenchReport(MACHINE, REPORT.results().subList(1, 2));

    assertThat(alone.text()).doesNotContain("x ");
  }

  @Test
  void theJsonHasTheMachineAndEveryResult() throws JsonProcessingException {
    var json = new ObjectMapper().readTree(REPORT.json());

    assertThat(json.at("/machine/cores").asInt()).isEqualTo(2);
    assertThat(json.at("/machine/postgres").asText()).isEqualTo("PostgreSQL 18");
    assertThat(json.at("/results/0/system").asText()).isEqualTo("millrace");
    assertThat(json.at("/results/0/endToEndPerSecond").asDouble()).isEqualTo(30_000);
    assertThat(json.at("/results/1/complete").asBoolean()).isFalse();
  }
}
