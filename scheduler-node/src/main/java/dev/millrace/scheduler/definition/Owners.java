package dev.millrace.scheduler.definition;

/**
 * Who owns a job or a pattern, and who else may define it. A source is {@code api}, {@code
 * dir:PATH} of a file in a watched directory, or {@code set:NAME} of a set that people apply.
 * Stateless, any thread.
 */
public final class Owners {
  public static final String API = "api";
  private static final String FILE = "dir:";
  private static final String SET = "set:";

  private Owners() {}

  /** Why somebody may not, and what would help. */
  public record Refusal(String detail, String remedy) {}

  public static boolean isFile(String source) {
    return source.startsWith(FILE);
  }

  public static boolean isSet(String source) {
    return source.startsWith(SET);
  }

  /** The source of a set. */
  public static String ofSet(String name) {
    return SET + name;
  }

  /** For messages. */
  public static String named(String source) {
    if (isFile(source)) {
      return source.substring(FILE.length());
    }
    return isSet(source) ? "the set '" + source.substring(SET.length()) + "'" : "the API";
  }

  /**
   * Why this source may not define what another one owns; null when it may.
   *
   * @param what for the message, such as {@code job 'a'}
   */
  public static Refusal refusal(String what, String owner, String source) {
    if (owner.equals(source) || isSameDirectory(owner, source)) {
      return null;
    }
    String defined = what + " is defined by " + named(owner);
    if (isFile(owner)) {
      return new Refusal(defined, "change that file, or remove it first");
    }
    if (isSet(owner)) {
      return source.equals(API)
          ? null
          : new Refusal(
              defined, "take it out of that set first (apply --prune), or use another id");
    }
    return new Refusal(
        what + " was defined through the API",
        isSet(source)
            ? "apply with --adopt to take it over, or use another id"
            : "archive it there first, or use another id");
  }

  /** Who owns it when this source has defined it: what a set owns stays the set's. */
  public static String after(String owner, String source) {
    return isSet(owner) && source.equals(API) ? owner : source;
  }

  /** A renamed file, or the other one of two, may go on with the job. */
  private static boolean isSameDirectory(String owner, String source) {
    int end = owner.lastIndexOf('/');
    return isFile(owner)
        && end == source.lastIndexOf('/')
        && source.startsWith(owner.substring(0, end + 1));
  }
}
