package dev.millrace.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A job definition as it lies in a file. Immutable. */
record JobFile(String name, String text) {
  private static final int BYTES_MAX = 4 << 20;

  /** Reads a file, or stdin for {@code -}. */
  static JobFile read(String name) {
    try {
      if (name.equals("-")) {
        return new JobFile("stdin", text("stdin", System.in.readNBytes(BYTES_MAX + 1)));
      }
      Path path = Path.of(name);
      if (Files.isDirectory(path)) {
        throw new UserError(name + " is a folder", "Name the files: " + name + "/*.yaml");
      }
      return new JobFile(name, text(name, Files.readAllBytes(path)));
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new UserError("there is no file " + name, "", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + name + ": " + Reasons.of(e), "", e);
    }
  }

  private static String text(String name, byte[] bytes) {
    if (bytes.length > BYTES_MAX) {
      throw new UserError(name + " is larger than 4 MiB; that is no job file", "");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  boolean isJson() {
    return name.endsWith(".json") || text.stripLeading().startsWith("{");
  }
}
