package dev.millrace.scheduler.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.definition.DurationText;
import dev.millrace.file.FilePattern;
import dev.millrace.file.Sightings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Between who looks at files and the leader's turn, for stages that wait for files: what is waited
 * for one way, what was found the other. Thread-safe.
 */
public final class FileWaits {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration STABLE_FOR_USUAL = Duration.ofSeconds(10);

  /** An attempt of a stage. */
  public record Key(long run, int stage, int attempt) {}

  /** What it waits for. */
  public record Wait(Key key, FilePattern pattern, Sightings.Rule rule) {}

  /**
   * How a wait ended.
   *
   * @param output JSON text, or null
   * @param problem why it may not look, or null
   */
  public record End(Key key, String output, String problem) {}

  private final Map<Key, Wait> waits = new LinkedHashMap<>();
  private final Map<Key, End> ends = new LinkedHashMap<>();

  /**
   * Reads what a stage waits for.
   *
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  public static Wait read(Key key, String spec) {
    JsonNode with;
    try {
      with = JSON.readTree(spec);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("its `with` is no JSON", e);
    }
    FilePattern pattern =
        FilePattern.of(
            with.path("path").asText(), with.path("depth").asInt(FilePattern.AS_WRITTEN));
    return new Wait(
        key,
        pattern,
        new Sightings.Rule(
            duration(with.path("stable-for"), STABLE_FOR_USUAL),
            duration(with.path("min-age"), Duration.ZERO),
            0));
  }

  private static Duration duration(JsonNode node, Duration usual) {
    return node.isTextual() ? DurationText.parse(node.asText()) : usual;
  }

  public synchronized void clear() {
    waits.clear();
    ends.clear();
  }

  public synchronized void add(Wait wait) {
    waits.put(wait.key, wait);
  }

  /** The stage does not wait any more. */
  public synchronized void forget(long run, int stage) {
    waits.keySet().removeIf(key -> key.run == run && key.stage == stage);
    ends.keySet().removeIf(key -> key.run == run && key.stage == stage);
  }

  synchronized Collection<Wait> all() {
    return List.copyOf(waits.values());
  }

  /** It is over before it began. */
  public synchronized void end(End end) {
    ends.put(end.key, end);
  }

  /** It is over; said once or more. */
  synchronized void ended(End end) {
    if (waits.containsKey(end.key)) {
      ends.put(end.key, end);
    }
  }

  public synchronized boolean hasNews() {
    return !ends.isEmpty();
  }

  /** Some that are over; they stay until {@link #done}. */
  public synchronized List<End> look(int max) {
    return new ArrayList<>(ends.values()).subList(0, Math.min(max, ends.size()));
  }

  /** The turn has dealt with these. */
  public synchronized void done(Collection<End> dealtWith) {
    for (End end : dealtWith) {
      waits.remove(end.key);
      ends.remove(end.key);
    }
  }
}
