package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.file.FileMark;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.file.FileLooks;
import dev.millrace.scheduler.file.PoolFiles;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.FileNews;
import dev.millrace.wire.FileNewsCodec;
import dev.millrace.wire.Start;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that workers of a pool see, over a real broker; the test is the workers. */
class PoolFilesTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Instant WRITTEN = Instant.parse("2027-01-01T00:00:00.123456Z");

  @TempDir Path temporary;
  private final List<Control> said = new CopyOnWriteArrayList<>();
  private FilesFixture files;
  private TurnFixture at;
  private FileLooks looks;
  private PoolFiles pools;
  private AmqpLink link;
  private long nanos;

  @BeforeEach
  void start() throws Exception {
    files = new FilesFixture(temporary);
    at = files.at;
    looks = new FileLooks(at.database.leader(), at.clock, at.term.epoch());
    pools =
        new PoolFiles(
            new PoolFiles.Parts(
                at.files.offers(),
                at.database.leader(),
                at.clock,
                looks,
                at.term.epoch(),
                () -> nanos,
                () -> {},
                at.outbox,
                at.metrics));
    QueueConsumer control =
        new QueueConsumer(
            Topology::declareControl,
            100,
            delivery -> {
              if (ControlCodec.decode(delivery.body()) instanceof Decoded.Ok<Control> ok) {
                said.add(ok.value());
              }
            });
    link =
        new AmqpLink(
            "test-files",
            RabbitSettings.of(at.host.uri().toString()),
            List.of(new Outbox.Declarations(), pools.consumer(), control));
    pools.consumer().on(link);
    control.on(link);
    link.start();
    await().atMost(SOON).until(link::connected);
  }

  @AfterEach
  void stop() throws Exception {
    link.close();
    files.close();
  }

  private static FileMark mark(String path, long size) {
    return new FileMark(path, size, WRITTEN);
  }

  private void job(String more) throws Exception {
    at.apply(FilesFixture.job("load", "path: '/nas/in/*.csv', pool: nas, every: 1s" + more, ""));
    pools.runOnce();
    await().atMost(SOON).until(() -> watched() != null);
  }

  private Control.Watch watched() {
    return said.stream()
        .filter(Control.Watch.class::isInstance)
        .map(Control.Watch.class::cast)
        .reduce((first, last) -> last)
        .orElse(null);
  }

  private long trigger() {
    return watched().orders().getFirst().trigger();
  }

  private void tells(String worker, boolean begins, List<FileMark> found, List<String> gone)
      throws Exception {
    tells(worker, new FileNews.Seen(trigger(), at.term.epoch(), begins, "READ", null, found, gone));
  }

  private void tells(String worker, FileNews.Seen seen) throws Exception {
    send(FileNewsCodec.encode(new FileNews(worker, List.of(seen), List.of())));
  }

  /** Returns when the leader has taken it up. */
  private void send(byte[] body) throws Exception {
    long before = pools.heard();
    at.channel.basicPublish("", Entities.FILES, null, body);
    at.channel.waitForConfirmsOrDie(20_000);
    await()
        .atMost(SOON)
        .pollInSameThread()
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              pools.runOnce();
              at.passes();
              return pools.heard() > before;
            });
  }

  private void seconds(int seconds) throws Exception {
    for (int i = 0; i < seconds; i++) {
      nanos += Duration.ofSeconds(1).toNanos();
      pools.runOnce();
      at.passes();
    }
  }

  @Test
  void workersAreToldWhatToLookForAgainAndAgain() throws Exception {
    job(", stable-for: 7s, min-size: 2");
    assertThat(watched().pool()).isEqualTo("nas");
    assertThat(watched().epoch()).isEqualTo(at.term.epoch());
    assertThat(watched().orders().getFirst())
        .extracting("path", "stableFor", "minSize", "every")
        .containsExactly("/nas/in/*.csv", Duration.ofSeconds(7), 2L, Duration.ofSeconds(1));
    said.clear();
    seconds(16);
    await().atMost(SOON).until(() -> watched() != null);
  }

  @Test
  void eachFileStartsOneRunWhoeverTellsOfIt() throws Exception {
    job("");
    tells("a", true, List.of(mark("/nas/in/1.csv", 10), mark("/nas/in/2.csv", 20)), List.of());
    seconds(1);
    tells("b", true, List.of(mark("/nas/in/1.csv", 10)), List.of());
    tells("a", true, List.of(mark("/nas/in/1.csv", 10)), List.of());
    seconds(3);
    assertThat(files.runs("load")).containsExactly("1.csv 10", "2.csv 20");
    tells("b", false, List.of(mark("/nas/in/1.csv", 11)), List.of());
    seconds(2);
    assertThat(files.runs("load")).containsExactly("1.csv 10", "2.csv 20", "1.csv 11");
    at.newTurn();
    at.passes();
    seconds(3);
    assertThat(files.runs("load")).hasSize(3);
  }

  @Test
  void whatWasToldToAnotherLeaderDoesNotCount() throws Exception {
    job("");
    tells(
        "a",
        new FileNews.Seen(
            trigger(),
            at.term.epoch() - 1,
            true,
            "READ",
            null,
            List.of(mark("/nas/in/1.csv", 10)),
            List.of()));
    seconds(3);
    assertThat(files.runs("load")).isEmpty();
  }

  @Test
  void aFileThatIsGoneBeforeItsRunStartsNone() throws Exception {
    at.apply(
        FilesFixture.job("load", "path: '/nas/in/*.csv', pool: nas, every: 1s", "overlap: skip"));
    pools.runOnce();
    await().atMost(SOON).until(() -> watched() != null);
    tells("a", true, List.of(mark("/nas/in/1.csv", 10), mark("/nas/in/2.csv", 20)), List.of());
    seconds(2);
    assertThat(files.runs("load")).containsExactly("1.csv 10");
    tells("a", false, List.of(), List.of("/nas/in/2.csv"));
    at.complete(at.starts(1).stream().map(Start::claim).toList(), "{}");
    at.passes();
    seconds(5);
    assertThat(files.runs("load")).hasSize(1);
  }

  @Test
  void howItLooksIsTold() throws Exception {
    job("");
    seconds(70);
    assertThat(files.watch("load").look().state()).isEqualTo("UNWATCHED");
    assertThat(files.watch("load").look().problem()).contains("no worker of pool 'nas'");
    tells(
        "a",
        new FileNews.Seen(
            trigger(),
            at.term.epoch(),
            true,
            "MISSING",
            "/nas/in is not there",
            List.of(),
            List.of()));
    seconds(2);
    assertThat(files.watch("load").look())
        .extracting("state", "problem")
        .containsExactly("MISSING", "/nas/in is not there");
    tells("b", true, List.of(), List.of());
    seconds(2);
    assertThat(files.watch("load").look().state()).isEqualTo("READ");
    assertThat(looks.countIn("READ")).isOne();
  }

  @Test
  void aWorkerIsAskedToArchiveUntilOneHasDoneIt() throws Exception {
    job(", archive-to: /nas/done");
    tells("a", true, List.of(mark("/nas/in/1.csv", 10)), List.of());
    tells("b", true, List.of(), List.of());
    seconds(1);
    at.complete(at.starts(1).stream().map(Start::claim).toList(), "{}");
    at.passes();
    seconds(4);
    await().atMost(SOON).until(() -> !orders().isEmpty());
    assertThat(orders().getFirst().file()).isEqualTo(mark("/nas/in/1.csv", 10));
    assertThat(orders().getFirst().to()).isEqualTo("/nas/done");
    seconds(31);
    await().atMost(SOON).until(() -> orders().size() == 2);
    assertThat(orders()).extracting(Control.Archive::worker).containsExactly("a", "b");
    send(
        FileNewsCodec.encode(
            new FileNews(
                "b",
                List.of(),
                List.of(
                    new FileNews.Moved(orders().getFirst().order(), "/nas/done/1.csv", null)))));
    assertThat(at.text("select archived_as from file_seen")).isEqualTo("/nas/done/1.csv");
    said.clear();
    seconds(40);
    assertThat(orders()).isEmpty();
  }

  private List<Control.Archive> orders() {
    return said.stream()
        .filter(Control.Archive.class::isInstance)
        .map(Control.Archive.class::cast)
        .toList();
  }

  @Test
  void whatCannotBeReadIsQuarantined() throws Exception {
    job("");
    send("{\"v\":1,\"type\":\"worker.files\"}".getBytes(StandardCharsets.UTF_8));
    await().atMost(SOON).until(() -> at.channel.messageCount(Entities.DEAD) == 1);
  }
}
