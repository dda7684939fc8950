package dev.millrace.cli;

/** What the process tells its caller; {@code docs/cli.md} has the table. Stateless. */
final class ExitCode {
  /** Done; of a run that was waited for: it COMPLETED. */
  static final int OK = 0;

  /** What was asked for did not succeed: the run FAILED, the check found something. */
  static final int FAILED = 1;

  /** The command line or the settings are wrong. */
  static final int USAGE = 2;

  /** Of a plan: applying it would change something. Wrong words are {@link #FAILED} there. */
  static final int CHANGES = 2;

  /** The server refused, and said why. */
  static final int REFUSED = 3;

  /** There is no such thing, or the caller may not know of it. */
  static final int NOT_FOUND = 4;

  /** No server answers, or not in time. */
  static final int AWAY = 5;

  /** Nobody is logged in, or they may not do this. */
  static final int DENIED = 6;

  /** By ctrl-C; what runs on the server goes on. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}

  /** Of an answer that is no success. */
  static int ofStatus(int status) {
    return switch (status) {
      case 401, 403 -> DENIED;
      case 404, 410 -> NOT_FOUND;
      case 502, 503, 504 -> AWAY;
      default -> REFUSED;
    };
  }
}
