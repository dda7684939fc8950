package dev.millrace.cli;

/** What the process tells its caller. Stateless. */
final class ExitCode {
  static final int OK = 0;

  /** What was asked for did not succeed, or could not be asked for. */
  static final int FAILED = 1;

  /** The command line or the settings are wrong. */
  static final int USAGE = 2;

  /** Of a plan: applying it would change something. Wrong words are {@link #FAILED} there. */
  static final int CHANGES = 2;

  private ExitCode() {}
}
