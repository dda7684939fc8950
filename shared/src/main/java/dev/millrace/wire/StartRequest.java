package dev.millrace.wire;

/**
 * What another system asks for by a message to {@code millrace.triggers}. Immutable.
 *
 * @param namespace {@code default} when none was named
 * @param params a JSON object as text
 * @param key who asks twice with one key gets one run; null for none
 * @param reason shown with the run, or null
 * @param orchestration the id under which its run belongs to others, or null
 * @param outcome whether the answer goes on to how the run ended
 */
public record StartRequest(
    String namespace,
    String job,
    String params,
    String key,
    String reason,
    String orchestration,
    boolean outcome) {
  public static final int KEY_CHARS_MAX = 200;
  public static final int REASON_CHARS_MAX = 1_000;

  /** What is wrong with a key, or null. */
  public static String problemOfKey(String key) {
    if (key == null) {
      return null;
    }
    if (key.indexOf('\0') >= 0) {
      return "a key has no NUL characters, this one has; leave them out";
    }
    return !key.isBlank() && key.length() <= KEY_CHARS_MAX
        ? null
        : "a key has 1 to " + KEY_CHARS_MAX + " characters, this one has " + key.length();
  }
}
