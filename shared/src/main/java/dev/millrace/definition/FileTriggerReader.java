package dev.millrace.definition;

import dev.millrace.file.FilePattern;
import dev.millrace.model.FileTrigger;
import java.time.Duration;
import java.util.Set;

/** Reads {@code file} of a trigger; beside it stand params. Stateless. */
final class FileTriggerReader {
  /** A pause of the writer that is shorter than this cannot be told from the end. */
  static final Duration STABLE_FOR_MIN = Duration.ofSeconds(1);

  static final Duration STABLE_FOR_MAX = Duration.ofHours(24);
  static final Duration EVERY_MIN = Duration.ofSeconds(1);
  static final Duration EVERY_MAX = Duration.ofHours(1);

  private static final Set<String> BESIDE =
      Set.of("misfire", "dst", "jitter", "phase", "delay", "anchor", "key", "map", "overlap");

  private FileTriggerReader() {}

  /** Null with a problem. */
  static FileTrigger read(Fields trigger, GivenReader given) {
    Fields file = trigger.fields("file");
    FileTrigger read = file == null ? null : file(file);
    String params = given.read(trigger);
    trigger.finish(BESIDE);
    return read == null
        ? null
        : new FileTrigger(
            read.path(),
            read.depth(),
            read.stableFor(),
            read.minAge(),
            read.minSize(),
            read.archiveTo(),
            read.pool(),
            read.every(),
            params);
  }

  private static FileTrigger file(Fields file) {
    String path = file.requiredText("path");
    Integer depth = file.integer("depth", 1, FilePattern.DEPTH_MAX);
    FilePattern pattern = pattern(file, path, depth == null ? FilePattern.AS_WRITTEN : depth);
    Duration stableFor = file.duration("stable-for", STABLE_FOR_MIN);
    refuseAbove(file, "stable-for", stableFor, STABLE_FOR_MAX, "24h");
    Duration minAge = file.duration("min-age", Duration.ZERO);
    Integer minSize = file.integer("min-size", 0, Integer.MAX_VALUE);
    String archiveTo = archive(file, pattern);
    String pool = file.id("pool");
    Duration every = file.duration("every", EVERY_MIN);
    refuseAbove(file, "every", every, EVERY_MAX, "1h");
    file.finish(Set.of("params"));
    return pattern == null
        ? null
        : new FileTrigger(
            path,
            depth == null ? FilePattern.AS_WRITTEN : depth,
            stableFor == null ? FileTrigger.STABLE_FOR_USUAL : stableFor,
            minAge == null ? Duration.ZERO : minAge,
            minSize == null ? 0 : minSize,
            archiveTo,
            pool,
            every == null ? FileTrigger.EVERY_USUAL : every,
            "{}");
  }

  private static FilePattern pattern(Fields file, String path, int depth) {
    try {
      return path == null ? null : FilePattern.of(path, depth);
    } catch (IllegalArgumentException wrong) {
      file.problem(file.map().get("path"), "path", wrong.getMessage());
      return null;
    }
  }

  private static void refuseAbove(
      Fields file, String key, Duration value, Duration max, String maxText) {
    if (value != null && value.compareTo(max) > 0) {
      file.problem(file.map().get(key), key, "must be at most " + maxText);
    }
  }

  /** A file that is moved to where it is looked for would be moved again and again. */
  private static String archive(Fields file, FilePattern pattern) {
    String folder = file.text("archive-to");
    if (folder == null) {
      return null;
    }
    try {
      var archive = FilePattern.plainFolder(folder);
      boolean reached =
          pattern != null
              && archive.startsWith(pattern.folder())
              && archive.getNameCount() - pattern.folder().getNameCount() < pattern.depth();
      if (reached) {
        file.problem(
            file.map().get("archive-to"),
            "archive-to",
            "is one of the folders that are looked at; name one outside of "
                + pattern.folder()
                + ", or deeper than "
                + pattern.depth()
                + " level(s)");
      }
    } catch (IllegalArgumentException wrong) {
      file.problem(file.map().get("archive-to"), "archive-to", wrong.getMessage());
    }
    return folder;
  }
}
