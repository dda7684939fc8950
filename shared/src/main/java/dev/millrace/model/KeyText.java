package dev.millrace.model;

/** What a key can be: an event's, a concurrency limit's, a rate's. Stateless. */
public final class KeyText {
  /** Indexes hold keys: three bytes for each character must fit an index row beside a name. */
  public static final int CHARS_MAX = 500;

  private KeyText() {}

  /** What is wrong with a key, to be read after what it is called; null when nothing is. */
  public static String problem(String key) {
    if (key.indexOf('\0') >= 0) {
      return "holds a NUL character; leave it out";
    }
    return key.length() > CHARS_MAX
        ? "has "
            + key.length()
            + " characters, at most "
            + CHARS_MAX
            + " are possible; use a digest of long values"
        : null;
  }
}
