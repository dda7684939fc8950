package dev.millrace.cli;

/**
 * Adds a command to the executable; found by {@link java.util.ServiceLoader}. Called once, on the
 * main thread.
 */
public interface CommandProvider {
  /** The word on the command line. */
  String name();

  /** An object that picocli takes for a command. */
  Object command();
}
