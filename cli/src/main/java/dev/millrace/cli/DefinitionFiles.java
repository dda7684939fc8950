package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The files of a set, as people name them: files, folders with all that is in them, or stdin. */
final class DefinitionFiles {
  private static final int FILES_MAX = 5_000;
  private static final int DEPTH_MAX = 32;

  private DefinitionFiles() {}

  /** In the order named; of a folder, in the order of the names in it. */
  static List<JobFile> read(List<String> paths) {
    List<JobFile> files = new ArrayList<>();
    for (String path : paths) {
      if (isFolder(path)) {
        List<String> inside = inside(path);
        if (inside.isEmpty()) {
          throw new UserError(
              "there are no job files in " + path, "Job files end in .yaml, .yml or .json.");
        }
        inside.forEach(name -> files.add(JobFile.read(name)));
      } else {
        files.add(JobFile.read(path));
      }
    }
    if (files.size() > FILES_MAX) {
      throw new UserError(
          files.size() + " files are too many for one set; possible are " + FILES_MAX,
          "Make several sets of them.");
    }
    return files;
  }

  private static boolean isFolder(String path) {
    try {
      return !path.equals("-") && Files.isDirectory(Path.of(path));
    } catch (InvalidPathException e) {
      return false; // reading it says so
    }
  }

  /** Links are not followed: two ways to one file would be one job twice. */
  private static List<String> inside(String folder) {
    Path root = Path.of(folder);
    try (Stream<Path> tree = Files.walk(root, DEPTH_MAX)) {
      return tree.filter(path -> isJobFile(root.relativize(path)))
          .filter(Files::isRegularFile)
          .map(Path::toString)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UserError("cannot read " + folder + ": " + Reasons.of(e), "", e);
    }
  }

  /** What is hidden, or in something hidden such as .git, is none. */
  private static boolean isJobFile(Path path) {
    for (Path part : path) {
      if (part.toString().startsWith(".")) {
        return false;
      }
    }
    String name = path.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".yaml") || name.endsWith(".yml") || name.endsWith(".json");
  }
}
