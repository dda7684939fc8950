package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.Jobs;

/**
 * Who owns a job, and who else may define it. A source is {@code api}, {@code dir:PATH} of a file
 * in a watched directory, or {@code set:NAME} of a set that people apply. Stateless.
 */
final class Owners {
  static final String API = "api";
  private static final String FILE = "dir:";
  private static final String SET = "set:";

  private Owners() {}

  static boolean isFile(String source) {
    return source.startsWith(FILE);
  }

  static boolean isSet(String source) {
    return source.startsWith(SET);
  }

  /** For messages. */
  static String named(String source) {
    if (isFile(source)) {
      return source.substring(FILE.length());
    }
    return isSet(source) ? "the set '" + source.substring(SET.length()) + "'" : "the API";
  }

  /** Why this source may not define the job; null when it may. */
  static Outcome refusal(Jobs.Row job, String source) {
    String owner = job.source();
    if (owner.equals(source) || isSameDirectory(owner, source)) {
      return null;
    }
    String what = "job '" + job.name() + "' is defined by " + named(owner);
    if (isFile(owner)) {
      return Desk.refused(409, what, "change that file, or remove it first");
    }
    if (isSet(owner)) {
      return source.equals(API)
          ? null
          : Desk.refused(
              409, what, "take it out of that set first (apply --prune), or use another id");
    }
    return Desk.refused(
        409,
        "job '" + job.name() + "' was defined through the API",
        isSet(source)
            ? "apply with --adopt to take it over, or use another id"
            : "archive it there first, or use another id");
  }

  /** Who owns the job when this source has defined it: what a set owns stays the set's. */
  static String after(String owner, String source) {
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
