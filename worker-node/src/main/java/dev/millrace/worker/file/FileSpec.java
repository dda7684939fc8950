package dev.millrace.worker.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.file.FilePattern;
import dev.millrace.file.Sightings;
import dev.millrace.worker.WithText;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * The {@code with:} of a stage that waits for files, checked. Immutable.
 *
 * @param pattern which files, and where to look for them
 * @param rule when one of them counts
 * @param timeout after which the wait fails, or null
 */
record FileSpec(FilePattern pattern, Sightings.Rule rule, Duration timeout) {
  private static final Duration STABLE_FOR_USUAL = Duration.ofSeconds(10);
  private static final Duration STABLE_FOR_MAX = Duration.ofHours(24);
  private static final Set<String> KEYS =
      Set.of("path", "stable-for", "min-age", "depth", "timeout");

  /**
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  static FileSpec read(JsonNode with) {
    try {
      return checked(with);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("wait.file: " + e.getMessage(), e);
    }
  }

  private static FileSpec checked(JsonNode with) {
    with.fieldNames()
        .forEachRemaining(
            name ->
                require(
                    KEYS.contains(name),
                    "unknown key '" + name + "'; known are " + new TreeSet<>(KEYS)));
    require(with.path("path").isTextual(), "path is missing, or is not a text");
    FilePattern pattern = FilePattern.of(with.get("path").asText(), depth(with.path("depth")));
    Duration stableFor = WithText.duration(with, "stable-for", STABLE_FOR_USUAL);
    require(stableFor.compareTo(STABLE_FOR_MAX) <= 0, "stable-for is more than " + STABLE_FOR_MAX);
    Duration minAge = WithText.duration(with, "min-age", Duration.ZERO);
    return new FileSpec(
        pattern,
        new Sightings.Rule(stableFor, minAge, 0),
        WithText.duration(with, "timeout", null));
  }

  /** As deep as the pattern is written, when nothing is said. */
  private static int depth(JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return FilePattern.AS_WRITTEN;
    }
    require(node.isIntegralNumber() && node.canConvertToInt(), "depth must be a number of levels");
    int depth = node.asInt();
    require(
        depth >= 1 && depth <= FilePattern.DEPTH_MAX,
        "depth must be from 1 to " + FilePattern.DEPTH_MAX);
    return depth;
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(problem);
    }
  }
}
