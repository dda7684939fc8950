package dev.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.settings.RabbitSettings;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.ArtifactRequest;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker does when answers are late, lost or refusals. */
final class ArtifactClientTest {
  private static final int SIZE = 2_500_000;

  @TempDir Path folder;
  private TestVirtualHost host;
  private FakeStore store;
  private ArtifactClient client;

  @BeforeEach
  void start() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    store = new FakeStore(host.uri());
    client = client(Duration.ofMillis(500), Duration.ofSeconds(30));
  }

  private ArtifactClient client(Duration answer, Duration all) {
    return new ArtifactClient(
        "w", RabbitSettings.of(host.uri().toString()), new ArtifactClient.Patience(answer, all));
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    store.close();
    host.close();
  }

  private Path file() throws Exception {
    byte[] bytes = new byte[SIZE];
    new Random(1).nextBytes(bytes);
    return Files.write(folder.resolve("file"), bytes);
  }

  private ArtifactReference put(Path file) throws Exception {
    return new ArtifactUpload(client, FakeLeader.newClaim()).put("a.bin", "image/png", file);
  }

  private byte[] read(ArtifactReference reference) throws Exception {
    try (InputStream in = ArtifactInput.open(client, reference.artifact(), reference)) {
      return in.readAllBytes();
    }
  }

  @Test
  void bytesGoThereAndBack() throws Exception {
    Path file = file();
    ArtifactReference reference = put(file);
    assertThat(store.bytes(reference.artifact())).isEqualTo(Files.readAllBytes(file));
    assertThat(read(reference)).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void whatGetsNoAnswerIsAskedAgain() throws Exception {
    AtomicInteger count = new AtomicInteger();
    store.drops(request -> count.incrementAndGet() % 5 == 0);
    Path file = file();
    assertThat(read(put(file))).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void aStoreThatIsAwayForAMomentIsAskedAgain() throws Exception {
    AtomicInteger count = new AtomicInteger();
    store.refuses(
        request ->
            count.incrementAndGet() % 4 == 0
                ? new ArtifactAnswer.Refused(Refusal.UNAVAILABLE, "away")
                : null);
    Path file = file();
    assertThat(read(put(file))).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void aLostConnectionIsNothingButAPause() throws Exception {
    AtomicInteger chunks = new AtomicInteger();
    store.drops(
        request -> {
          boolean cut = chunks.incrementAndGet() == 10 || chunks.get() == 30;
          if (cut) {
            client.link().reset("the test cuts it");
          }
          return cut;
        });
    Path file = file();
    assertThat(read(put(file))).isEqualTo(Files.readAllBytes(file));
    assertThat(client.link().generation()).isGreaterThanOrEqualTo(3);
  }

  @Test
  void aRefusalIsSaidAtOnce() throws Exception {
    store.refuses(request -> new ArtifactAnswer.Refused(Refusal.QUOTA, "the run has enough"));
    Path file = file();
    var refused = catchThrowableOfType(ArtifactException.class, () -> put(file));
    assertThat(refused).hasMessage("the run has enough");
    assertThat(refused.why()).isEqualTo(Refusal.QUOTA);
    assertThat(refused.isRetryable()).isFalse();
  }

  @Test
  void patienceEnds() throws Exception {
    store.drops(request -> true);
    client.close();
    client = client(Duration.ofMillis(50), Duration.ofMillis(300));
    var gaveUp =
        catchThrowableOfType(
            ArtifactException.class,
            () -> client.ask(new ArtifactRequest.Get("0123456789abcdef0123456789abcdef", 0)));
    assertThat(gaveUp).hasMessageContaining("no scheduler node answered");
    assertThat(gaveUp.isRetryable()).isTrue();
  }

  @Test
  void otherBytesThanTheReferenceSaysAreNoticedAtTheEnd() throws Exception {
    ArtifactReference reference = put(file());
    store.bytes(reference.artifact())[SIZE - 1]++;
    assertThatThrownBy(() -> read(reference))
        .isInstanceOf(ArtifactException.class)
        .hasMessageContaining("other bytes");
  }

  @Test
  void aWorkerThatEndsKeepsNobodyWaiting() throws Exception {
    store.drops(
        request -> {
          Thread.ofVirtual().start(client::close);
          return true;
        });
    assertThatThrownBy(() -> put(file())).hasMessageContaining("the worker ends");
  }
}
