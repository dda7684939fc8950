package dev.millrace.scheduler.command;

/**
 * What a caller has read of something with versions, and wants it still to be when it is changed.
 * Immutable.
 *
 * @param match the header If-Match, or null
 * @param noneMatch the header If-None-Match, or null
 */
public record Expectation(String match, String noneMatch) {
  /** The fields of a command's body. */
  public static final String MATCH = "ifMatch";

  public static final String NONE_MATCH = "ifNoneMatch";

  private static final String ANY = "*";

  /** The part of an ETag that a change is judged by. */
  public static String version(long id, int version) {
    return id + "." + version;
  }

  /**
   * Why it is not so, or null.
   *
   * @param what it is, in words
   * @param version of now, as {@link #version} has it; null when there is none
   */
  public String refusal(String what, String version) {
    if (match != null && version == null) {
      return what + " does not exist, and If-Match asks for one that does";
    }
    if (match != null && !names(match, version)) {
      return what + " has changed: it is \"" + version + "\" by now";
    }
    if (noneMatch != null && version != null && names(noneMatch, version)) {
      return what + " exists as \"" + version + "\", and If-None-Match asks for none";
    }
    return null;
  }

  /** Whether a list of ETags names this version; what else they say is of the representation. */
  private static boolean names(String list, String version) {
    for (String each : list.split(",")) {
      String tag = each.strip().replaceFirst("^W/", "").replace("\"", "");
      if (tag.equals(ANY) || tag.equals(version) || tag.startsWith(version + ".")) {
        return true;
      }
    }
    return false;
  }
}
