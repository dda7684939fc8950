package dev.millrace.file;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** A file as it was found: two are equal when nobody wrote it between. Immutable. */
public record FileMark(String path, long size, Instant modified) {
  /** Its date in microseconds since 1970, as it is stored. */
  public long modifiedMicros() {
    return TimeUnit.SECONDS.toMicros(modified.getEpochSecond()) + modified.getNano() / 1_000;
  }

  /** The last part of its path. */
  public String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
