package dev.millrace.worker;

import dev.millrace.model.Claim;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.ArtifactRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;

/** Brings one file to the artifact store; holds a few chunks at a time. The caller's thread. */
final class ArtifactUpload {
  /** Chunks of one upload under way. */
  private static final int AHEAD_MAX = 8;

  private static final int BUFFER_BYTES = 64 * 1024;

  private final ArtifactClient client;
  private final Claim claim;

  ArtifactUpload(ArtifactClient client, Claim claim) {
    this.client = client;
    this.claim = claim;
  }

  /**
   * Reads the file twice: the hash goes before the bytes, so that what was stored already, or in
   * part, is recognised.
   */
  ArtifactReference put(String name, String mediaType, Path file)
      throws IOException, InterruptedException {
    var begin = new ArtifactRequest.Begin(claim, name, mediaType, Files.size(file), sha256(file));
    return switch (client.ask(begin)) {
      case ArtifactAnswer.Stored stored -> stored.reference();
      case ArtifactAnswer.Begun begun -> {
        sendChunks(begun.artifact(), file, begin.size());
        yield end(begun.artifact());
      }
      case ArtifactAnswer other -> throw unexpected(other);
    };
  }

  private void sendChunks(String artifact, Path file, long size)
      throws IOException, InterruptedException {
    Deque<NodeRequests.Asked<ArtifactAnswer>> ahead = new ArrayDeque<>();
    try (InputStream in = Files.newInputStream(file)) {
      int count = ArtifactChunks.count(size);
      for (int number = 0; number < count; number++) {
        byte[] data = in.readNBytes(ArtifactChunks.length(size, number));
        if (data.length != ArtifactChunks.length(size, number)) {
          throw new IOException(file + " became shorter while it was uploaded");
        }
        var chunk = new ArtifactRequest.Chunk(artifact, number, data);
        if (ahead.size() == AHEAD_MAX) {
          client.await(ahead.poll());
        }
        NodeRequests.Asked<ArtifactAnswer> asked = client.tryBegin(chunk);
        while (asked == null && !ahead.isEmpty()) {
          client.await(ahead.poll());
          asked = client.tryBegin(chunk);
        }
        ahead.add(asked == null ? client.begin(chunk) : asked);
      }
      while (!ahead.isEmpty()) {
        client.await(ahead.poll());
      }
    } finally {
      ahead.forEach(client::forget);
    }
  }

  private ArtifactReference end(String artifact) throws IOException, InterruptedException {
    ArtifactAnswer answer = client.ask(new ArtifactRequest.End(artifact));
    if (answer instanceof ArtifactAnswer.Stored stored) {
      return stored.reference();
    }
    throw unexpected(answer);
  }

  private static ArtifactException unexpected(ArtifactAnswer answer) {
    return new ArtifactException(
        ArtifactAnswer.Refusal.MALFORMED,
        "a scheduler node answered with " + answer.getClass().getSimpleName());
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest = digest();
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
