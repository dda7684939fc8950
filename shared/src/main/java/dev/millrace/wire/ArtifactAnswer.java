package dev.millrace.wire;

import java.util.List;

/** What a scheduler node answers to an {@link ArtifactRequest}. Immutable. */
public sealed interface ArtifactAnswer {
  /** Send the chunks under this id. */
  record Begun(String artifact) implements ArtifactAnswer {}

  /** The chunk is kept. */
  record Took(String artifact, int number) implements ArtifactAnswer {}

  /** The artifact is visible; also the answer to a begin of what is already there. */
  record Stored(ArtifactReference reference) implements ArtifactAnswer {}

  record Data(ArtifactReference reference, int number, byte[] data) implements ArtifactAnswer {}

  /**
   * @param missing numbers of chunks that have not come, the first ones, for {@link
   *     Refusal#INCOMPLETE}
   */
  record Refused(Refusal why, String message, List<Integer> missing) implements ArtifactAnswer {
    public static final int MISSING_MAX = 64;

    public Refused {
      missing = List.copyOf(missing);
    }

    public Refused(Refusal why, String message) {
      this(why, message, List.of());
    }
  }

  /** Why something was refused; on the wire in lower case with hyphens. */
  enum Refusal {
    /** No such artifact or upload, or no such run. */
    UNKNOWN,
    /** It was there; its time is over. */
    EXPIRED,
    TOO_LARGE,
    /** The run has used up what it may store. */
    QUOTA,
    /** The bytes that came are not those that were announced; the upload is gone. */
    HASH,
    /** The end came before all chunks. */
    INCOMPLETE,
    /** The attempt has stored other bytes under this name. */
    EXISTS,
    /** The request cannot be read, or does not fit to what was announced. */
    MALFORMED,
    /** The store does not answer now: ask again after a moment. */
    UNAVAILABLE;

    /** True when the same request may succeed a moment later. */
    public boolean isPassing() {
      return this == UNAVAILABLE;
    }
  }
}
