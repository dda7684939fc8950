package dev.millrace.wire;

/** How an artifact is cut: every chunk but the last is full, so a number is a place. Stateless. */
public final class ArtifactChunks {
  /** Raw bytes of a full chunk; in base64 it fits into a message with room to spare. */
  public static final int BYTES = 128 * 1024;

  private ArtifactChunks() {}

  /** Chunks of an artifact; an empty one has none. */
  public static int count(long size) {
    return Math.toIntExact((size + BYTES - 1) / BYTES);
  }

  /** Bytes of one of its chunks; 0 when there is no such chunk. */
  public static int length(long size, int number) {
    if (number < 0) {
      return 0;
    }
    return Math.clamp(size - (long) number * BYTES, 0, BYTES);
  }
}
