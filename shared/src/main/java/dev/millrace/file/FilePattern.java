package dev.millrace.file;

import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;

/**
 * Which files are meant, and where to look for them. Immutable; any thread.
 *
 * @param text as it was written
 * @param folder the part of the pattern before the first wildcard: where to look
 * @param files what a file's whole path must be like
 * @param depth how many levels below the folder are looked at, 1 for the folder itself
 */
public record FilePattern(String text, Path folder, PathMatcher files, int depth) {
  public static final int DEPTH_MAX = 16;

  /** As deep as the pattern is written. */
  public static final int AS_WRITTEN = 0;

  /**
   * @param depth levels, or {@link #AS_WRITTEN}
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  public static FilePattern of(String text, int depth) {
    Path folder = folder(text);
    return new FilePattern(text, folder, matcher(text), depth(depth, text, folder));
  }

  /**
   * A folder that is written without a pattern.
   *
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  public static Path plainFolder(String text) {
    require(text.indexOf('\0') < 0, "holds a NUL character");
    Path folder;
    try {
      folder = Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    require(folder.isAbsolute(), "'" + text + "' is not absolute");
    refuseCircles(text);
    return folder;
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
      throw new IllegalArgumentException("path: " + e.getMessage(), e);
    }
    require(folder.isAbsolute(), "path '" + pattern + "' is not absolute");
    refuseCircles(pattern);
    return folder;
  }

  private static void refuseCircles(String path) {
    require(
        !path.matches("(?s).*/\\.{0,2}(/.*)?"),
        "path '" + path + "' goes in circles; write it without // and . and ..");
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
          "path '" + pattern + "' is no pattern: " + e.getMessage(), e);
    }
  }

  private static int depth(int depth, String pattern, Path folder) {
    String below = pattern.substring(folder.toString().length());
    int segments = (int) below.replaceFirst("^/", "").chars().filter(c -> c == '/').count() + 1;
    if (depth == AS_WRITTEN) {
      require(segments <= DEPTH_MAX, "path has more than " + DEPTH_MAX + " levels of wildcards");
      return segments;
    }
    require(depth >= 1 && depth <= DEPTH_MAX, "depth must be from 1 to " + DEPTH_MAX);
    require(
        pattern.contains("**") || depth >= segments,
        "depth " + depth + " does not reach the files of '" + pattern + "'; it needs " + segments);
    return depth;
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(problem);
    }
  }
}
