package dev.millrace.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** One command as a person would type it, and what came of it. */
record Cli(int code, String out, String err) {
  static Cli run(Map<String, String> environment, String... args) {
    Running command = new Running(environment, args);
    command.ended.run();
    return command.result();
  }

  static Cli run(String... args) {
    return run(Map.of(), args);
  }

  /** Starts a command that goes on for a while; it is interrupted when this is closed. */
  static Running start(Map<String, String> environment, String... args) {
    Running command = new Running(environment, args);
    command.thread = Thread.ofPlatform().name("cli-" + args[1]).start(command.ended);
    return command;
  }

  /** A command that may still go on. */
  static final class Running implements AutoCloseable {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final FutureTask<Integer> ended;
    private Thread thread;

    private Running(Map<String, String> environment, String... args) {
      Terminal terminal =
          new Terminal(new PrintWriter(out), new PrintWriter(err), false, environment);
      ended =
          new FutureTask<>(
              () -> {
                int code = Main.run(terminal, args);
                terminal.out().flush();
                terminal.err().flush();
                return code;
              });
    }

    /** What it has said until now. */
    String out() {
      return out.toString();
    }

    String err() {
      return err.toString();
    }

    boolean going() {
      return !ended.isDone();
    }

    /** As ctrl-C does where a command has something to close. */
    void interrupt() {
      thread.interrupt();
    }

    /** Waits for its end. */
    Cli result() {
      try {
        return new Cli(ended.get(60, TimeUnit.SECONDS), out(), err());
      } catch (Exception e) {
        throw new AssertionError("the command did not end; it said: " + out() + err(), e);
      }
    }

    @Override
    public void close() {
      if (thread != null) {
        thread.interrupt();
      }
    }
  }
}
