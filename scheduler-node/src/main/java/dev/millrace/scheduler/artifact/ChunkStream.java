package dev.millrace.scheduler.artifact;

import dev.millrace.wire.ArtifactChunks;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** Chunks one after another; holds one of them at a time. One thread. */
final class ChunkStream extends InputStream {
  /** Gives a chunk by its number. */
  @FunctionalInterface
  interface Source {
    byte[] read(int number) throws IOException;
  }

  private final Source source;
  private final int count;
  private byte[] chunk = new byte[0];
  private int at;
  private int next;

  ChunkStream(long size, Source source) {
    this.source = source;
    this.count = ArtifactChunks.count(size);
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

  private boolean fill() throws IOException {
    if (at < chunk.length) {
      return true;
    }
    if (next == count) {
      return false;
    }
    chunk = source.read(next++);
    at = 0;
    return true;
  }
}
