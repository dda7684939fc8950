package dev.millrace.worker;

import static dev.millrace.worker.FakeLeader.POOL;
import static dev.millrace.worker.FakeLeader.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.file.FileMark;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Control;
import dev.millrace.wire.FileNews;
import dev.millrace.wire.WatchOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real worker looks for files as a leader asks, over a real broker. */
@SuppressWarnings("try") // workers that only have to be there
final class FilesOfPoolTest {
  @TempDir Path directory;
  private TestVirtualHost host;
  private FakeLeader leader;
  private Path root;

  @BeforeEach
  void connect() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    leader = new FakeLeader(host.uri());
    root = Files.createDirectories(directory.resolve("root/in")).toRealPath().getParent();
  }

  @AfterEach
  void disconnect() throws Exception {
    leader.close();
    host.close();
  }

  private WorkerNode worker() throws Exception {
    WorkerNode worker =
        TestWorker.started(
            TestWorker.config(host.uri(), directory.resolve("work"), 1, Duration.ofSeconds(60))
                .withFileRoots(List.of(root)));
    leader.awaitHeartbeat();
    await("its connections").until(worker::connected);
    return worker;
  }

  private void watch(String pool, long epoch, String path) throws Exception {
    WatchOrder order =
        new WatchOrder(
            17, path, 0, Duration.ofMillis(300), 0, Duration.ofMillis(10)); // is once a second
    leader.say(new Control.Watch(pool, epoch, List.of(order)));
  }

  private List<FileNews.Seen> seen(long epoch) {
    return leader.files.stream()
        .flatMap(news -> news.seen().stream())
        .filter(seen -> seen.epoch() == epoch)
        .toList();
  }

  /** What a leader of this epoch knows by now. */
  private Map<String, FileMark> known(long epoch) {
    Map<String, FileMark> known = new TreeMap<>();
    for (FileNews.Seen seen : seen(epoch)) {
      if (seen.begins()) {
        known.clear();
      }
      seen.found().forEach(mark -> known.put(mark.path(), mark));
      seen.gone().forEach(known::remove);
    }
    return known;
  }

  @Test
  void wholeFilesAreToldOnceAndToAnotherLeaderAgain() throws Exception {
    Path a = Files.writeString(root.resolve("in/a.csv"), "one");
    try (WorkerNode worker = worker()) {
      watch("other", 6, root + "/in/*.csv");
      watch(POOL, 7, root + "/in/*.csv");
      await("the file").until(() -> known(7).containsKey(a.toString()));
      assertThat(seen(6)).as("of another pool").isEmpty();
      assertThat(seen(7).getFirst().begins()).isTrue();
      assertThat(known(7).get(a.toString()).size()).isEqualTo(3);
      for (int i = 0; i < 250; i++) {
        Files.writeString(root.resolve("in/many" + i + ".csv"), "x");
      }
      Files.delete(a);
      await("many files").until(() -> known(7).size() == 250);
      assertThat(known(7)).doesNotContainKey(a.toString());
      assertThat(leader.files).allMatch(news -> news.seen().getFirst().found().size() <= 100);
      watch(POOL, 8, root + "/in/*.csv");
      await("another leader knows").until(() -> known(8).size() == 250);
    }
  }

  @Test
  void whatIsWrongIsTold() throws Exception {
    try (WorkerNode worker = worker()) {
      watch(POOL, 1, root + "/none/*");
      await("a folder that is missing")
          .until(() -> seen(1).stream().anyMatch(seen -> seen.state().equals("MISSING")));
      watch(POOL, 2, "/etc/*");
      await("a folder outside")
          .until(() -> seen(2).stream().anyMatch(seen -> seen.state().equals("REFUSED")));
      assertThat(seen(2).getLast().problem()).contains(worker.id(), "MILLRACE_FILE_ROOTS");
      watch(POOL, 3, "/{");
      await("no pattern")
          .until(() -> seen(3).stream().anyMatch(seen -> seen.state().equals("UNREADABLE")));
    }
  }

  @Test
  void filesAreMovedAsAsked() throws Exception {
    Path file = Files.writeString(root.resolve("in/a.csv"), "one");
    FileMark mark = new FileMark(file.toString(), 3, Files.getLastModifiedTime(file).toInstant());
    try (WorkerNode worker = worker()) {
      leader.say(new Control.Archive("somebody else", 1, mark, root + "/done"));
      leader.say(new Control.Archive(worker.id(), 2, mark, "/etc"));
      leader.say(new Control.Archive(worker.id(), 3, mark, root + "/done"));
      leader.say(new Control.Archive(worker.id(), 4, mark, root + "/done"));
      await("answers")
          .until(() -> leader.files.stream().mapToInt(news -> news.moved().size()).sum() == 3);
    }
    List<FileNews.Moved> moved =
        leader.files.stream().flatMap(news -> news.moved().stream()).toList();
    assertThat(moved).extracting(FileNews.Moved::order).containsExactly(2L, 3L, 4L);
    assertThat(moved.get(0).problem()).contains("leads out");
    assertThat(moved.get(1)).isEqualTo(new FileNews.Moved(3, root + "/done/a.csv", null));
    assertThat(moved.get(2)).isEqualTo(new FileNews.Moved(4, null, null));
    assertThat(root.resolve("done/a.csv")).hasContent("one");
  }
}
