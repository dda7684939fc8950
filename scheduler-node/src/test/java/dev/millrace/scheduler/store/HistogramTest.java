package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Percentiles out of buckets. */
class HistogramTest {
  private static int bucket(double millis) {
    return millis < 1 ? 1 : Math.min(140, 2 + (int) Math.floor(4 * Math.log(millis) / Math.log(2)));
  }

  @Test
  void nothingHasNoPercentile() {
    assertThat(new Histogram().percentile(50)).isNull();
  }

  @Test
  void percentilesAreOffByLessThanAFifth() {
    Random random = new Random(1);
    double[] values = random.doubles(10_000, 0, 1).map(x -> Math.exp(x * 15)).sorted().toArray();
    Histogram histogram = new Histogram();
    for (double value : values) {
      histogram.add(bucket(value), 1);
    }
    for (int percent : new int[] {10, 50, 90, 95, 99}) {
      double exact = values[values.length * percent / 100 - 1];
      assertThat((double) histogram.percentile(percent))
          .isBetween(exact / 1.2 - 1, exact * 1.2 + 1);
    }
  }

  @Test
  void daysAddUpAndTextIsAnArray() {
    Histogram one = new Histogram();
    one.add(new Integer[] {1, 0, 2});
    Histogram two = new Histogram();
    two.add(3, 5);
    two.add(one);
    two.add(0, 7);
    assertThat(two.text()).isEqualTo("{1,0,7}");
    assertThat(two.count()).isEqualTo(8);
  }
}
