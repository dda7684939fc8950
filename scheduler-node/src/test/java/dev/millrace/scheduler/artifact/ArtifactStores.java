package dev.millrace.scheduler.artifact;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.settings.ArtifactSettings;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.ArtifactRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Artifacts and stores as tests want them. Stateless. */
public final class ArtifactStores {
  static final int BYTES_MAX = 1_000_000;
  static final int RUN_BYTES_MAX = 2_000_000;

  private ArtifactStores() {}

  public static ArtifactSettings settings() {
    return settings(new ArtifactSettings.InPostgres());
  }

  static ArtifactSettings settings(ArtifactSettings.Store store) {
    return new ArtifactSettings(store, Duration.ofDays(7), BYTES_MAX, RUN_BYTES_MAX);
  }

  /** Bytes that no mistake would make by chance. */
  public static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  static ArtifactRequest.Begin begin(RunId run, String name, byte[] bytes) {
    return new ArtifactRequest.Begin(
        new Claim(run, "fetch", 1), name, "text/csv", bytes.length, sha256(bytes));
  }

  static String sha256(byte[] bytes) {
    try {
      return Sha256.of(new ByteArrayInputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ArtifactRequest.Chunk chunk(String artifact, byte[] bytes, int number) {
    int from = number * ArtifactChunks.BYTES;
    int length = ArtifactChunks.length(bytes.length, number);
    return new ArtifactRequest.Chunk(
        artifact, number, Arrays.copyOfRange(bytes, from, from + length));
  }

  /** Stores it as a worker would. */
  public static ArtifactReference store(ArtifactStore store, RunId run, String name, byte[] bytes)
      throws IOException, InterruptedException {
    String id = ((ArtifactAnswer.Begun) store.begin(begin(run, name, bytes))).artifact();
    for (int number = 0; number < ArtifactChunks.count(bytes.length); number++) {
      store.take(List.of(chunk(id, bytes, number)));
    }
    return ((ArtifactAnswer.Stored) store.end(id)).reference();
  }
}
