package dev.millrace.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class PercentilesTest {
  private static final long MILLISECOND = 1_000_000;

  @Test
  void eachIsAMeasuredValue() {
    long[] nanos = LongStream.rangeClosed(1, 200).map(i -> (201 - i) * MILLISECOND).toArray();

    assertThat(Percentiles.ofNanos(nanos)).isEqualTo(new Percentiles(200, 100, 198, 200));
    assertThat(nanos[0]).isEqualTo(200 * MILLISECOND);
  }

  @Test
  void oneValueIsAllOfThem() {
    assertThat(Percentiles.ofNanos(1_500_000)).isEqualTo(new Percentiles(1, 1.5, 1.5, 1.5));
  }

  @Test
  void nothingMeasuredIsZero() {
    assertThat(Percentiles.ofNanos()).isEqualTo(new Percentiles(0, 0, 0, 0));
  }
}
