package dev.millrace.cli;

import java.util.Locale;

/** Tells what a start is doing and when, counted from the start of the JVM. Any thread. */
final class Steps {
  private final Terminal terminal;

  Steps(Terminal terminal) {
    this.terminal = terminal;
  }

  synchronized void say(String step) {
    terminal.say(String.format(Locale.ROOT, "%6.2f s  %s", Uptime.seconds(), step));
  }
}
