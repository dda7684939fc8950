package dev.millrace.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command writes and what surrounds it. Answers go to {@code out}, everything else to
 * {@code err}. Any thread.
 */
final class Terminal {
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean interactive;
  private final boolean outInteractive;
  private final Map<String, String> environment;
  private volatile boolean quiet;
  private volatile boolean plain;

  /**
   * @param interactive a person looks at {@code err} while it is written; the launcher knows
   */
  Terminal(PrintWriter out, PrintWriter err, boolean interactive, Map<String, String> environment) {
    this(out, err, interactive, interactive, environment);
  }

  /**
   * @param outInteractive the same of {@code out}: colours, and lines no wider than the window
   */
  Terminal(
      PrintWriter out,
      PrintWriter err,
      boolean interactive,
      boolean outInteractive,
      Map<String, String> environment) {
    this.out = out;
    this.err = err;
    boolean dumb = environment.getOrDefault("TERM", "").equals("dumb");
    this.interactive = interactive && !dumb;
    this.outInteractive = outInteractive && !dumb;
    this.environment = Map.copyOf(environment);
  }

  static Terminal ofProcess() {
    return new Terminal(
        new PrintWriter(System.out, true, StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        Boolean.getBoolean("millrace.terminal"),
        Boolean.getBoolean("millrace.terminal.out"),
        System.getenv());
  }

  PrintWriter out() {
    return out;
  }

  PrintWriter err() {
    return err;
  }

  Map<String, String> environment() {
    return environment;
  }

  /** Can something be drawn again and again on {@code err}? */
  boolean interactive() {
    return interactive && !quiet;
  }

  /** The same of {@code out}. */
  boolean outInteractive() {
    return outInteractive;
  }

  /** May answers have colours? Not in a pipe, not with NO_COLOR, not when told so. */
  boolean colors() {
    return outInteractive && mayColor();
  }

  /** The same of {@code err}. */
  boolean errColors() {
    return interactive && mayColor();
  }

  private boolean mayColor() {
    return !plain && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Is as little as possible to be said? */
  boolean quiet() {
    return quiet;
  }

  void beQuiet() {
    quiet = true;
  }

  void bePlain() {
    plain = true;
  }

  /** Says a line of an answer; what would command the terminal is shown as signs. */
  void say(String line) {
    out.println(Harmless.text(line));
    out.flush();
  }

  /** Says what a program wrote: with its colours where there are some, and every byte in a pipe. */
  void sayLog(String line) {
    out.println(outInteractive ? Harmless.log(line, colors()) : Harmless.piped(line));
    out.flush();
  }

  /** Says a line whose colours are ours. */
  void sayColored(String line) {
    out.println(line);
    out.flush();
  }

  void note(String line) {
    err.println(Harmless.text(line));
    err.flush();
  }

  /** A note that is no error. */
  void remark(String line) {
    if (!quiet) {
      note(line);
    }
  }

  /** Has the reader of {@code out} gone, as {@code head} does? */
  boolean outGone() {
    return out.checkError();
  }

  /** Columns of the window; as many as anybody needs where nobody looks. */
  int columns() {
    return outInteractive ? WindowSize.of(environment).columns() : Integer.MAX_VALUE;
  }
}
