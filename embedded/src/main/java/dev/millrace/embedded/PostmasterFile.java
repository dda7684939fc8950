package dev.millrace.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a running (or badly ended) PostgreSQL says about itself in its {@code postmaster.pid}.
 *
 * <p>Immutable; reading is safe from any thread.
 */
record PostmasterFile(long pid, String status) {
  private static final int STATUS_LINE = 7;

  static Path in(Path dataDirectory) {
    return dataDirectory.resolve("postmaster.pid");
  }

  static Optional<PostmasterFile> read(Path dataDirectory) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(in(dataDirectory));
    } catch (NoSuchFileException notRunning) {
      return Optional.empty();
    }
    if (lines.isEmpty() || !lines.getFirst().strip().matches("-?\\d{1,18}")) {
      return Optional.empty();
    }
    String status = lines.size() > STATUS_LINE ? lines.get(STATUS_LINE).strip() : "";
    return Optional.of(
        new PostmasterFile(Math.abs(Long.parseLong(lines.getFirst().strip())), status));
  }

  boolean ready() {
    return status.equals("ready");
  }

  /**
   * The live PostgreSQL this file speaks of; empty if it is gone or its pid now belongs to
   * something else.
   */
  Optional<ProcessHandle> liveServer(Path dataDirectory) {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process -> serves(process, dataDirectory));
  }

  /**
   * A postmaster's working directory is its data directory; elsewhere the program's name has to do.
   */
  private static boolean serves(ProcessHandle process, Path dataDirectory) {
    try {
      return Files.isSameFile(Path.of("/proc", Long.toString(process.pid()), "cwd"), dataDirectory);
    } catch (IOException noProcOrNotOurs) {
      return process.info().command().map(c -> c.contains("postgres")).orElse(false);
    }
  }
}
