package dev.millrace.cli;

import java.util.Map;

/** The command line of one server, for tests outside of this package. One thread. */
public final class CliOf {
  private final String url;
  private Cli last;

  public CliOf(String url) {
    this.url = url;
  }

  /** Runs a command; what came of it is here until the next one. */
  public CliOf run(String... args) {
    last = Cli.run(Map.of("MILLRACE_SERVER", url), args);
    return this;
  }

  public int code() {
    return last.code();
  }

  public String out() {
    return last.out();
  }

  public String err() {
    return last.err();
  }
}
