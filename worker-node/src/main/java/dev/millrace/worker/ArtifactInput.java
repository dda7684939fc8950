package dev.millrace.worker;

import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.ArtifactRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Reads an artifact chunk by chunk, some ahead. Its hash is checked before the end is told: who has
 * seen the end has read what was stored. One thread at a time.
 */
final class ArtifactInput extends InputStream {
  /** Chunks of one download under way. */
  private static final int AHEAD_MAX = 4;

  private final ArtifactClient client;
  private final ArtifactReference reference;
  private final MessageDigest digest = ArtifactUpload.digest();
  private final Deque<NodeRequests.Asked<ArtifactAnswer>> ahead = new ArrayDeque<>();
  private final int count;
  private int nextToAsk = 1;
  private int nextToRead = 1;
  private byte[] chunk;
  private int at;
  private boolean checked;

  private ArtifactInput(ArtifactClient client, ArtifactReference reference, byte[] first) {
    this.client = client;
    this.reference = reference;
    this.count = ArtifactChunks.count(reference.size());
    this.chunk = first;
  }

  /**
   * Opens it by its first chunk.
   *
   * @param expectedOrNull a reference whose hash must be that of the bytes
   */
  static ArtifactInput open(
      ArtifactClient client, String artifact, ArtifactReference expectedOrNull)
      throws IOException, InterruptedException {
    ArtifactAnswer.Data first = data(client.ask(new ArtifactRequest.Get(artifact, 0)));
    ArtifactReference known = expectedOrNull == null ? first.reference() : expectedOrNull;
    ArtifactInput input = new ArtifactInput(client, known, first.data());
    input.accept(first, 0);
    return input;
  }

  @Override
  public int read() throws IOException {
    return fill() ? chunk[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int taken = Math.min(length, chunk.length - at);
    System.arraycopy(chunk, at, into, offset, taken);
    at += taken;
    return taken;
  }

  /** Makes sure that there is a byte; false at the end. */
  private boolean fill() throws IOException {
    if (at < chunk.length) {
      return true;
    }
    if (nextToRead >= count) {
      check();
      return false;
    }
    try {
      askAhead();
      accept(data(client.await(ahead.poll())), nextToRead++);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (InterruptedIOException)
          new InterruptedIOException("interrupted while reading an artifact").initCause(e);
    }
  }

  private void askAhead() throws InterruptedException {
    while (nextToAsk < count && ahead.size() < AHEAD_MAX) {
      var get = new ArtifactRequest.Get(reference.artifact(), nextToAsk);
      NodeRequests.Asked<ArtifactAnswer> asked = client.tryBegin(get);
      if (asked == null && !ahead.isEmpty()) {
        return;
      }
      ahead.add(asked == null ? client.begin(get) : asked);
      nextToAsk++;
    }
  }

  private void accept(ArtifactAnswer.Data data, int number) throws ArtifactException {
    if (data.number() != number
        || data.data().length != ArtifactChunks.length(reference.size(), number)) {
      throw new ArtifactException(
          ArtifactAnswer.Refusal.MALFORMED,
          "chunk " + number + " of artifact " + reference.artifact() + " is not what it should be");
    }
    digest.update(data.data());
    chunk = data.data();
    at = 0;
  }

  private void check() throws ArtifactException {
    if (!checked && !HexFormat.of().formatHex(digest.digest()).equals(reference.sha256())) {
      throw new ArtifactException(
          ArtifactAnswer.Refusal.HASH,
          "artifact " + reference.artifact() + " has other bytes than its reference says");
    }
    checked = true;
  }

  private static ArtifactAnswer.Data data(ArtifactAnswer answer) throws ArtifactException {
    if (answer instanceof ArtifactAnswer.Data data) {
      return data;
    }
    throw new ArtifactException(
        ArtifactAnswer.Refusal.MALFORMED,
        "a scheduler node answered with " + answer.getClass().getSimpleName());
  }

  @Override
  public void close() {
    ahead.forEach(client::forget);
    ahead.clear();
  }
}
