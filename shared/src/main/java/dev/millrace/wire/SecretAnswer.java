package dev.millrace.wire;

/** What a scheduler node answers to a {@link SecretRequest}. Immutable. */
public sealed interface SecretAnswer {
  /**
   * The values, a JSON object by name, for the key of the request.
   *
   * @param key public key of the node, for this answer
   * @param sealed nonce, ciphertext and tag
   */
  record Sealed(byte[] key, byte[] sealed) implements SecretAnswer {
    public Sealed {
      if (key == null || sealed == null) {
        throw new IllegalArgumentException("a sealed answer needs key and sealed");
      }
    }
  }

  /**
   * @param message names the secret where one is the cause, and never tells a value
   */
  record Refused(Refusal why, String message) implements SecretAnswer {}

  /** Why; on the wire in lower case with hyphens. */
  enum Refusal {
    /** The start of this attempt is not known here yet: ask again after a moment. */
    NOT_YET,
    /** The database does not answer now: ask again after a moment. */
    UNAVAILABLE,
    /** Another worker holds this claim, or nobody does. */
    NOT_HELD,
    /** The grant is not one for this claim and these names. */
    GRANT,
    /** There is no such secret. */
    UNKNOWN,
    /** No key here opens it. */
    LOCKED,
    /** The request cannot be read. */
    MALFORMED;

    /** True when the same request may succeed a moment later. */
    public boolean isPassing() {
      return this == NOT_YET || this == UNAVAILABLE;
    }
  }
}
