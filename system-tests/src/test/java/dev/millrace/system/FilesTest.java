package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that start runs, with real nodes: one that is written for 20 s while the scheduler is
 * killed, 300 at once, the archive, a folder that goes and comes back, and a worker that looks.
 */
class FilesTest {
  private static final String TEST = "files";
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final int PIECES = 40;

  @TempDir Path temporary;
  private Path root;

  private static String job(String id, String file) {
    return """
    {"id": "%s", "params": {"path": "string", "size": "integer"},
     "triggers": [{"file": {%s}, "params": {"path": "${{ file.path }}", "size": "${{ file.size }}"}}],
     "stages": [{"id": "work", "run": "noop", "pool": "fast"}]}
    """
        .formatted(id, file);
  }

  private String path(String files) {
    return "\"path\": \"" + root.resolve(files) + "\", \"every\": \"1s\"";
  }

  private List<String> runs(Fleet fleet, String job) throws SQLException {
    return fleet
        .sql()
        .rows(
            """
            select r.params::json->>'path' || ' ' || (r.params::json->>'size') || ' ' || r.state as run
            from run r join job j on j.id = r.job where j.name = ? order by r.id
            """,
            row -> row.getString("run"),
            job);
  }

  private void awaitCompleted(Fleet fleet, String job, int runs) {
    await(runs + " runs of " + job)
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .ignoreExceptions()
        .until(
            () ->
                runs(fleet, job).stream().filter(run -> run.endsWith(" COMPLETED")).count()
                    >= runs);
  }

  private List<String> names(String folder) throws IOException {
    if (Files.notExists(root.resolve(folder))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(root.resolve(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void filesStartOneRunEachWhateverDies() throws Exception {
    root = Files.createDirectories(temporary.resolve("in")).toRealPath().getParent();
    Files.createDirectories(root.resolve("nas"));
    try (Fleet fleet = Fleet.fresh(TEST)) {
      fleet.allowFiles(root);
      fleet.start(2, 1);
      fleet.apply(job("slow", path("in/slow*.csv") + ", \"stable-for\": \"3s\""));
      fleet.apply(
          job(
              "many",
              path("in/many/*.csv")
                  + ", \"stable-for\": \"1s\", \"archive-to\": \""
                  + root.resolve("done")
                  + "\""));
      fleet.apply(
          job(
              "pooled",
              path("nas/*.csv")
                  + ", \"pool\": \"fast\", \"stable-for\": \"1s\", \"archive-to\": \""
                  + root.resolve("nas/done")
                  + "\""));
      writtenSlowly(fleet);
      manyAtOnce(fleet);
      aFolderThatGoes(fleet);
      aWorkerThatLooks(fleet);
      assertThat(fleet.sql().number("select count(*) from run"))
          .as("runs in all")
          .isEqualTo(2 + 300 + 20);
      fleet.askedFor("slow", 2);
      fleet.askedFor("many", 300);
      fleet.askedFor("pooled", 20);
      Figures.judge(TEST, fleet);
    }
  }

  /** Appends a piece every half second, and kills the leader in the middle. */
  private void writtenSlowly(Fleet fleet) throws Exception {
    Path file = root.resolve("in/slow.csv");
    AtomicInteger written = new AtomicInteger();
    try (ScheduledExecutorService writer = Executors.newSingleThreadScheduledExecutor()) {
      var writing =
          writer.scheduleAtFixedRate(
              () -> {
                try {
                  Files.writeString(
                      file, "0123456789", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                  written.incrementAndGet();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              },
              0,
              500,
              TimeUnit.MILLISECONDS);
      await("half of it").atMost(LIMIT).until(() -> written.get() >= PIECES / 2);
      NodeProcess leader = fleet.leader();
      leader.kill();
      fleet.leader();
      await("all of it").atMost(LIMIT).until(() -> written.get() >= PIECES);
      assertThat(runs(fleet, "slow")).as("while it is written").isEmpty();
      writing.cancel(false);
    }
    Stopwatch whole = Stopwatch.started();
    awaitCompleted(fleet, "slow", 1);
    Figures.print(TEST, "a whole file has run its run", whole.read(), "6 s");
    assertThat(runs(fleet, "slow")).containsExactly(file + " " + Files.size(file) + " COMPLETED");
    fleet.addScheduler();
    fleet.leader().kill();
    fleet.leader();
  }

  private void manyAtOnce(Fleet fleet) throws Exception {
    Files.createDirectories(root.resolve("in/many"));
    for (int i = 0; i < 300; i++) {
      Files.writeString(root.resolve("in/many/%03d.csv".formatted(i)), "x".repeat(i));
    }
    Stopwatch there = Stopwatch.started();
    awaitCompleted(fleet, "many", 300);
    Figures.print(TEST, "300 files have run their runs", there.read(), "6 s");
    assertThat(runs(fleet, "many")).hasSize(300).doesNotHaveDuplicates();
    await("the archive").atMost(LIMIT).until(() -> names("done").size() == 300);
    assertThat(names("in/many")).isEmpty();
  }

  private void aFolderThatGoes(Fleet fleet) throws Exception {
    Files.move(root.resolve("in"), root.resolve("unmounted"));
    await("it is missed")
        .atMost(LIMIT)
        .until(
            () ->
                fleet
                    .get(fleet.leader(), "/api/v1/jobs/slow/files")
                    .body()
                    .contains("\"MISSING\""));
    Files.move(root.resolve("unmounted"), root.resolve("in"));
    Files.writeString(root.resolve("in/slow-2.csv"), "after");
    awaitCompleted(fleet, "slow", 2);
    assertThat(runs(fleet, "slow"))
        .as("nothing again")
        .hasSize(2)
        .last()
        .isEqualTo(root.resolve("in/slow-2.csv") + " 5 COMPLETED");
  }

  private void aWorkerThatLooks(Fleet fleet) throws Exception {
    for (int i = 0; i < 20; i++) {
      Files.writeString(root.resolve("nas/%02d.csv".formatted(i)), "y".repeat(i));
    }
    awaitCompleted(fleet, "pooled", 20);
    await("the archive of the pool").atMost(LIMIT).until(() -> names("nas/done").size() == 20);
    assertThat(names("nas")).containsExactly("done");
    assertThat(runs(fleet, "pooled")).hasSize(20).doesNotHaveDuplicates();
    fleet.leader().kill();
    fleet.addScheduler();
    Files.writeString(root.resolve("nas/last.txt"), "is not meant");
    await("the new leader has heard of it")
        .atMost(LIMIT)
        .until(
            () ->
                fleet.get(fleet.leader(), "/api/v1/jobs/pooled/files").body().contains("\"READ\""));
    assertThat(runs(fleet, "pooled")).hasSize(20);
  }
}
