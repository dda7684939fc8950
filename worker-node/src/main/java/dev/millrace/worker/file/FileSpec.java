package dev.millrace.worker.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.worker.WithText;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;

/**
 * The {@code with:} of a stage that waits for files, checked. Immutable.
 *
 * @param pattern as it was written
 * @param folder the part of the pattern before the first wildcard: where to look
 * @param files what a file's whole path must be like
 * @param stableFor a file counts when its size and time have not changed for so long
 * @param minAge and when it was written so long ago
 * @param depth how many levels below the folder are looked at, 1 for the folder itself
 * @param timeout after which the wait fails, or null
 */
record FileSpec(
    String pattern,
    Path folder,
    PathMatcher files,
    Duration stableFor,
    Duration minAge,
    int depth,
    Duration timeout) {
  private static final int DEPTH_MAX = 16;
  private static final Duration STABLE_FOR_USUAL = Duration.ofSeconds(10);
  private static final Duration STABLE_FOR_MAX = Duration.ofHours(24);
  private static final Set<String> KEYS =
      Set.of("path", "stable-for", "min-age", "depth", "timeout");

  /**
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  static FileSpec read(JsonNode with) {
    with.fieldNames()
        .forEachRemaining(
            name ->
                require(
                    KEYS.contains(name),
                    "unknown key '" + name + "'; known are " + new TreeSet<>(KEYS)));
    require(with.path("path").isTextual(), "path is missing, or is not a text");
    String pattern = with.get("path").asText();
    Path folder = folder(pattern);
    Duration stableFor = duration(with, "stable-for", STABLE_FOR_USUAL);
    require(stableFor.compareTo(STABLE_FOR_MAX) <= 0, "stable-for is more than " + STABLE_FOR_MAX);
    return new FileSpec(
        pattern,
        folder,
        matcher(pattern),
        stableFor,
        duration(with, "min-age", Duration.ZERO),
        depth(with.path("depth"), pattern, folder),
        duration(with, "timeout", null));
  }

  /** What is before the first segment with a wildcard; of a plain path its parent. */
  private static Path folder(String pattern) {
    require(pattern.indexOf('\0') < 0, "path holds a NUL character");
    int wildcard = firstWildcard(pattern);
    int end = pattern.lastIndexOf('/', wildcard < 0 ? pattern.length() - 1 : wildcard);
    require(end >= 0 && end < pattern.length() - 1, "path must name files in a folder");
    Path folder;
    try {
      folder = Path.of(end == 0 ? "/" : pattern.substring(0, end));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("wait.file: path: " + e.getMessage(), e);
    }
    require(folder.isAbsolute(), "path '" + pattern + "' is not absolute");
    require(
        !pattern.matches("(?s).*/\\.{0,2}(/.*)?"),
        "path '" + pattern + "' goes in circles; write it without // and . and ..");
    return folder;
  }

  private static int firstWildcard(String pattern) {
    for (int i = 0; i < pattern.length(); i++) {
      if ("*?[{\\".indexOf(pattern.charAt(i)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private static PathMatcher matcher(String pattern) {
    try {
      return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    } catch (IllegalArgumentException e) { // of a pattern, too
      throw new IllegalArgumentException(
          "wait.file: path '" + pattern + "' is no pattern: " + e.getMessage(), e);
    }
  }

  /** As deep as the pattern is written, when nothing is said. */
  private static int depth(JsonNode node, String pattern, Path folder) {
    String below = pattern.substring(folder.toString().length());
    int segments = (int) below.replaceFirst("^/", "").chars().filter(c -> c == '/').count() + 1;
    if (node.isMissingNode() || node.isNull()) {
      require(segments <= DEPTH_MAX, "path has more than " + DEPTH_MAX + " levels of wildcards");
      return segments;
    }
    require(node.isIntegralNumber() && node.canConvertToInt(), "depth must be a number of levels");
    int depth = node.asInt();
    require(depth >= 1 && depth <= DEPTH_MAX, "depth must be from 1 to " + DEPTH_MAX);
    require(
        pattern.contains("**") || depth >= segments,
        "depth " + depth + " does not reach the files of '" + pattern + "'; it needs " + segments);
    return depth;
  }

  private static Duration duration(JsonNode with, String key, Duration standard) {
    try {
      return WithText.duration(with, key, standard);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("wait.file: " + e.getMessage(), e);
    }
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException("wait.file: " + problem);
    }
  }
}
