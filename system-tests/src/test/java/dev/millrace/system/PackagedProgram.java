package dev.millrace.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of jars that the launcher starts, as Maven's package phase leaves it. Stateless.
 *
 * @param root of the source tree
 */
record PackagedProgram(Path root) {
  private static final String BUILD = "; build it with: ./mvnw -DskipTests -pl cli -am package";

  /** The one of the source tree that this test is in. */
  static PackagedProgram here() {
    Path folder = Path.of("").toAbsolutePath();
    return new PackagedProgram(
        Files.exists(folder.resolve("cli/pom.xml")) ? folder : folder.getParent());
  }

  /** The class path as the launcher makes it: the jars and nothing else, in the order of names. */
  String classPath() throws IOException {
    List<String> jars = jars().map(Path::toString).sorted().toList();
    return String.join(System.getProperty("path.separator"), jars);
  }

  /** Why there is nothing to test: never packaged, or compiled again since. */
  Optional<String> unusable() throws IOException {
    if (!Files.isDirectory(lib())) {
      return Optional.of("there is no " + lib() + BUILD);
    }
    List<Path> own =
        jars().filter(jar -> jar.getFileName().toString().startsWith("millrace-")).toList();
    if (own.stream().noneMatch(jar -> module(jar).endsWith("cli"))) {
      return Optional.of("there is no jar of cli in " + lib() + BUILD);
    }
    for (Path jar : own) {
      Path classes = module(jar).resolve("target/classes");
      if (newest(classes).compareTo(Files.getLastModifiedTime(jar)) > 0) {
        return Optional.of(jar + " is older than " + classes + BUILD);
      }
    }
    return Optional.empty();
  }

  private Path lib() {
    return root.resolve("cli/target/millrace/lib");
  }

  private Stream<Path> jars() throws IOException {
    try (Stream<Path> files = Files.list(lib())) {
      return files.filter(file -> file.toString().endsWith(".jar")).toList().stream();
    }
  }

  /** {@code millrace-worker-node-1.2.3.jar} is made of the module worker-node. */
  private Path module(Path jar) {
    String name = jar.getFileName().toString();
    return root.resolve(name.replaceFirst("^millrace-(.+?)-\\d.*$", "$1"));
  }

  private static FileTime newest(Path folder) throws IOException {
    FileTime newest = FileTime.fromMillis(0);
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path file : tree.filter(Files::isRegularFile).toList()) {
        FileTime changed = Files.getLastModifiedTime(file);
        newest = changed.compareTo(newest) > 0 ? changed : newest;
      }
    }
    return newest;
  }
}
