package dev.millrace.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * Takes the signatures out of our copies of signed jars: the JVM keeps no class of a signed jar in
 * its archive, and checks a signature over thousands of entries when the first one is loaded. Maven
 * has checked the originals when it fetched them. Stateless.
 */
final class SignedJars {
  private static final String MANIFEST = "META-INF/MANIFEST.MF";

  private SignedJars() {}

  static List<Path> in(Path lib) throws IOException {
    try (Stream<Path> files = Files.list(lib)) {
      return files.filter(file -> file.toString().endsWith(".jar")).filter(SignedJars::is).toList();
    }
  }

  static void unsign(Path jar) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(jar)) {
      for (Path signature : signatures(zip)) {
        Files.delete(signature);
      }
      Path manifest = zip.getPath(MANIFEST);
      Manifest entries;
      try (InputStream in = Files.newInputStream(manifest)) {
        entries = new Manifest(in);
      }
      // One digest per class; without a signature they say nothing.
      entries.getEntries().clear();
      try (OutputStream out = Files.newOutputStream(manifest)) {
        entries.write(out);
      }
    }
  }

  private static boolean is(Path jar) {
    try (FileSystem zip = FileSystems.newFileSystem(jar)) {
      return !signatures(zip).isEmpty();
    } catch (IOException e) {
      throw new UserError("cannot read " + jar + ": " + Reasons.of(e), "", e);
    }
  }

  private static List<Path> signatures(FileSystem zip) throws IOException {
    Path folder = zip.getPath("META-INF");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches("[A-Z0-9_-]+\\.(SF|RSA|DSA|EC)"))
          .toList();
    }
  }
}
