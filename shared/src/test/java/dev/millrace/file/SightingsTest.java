package dev.millrace.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** When a file is whole. */
class SightingsTest {
  private static final Instant NOW = Instant.parse("2027-01-01T00:00:00Z");
  private static final Sightings.Rule TEN_SECONDS =
      new Sightings.Rule(Duration.ofSeconds(10), Duration.ZERO, 0);

  private static long seconds(long seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }

  private static FileMark mark(String path, long size) {
    return new FileMark(path, size, NOW.plusSeconds(size));
  }

  @Test
  void aFileIsWholeWhenItHasNotChangedForLongEnough() {
    Sightings first = Sightings.NONE.next(List.of(mark("/a", 1)), seconds(0));
    assertThat(first.whole(TEN_SECONDS, seconds(9), NOW)).isEmpty();
    Sightings grown = first.next(List.of(mark("/a", 2)), seconds(9));
    assertThat(grown.whole(TEN_SECONDS, seconds(18), NOW)).isEmpty();
    Sightings same = grown.next(List.of(mark("/a", 2)), seconds(19));
    assertThat(same.whole(TEN_SECONDS, seconds(19), NOW)).containsExactly(mark("/a", 2));
  }

  @Test
  void aFileThatWasAwayBeginsAnew() {
    Sightings first = Sightings.NONE.next(List.of(mark("/a", 1)), seconds(0));
    Sightings back = first.next(List.of(), seconds(5)).next(List.of(mark("/a", 1)), seconds(11));
    assertThat(back.whole(TEN_SECONDS, seconds(12), NOW)).isEmpty();
    assertThat(back.whole(TEN_SECONDS, seconds(21), NOW)).hasSize(1);
  }

  @Test
  void ageAndSizeCountToo() {
    FileMark mark = new FileMark("/a", 7, NOW.minusSeconds(50));
    Sightings seen = Sightings.NONE.next(List.of(mark), 0);
    var old = new Sightings.Rule(Duration.ZERO, Duration.ofMinutes(1), 7);
    assertThat(seen.whole(old, 1, NOW)).isEmpty();
    assertThat(seen.whole(old, 1, NOW.plusSeconds(10))).containsExactly(mark);
    var large = new Sightings.Rule(Duration.ZERO, Duration.ZERO, 8);
    assertThat(seen.whole(large, 1, NOW)).isEmpty();
  }

  /**
   * Against the whole past: whole is what every look of the last ten seconds has found the same.
   */
  @Property(tries = 300)
  void itIsWhatThePastSays(@ForAll long seed) {
    Random random = new Random(seed);
    Map<String, Long> sizes = new HashMap<>();
    TreeMap<Long, Map<String, FileMark>> past = new TreeMap<>();
    Sightings seen = Sightings.NONE;
    long now = 0;
    for (int look = 0; look < 30; look++) {
      now += seconds(1 + random.nextInt(6));
      Map<String, FileMark> found = new HashMap<>();
      for (String path : List.of("/a", "/b", "/c")) {
        if (random.nextInt(4) == 0) {
          sizes.merge(path, 1L, Long::sum);
        }
        if (random.nextInt(8) != 0) {
          found.put(path, mark(path, sizes.getOrDefault(path, 0L)));
        }
      }
      past.put(now, found);
      seen = seen.next(found.values(), now);
      assertThat(seen.whole(TEN_SECONDS, now, NOW)).isEqualTo(expected(past, now));
    }
  }

  private static List<FileMark> expected(NavigableMap<Long, Map<String, FileMark>> past, long now) {
    List<FileMark> whole = new ArrayList<>();
    for (FileMark mark : new TreeMap<>(past.get(now)).values()) {
      Long from = past.floorKey(now - seconds(10));
      if (from != null
          && past.tailMap(from).values().stream()
              .allMatch(found -> mark.equals(found.get(mark.path())))) {
        whole.add(mark);
      }
    }
    return whole;
  }
}
