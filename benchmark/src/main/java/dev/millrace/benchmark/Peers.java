package dev.millrace.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;

/** The schedulers that run beside Millrace, on the same database. Stateless. */
public final class Peers {
  private Peers() {}

  /** All of them, not yet started, fastest first. */
  public static List<Contender> all(DatabaseAddress database) {
    return List.of(
        new DbSchedulerContender(database),
        new JobRunrContender(database),
        new QuartzContender(database));
  }

  /** The version under test; the build writes the file from the root pom. */
  static String version(String system) {
    try (var file = Peers.class.getResourceAsStream("peers.properties")) {
      var versions = new Properties();
      versions.load(file);
      return versions.getProperty(system);
    } catch (IOException e) {
      throw new UncheckedIOException("peers.properties is unreadable; the build is broken", e);
    }
  }
}
