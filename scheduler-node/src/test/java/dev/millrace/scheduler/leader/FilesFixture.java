package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.file.FileArchive;
import dev.millrace.scheduler.file.FileLooks;
import dev.millrace.scheduler.file.FileScan;
import dev.millrace.scheduler.file.FileWaitScan;
import dev.millrace.scheduler.file.FileWatching;
import dev.millrace.scheduler.store.FileWatches;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/** A leader that looks at real files when it is told to, with a clock that is set. One thread. */
final class FilesFixture implements AutoCloseable {
  final TurnFixture at;
  final Path root;
  FileScan scan;
  FileLooks looks;
  private FileArchive archive;
  private FileWaitScan waits;
  private long nanos;
  private int writes;

  FilesFixture(Path temporary) throws Exception {
    root = Files.createDirectories(temporary.resolve("root/in")).toRealPath().getParent();
    at = new TurnFixture();
    newLeader();
  }

  /** As after a failover: nothing is known but what the tables say. */
  void newLeader() throws Exception {
    at.files = FileWatching.Hubs.of(List.of(root));
    at.newTurn();
    looks = new FileLooks(at.database.leader(), at.clock, at.term.epoch());
    scan =
        new FileScan(
            new FileScan.Parts(
                at.files.offers(),
                at.files.roots(),
                at.database.leader(),
                at.clock,
                looks,
                () -> nanos,
                () -> {}),
            Runnable::run);
    waits =
        new FileWaitScan(
            new FileWaitScan.Parts(
                at.files.waits(), at.files.roots(), at.clock, () -> nanos, () -> {}),
            Runnable::run);
    archive =
        new FileArchive(
            new FileArchive.Parts(
                at.files.roots(),
                at.database.leader(),
                at.clock,
                at.term.epoch(),
                () -> true,
                at.metrics));
    at.passes();
  }

  /** A job with one trigger by files. */
  static String job(String id, String file, String more) {
    return """
    id: %s
    params: {path: string, size: integer, name: string}
    triggers:
      - file: {%s}
        params: {path: "${{ file.path }}", size: "${{ file.size }}", name: "${{ file.name }}"}
    %s
    stages: [{id: work, run: noop, retry: {max-attempts: 1}}]
    """
        .formatted(id, file, more);
  }

  String path(String pattern) {
    return "path: '" + root.resolve(pattern) + "', every: 1s, stable-for: 5s";
  }

  /** So many seconds pass; the leader looks once in each of them, and does what follows. */
  void seconds(int seconds) throws Exception {
    for (int i = 0; i < seconds; i++) {
      nanos += Duration.ofSeconds(1).toNanos();
      look();
    }
  }

  void look() throws Exception {
    scan.runOnce();
    waits.runOnce();
    at.passes();
  }

  void archives() {
    while (archive.runOnce()) {
      // as many passes as there are pages
    }
  }

  /** Writes a file anew; each time is another one. */
  Path write(String name, String text) throws IOException {
    Path path = root.resolve(name);
    Files.writeString(path, text);
    return touch(path);
  }

  Path append(String name, String text) throws IOException {
    Path path = root.resolve(name);
    Files.writeString(path, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    return touch(path);
  }

  private Path touch(Path path) throws IOException {
    Instant written = Instant.parse("2027-01-01T00:00:00Z").plusSeconds(++writes);
    return Files.setLastModifiedTime(path, FileTime.from(written));
  }

  List<String> names(String folder) throws IOException {
    try (Stream<Path> files = Files.list(root.resolve(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** The params of the runs of a job, in the order in which they were made. */
  List<String> runs(String job) {
    return at.texts(
        "select r.params::json->>'name' || ' ' || (r.params::json->>'size') from run r join job j"
            + " on j.id = r.job where j.name = '"
            + job
            + "' order by r.id");
  }

  FileWatches.Watch watch(String job) {
    return at.database
        .api()
        .withHandle(
            handle ->
                FileWatches.of(
                        handle, at.count("select id::int from job where name = '" + job + "'"))
                    .getFirst());
  }

  @Override
  public void close() throws IOException, SQLException {
    at.close();
  }
}
