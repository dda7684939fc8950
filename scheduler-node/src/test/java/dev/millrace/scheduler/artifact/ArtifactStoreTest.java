package dev.millrace.scheduler.artifact;

import static dev.millrace.scheduler.artifact.ArtifactStores.begin;
import static dev.millrace.scheduler.artifact.ArtifactStores.bytes;
import static dev.millrace.scheduler.artifact.ArtifactStores.chunk;
import static dev.millrace.scheduler.artifact.ArtifactStores.settings;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.Partitions;
import dev.millrace.settings.ArtifactSettings;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactReference;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Uploads that are repeated, reordered, broken and given up, on a real database. */
class ArtifactStoreTest {
  private static final byte[] BYTES = bytes(3 * ArtifactChunks.BYTES + 17);

  @TempDir Path folder;
  private TestDatabase postgres;
  private Database database;
  private ArtifactStore store;
  private RunId run;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    database.leader().useHandle(Partitions::ensure);
    store = new ArtifactStore(database.api(), settings(), Clock.systemUTC());
    long millis = number("select (extract(epoch from clock_timestamp()) * 1000)::bigint");
    run = new RunId(RunId.firstAt(millis));
    execute(
        """
        insert into run (id, job, version, state, trigger_kind, params, actor, created_at, born)
        values (%d, 1, 1, 'RUNNING', 'manual', '{}', 'test', now(), 0)
        """
            .formatted(run.value()));
  }

  @AfterEach
  void stop() throws Exception {
    store.close();
    database.close();
    postgres.close();
  }

  private void execute(String sql) {
    database.api().useHandle(handle -> handle.execute(sql));
  }

  private long number(String sql) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(Long.class).one());
  }

  private String begun(String name, byte[] bytes) {
    return ((ArtifactAnswer.Begun) store.begin(begin(run, name, bytes))).artifact();
  }

  private static Refusal why(ArtifactAnswer answer) {
    assertThat(answer).isInstanceOf(ArtifactAnswer.Refused.class);
    return ((ArtifactAnswer.Refused) answer).why();
  }

  private byte[] read(ArtifactReference reference) throws Exception {
    Artifact artifact = store.find(reference.artifact()).orElseThrow();
    try (InputStream in = store.open(artifact)) {
      return in.readAllBytes();
    }
  }

  @Test
  void chunksMayComeTwiceAndInAnyOrder() throws Exception {
    String id = begun("a.csv", BYTES);
    assertThat(begun("a.csv", BYTES)).as("the same begin").isEqualTo(id);
    for (int number : new int[] {2, 0, 0}) {
      assertThat(store.take(List.of(chunk(id, BYTES, number))))
          .containsExactly(new ArtifactAnswer.Took(id, number));
    }
    var early = (ArtifactAnswer.Refused) store.end(id);
    assertThat(early.why()).isEqualTo(Refusal.INCOMPLETE);
    assertThat(early.missing()).containsExactly(1, 3);
    assertThat(why(store.get(id, 0))).as("not visible yet").isEqualTo(Refusal.UNKNOWN);
    store.take(List.of(chunk(id, BYTES, 3), chunk(id, BYTES, 1), chunk(id, BYTES, 3)));
    ArtifactReference reference = ((ArtifactAnswer.Stored) store.end(id)).reference();
    assertThat(store.end(id)).as("the same end").isEqualTo(new ArtifactAnswer.Stored(reference));
    assertThat(store.begin(begin(run, "a.csv", BYTES)))
        .as("what is there already")
        .isEqualTo(new ArtifactAnswer.Stored(reference));
    assertThat(store.take(List.of(chunk(id, bytes(BYTES.length + 1), 1))))
        .as("a late repetition changes nothing")
        .containsExactly(new ArtifactAnswer.Took(id, 1));
    assertThat(read(reference)).isEqualTo(BYTES);
    assertThat(((ArtifactAnswer.Data) store.get(id, 3)).data()).hasSize(17);
    assertThat(why(store.get(id, 4))).isEqualTo(Refusal.MALFORMED);
  }

  @Test
  void anEmptyArtifactHasNoChunks() throws Exception {
    ArtifactReference reference = ArtifactStores.store(store, run, "empty", new byte[0]);
    assertThat(((ArtifactAnswer.Data) store.get(reference.artifact(), 0)).data()).isEmpty();
    assertThat(read(reference)).isEmpty();
  }

  @Test
  void otherBytesThanAnnouncedAreForgotten() throws Exception {
    String id = begun("a.csv", BYTES);
    byte[] others = bytes(BYTES.length);
    others[BYTES.length / 2]++;
    for (int number = 0; number < 4; number++) {
      store.take(List.of(chunk(id, others, number)));
    }
    assertThat(why(store.end(id))).isEqualTo(Refusal.HASH);
    assertThat(number("select count(*) from artifact_chunk")).isZero();
    assertThat(ArtifactStores.store(store, run, "a.csv", BYTES).artifact()).isNotEqualTo(id);
  }

  @Test
  void whatDoesNotFitIsRefused() throws Exception {
    byte[] large = bytes(ArtifactStores.BYTES_MAX);
    assertThat(why(store.begin(begin(run, "a", bytes(ArtifactStores.BYTES_MAX + 1)))))
        .isEqualTo(Refusal.TOO_LARGE);
    begun("a", large);
    begun("b", large);
    assertThat(why(store.begin(begin(run, "c", bytes(1))))).isEqualTo(Refusal.QUOTA);
    assertThat(why(store.begin(begin(new RunId(77), "a", bytes(1))))).isEqualTo(Refusal.UNKNOWN);
    String id = "0123456789abcdef0123456789abcdef";
    assertThat(why(store.take(List.of(chunk(id, BYTES, 0))).getFirst())).isEqualTo(Refusal.UNKNOWN);
    assertThat(why(store.end(id))).isEqualTo(Refusal.UNKNOWN);
    assertThat(why(store.get(id, 0))).isEqualTo(Refusal.UNKNOWN);
  }

  @Test
  void aChunkMustBeAsLongAsItsPlace() {
    String id = begun("a", BYTES);
    assertThat(why(store.take(List.of(chunk(id, bytes(5), 0))).getFirst()))
        .isEqualTo(Refusal.MALFORMED);
    assertThat(why(store.take(List.of(chunk(id, bytes(5 * ArtifactChunks.BYTES), 4))).getFirst()))
        .isEqualTo(Refusal.MALFORMED);
    assertThat(number("select count(*) from artifact_chunk")).isZero();
  }

  @Test
  void aNameIsTakenByWhatWasStoredAndFreeOtherwise() throws Exception {
    String first = begun("a", BYTES);
    byte[] others = bytes(100);
    ArtifactReference second = ArtifactStores.store(store, run, "a", others);
    assertThat(second.artifact()).isNotEqualTo(first);
    assertThat(why(store.end(first))).as("replaced").isEqualTo(Refusal.EXPIRED);
    assertThat(why(store.begin(begin(run, "a", BYTES)))).isEqualTo(Refusal.EXISTS);
    assertThat(store.deleteDue(10)).isEqualTo(1);
    assertThat(read(second)).isEqualTo(others);
  }

  @Test
  void whatHasExpiredIsDeletedWithItsBytes() throws Exception {
    ArtifactReference old = ArtifactStores.store(store, run, "old", BYTES);
    ArtifactReference young = ArtifactStores.store(store, run, "young", BYTES);
    String upload = begun("upload", BYTES);
    store.take(List.of(chunk(upload, BYTES, 0)));
    assertThat(store.deleteDue(10)).isZero();
    execute("update artifact set expires_at = now() - interval '1 s' where name <> 'young'");
    assertThat(why(store.get(old.artifact(), 0))).isEqualTo(Refusal.EXPIRED);
    assertThat(why(store.take(List.of(chunk(upload, BYTES, 1))).getFirst()))
        .isEqualTo(Refusal.EXPIRED);
    assertThat(store.deleteDue(1)).isEqualTo(1);
    assertThat(store.deleteDue(10)).isEqualTo(1);
    assertThat(store.find(old.artifact())).isEmpty();
    assertThat(number("select count(distinct artifact) from artifact_chunk")).isEqualTo(1);
    assertThat(read(young)).isEqualTo(BYTES);
    assertThat(
            number(
                "select round(extract(epoch from max(expires_at) - now()) / 86400)::bigint from artifact"))
        .isEqualTo(7);
  }

  @Test
  void aFolderKeepsWholeFilesAndPostgresOnlyWhatIsKnownOfThem() throws Exception {
    var inFolder =
        new ArtifactStore(
            database.api(), settings(new ArtifactSettings.InDirectory(folder)), Clock.systemUTC());
    ArtifactReference before = ArtifactStores.store(store, run, "in-postgres", BYTES);
    ArtifactReference reference = ArtifactStores.store(inFolder, run, "report/a.csv", BYTES);
    Path file = folder.resolve(reference.artifact().substring(0, 2)).resolve(reference.artifact());
    assertThat(Files.readAllBytes(file)).isEqualTo(BYTES);
    assertThat(number("select count(distinct artifact) from artifact_chunk"))
        .as("only the other one's")
        .isEqualTo(1);
    var last = (ArtifactAnswer.Data) inFolder.get(reference.artifact(), 3);
    assertThat(last.data()).isEqualTo(chunk(reference.artifact(), BYTES, 3).data());
    assertThat(inFolder.get(before.artifact(), 0)).isInstanceOf(ArtifactAnswer.Data.class);
    Files.createFile(file.resolveSibling(reference.artifact() + ".123.part"));
    execute("update artifact set expires_at = now() - interval '1 s'");
    assertThat(store.deleteDue(10)).as("what this node cannot delete stays").isEqualTo(1);
    assertThat(inFolder.deleteDue(10)).isEqualTo(1);
    try (Stream<Path> left = Files.walk(folder).filter(Files::isRegularFile)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void anS3StoreKeepsThemUnderASignatureThatItChecks() throws Exception {
    try (SigningServer server = new SigningServer("us-east-1", "key", "secret");
        var inS3 =
            new ArtifactStore(
                database.api(),
                settings(
                    new ArtifactSettings.InS3(
                        server.uri(), "bucket", "us-east-1", "key", "secret", true)),
                Clock.systemUTC())) {
      ArtifactReference reference = ArtifactStores.store(inS3, run, "a.csv", BYTES);
      ArtifactReference empty = ArtifactStores.store(inS3, run, "empty", new byte[0]);
      assertThat(server.objects())
          .containsOnlyKeys(
              "/bucket/millrace/" + reference.artifact(), "/bucket/millrace/" + empty.artifact());
      assertThat(number("select count(*) from artifact_chunk")).isZero();
      var second = (ArtifactAnswer.Data) inS3.get(reference.artifact(), 1);
      assertThat(second.data()).isEqualTo(chunk(reference.artifact(), BYTES, 1).data());
      try (InputStream in = inS3.open(inS3.find(reference.artifact()).orElseThrow())) {
        assertThat(in.readAllBytes()).isEqualTo(BYTES);
      }
      execute("update artifact set expires_at = now() - interval '1 s'");
      assertThat(inS3.deleteDue(10)).isEqualTo(2);
      assertThat(server.objects()).isEmpty();
      assertThat(server.refused()).isEmpty();
    }
  }

  @Test
  void aWrongKeyIsAFailureAndLeavesTheUploadToBeEndedLater() throws Exception {
    try (SigningServer server = new SigningServer("us-east-1", "key", "other");
        var inS3 =
            new ArtifactStore(
                database.api(), settings(s3(server.uri(), "secret")), Clock.systemUTC());
        var mended =
            new ArtifactStore(
                database.api(), settings(s3(server.uri(), "other")), Clock.systemUTC())) {
      var begun = (ArtifactAnswer.Begun) inS3.begin(begin(run, "a", bytes(10)));
      inS3.take(List.of(chunk(begun.artifact(), bytes(10), 0)));
      org.assertj.core.api.Assertions.assertThatThrownBy(() -> inS3.end(begun.artifact()))
          .hasMessageContaining("403")
          .hasMessageNotContaining("secret");
      assertThat(mended.end(begun.artifact())).isInstanceOf(ArtifactAnswer.Stored.class);
    }
  }

  private static ArtifactSettings.InS3 s3(URI uri, String secret) {
    return new ArtifactSettings.InS3(uri, "bucket", "us-east-1", "key", secret, true);
  }
}
