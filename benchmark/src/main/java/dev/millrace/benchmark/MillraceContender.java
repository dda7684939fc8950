package dev.millrace.benchmark;

import dev.millrace.scheduler.command.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Millrace in its default settings, with history kept: single-stage runs asked for through the
 * inbox, in batches, each durably accepted; a run counts as completed when its final state is
 * committed.
 */
final class MillraceContender implements Contender {
  private static final int RUNS_PER_COMMAND = 200;
  private static final int COMMANDS_PER_STATEMENT = 50;
  private static final String JOB =
      """
      id: bench
      stages:
        - id: work
          run: bench
      """;

  private final Servers servers;
  private final String version;
  private final AtomicLong executed = new AtomicLong();
  private LocalMillrace system;
  private long enqueued;

  MillraceContender(Servers servers, String version) {
    this.servers = servers;
    this.version = version;
  }

  @Override
  public String system() {
    return "millrace";
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public int jobsDefault() {
    return 500_000;
  }

  @Override
  public void start() {
    system = new LocalMillrace(servers, context -> executed.incrementAndGet());
    system.start();
    system.apply(JOB);
  }

  @Override
  public void enqueue(int jobs) {
    List<Command> commands = new ArrayList<>();
    for (int left = jobs; left > 0; left -= RUNS_PER_COMMAND) {
      commands.add(Command.runs("default", "bench", Math.min(left, RUNS_PER_COMMAND), "bench"));
      if (commands.size() == COMMANDS_PER_STATEMENT || left <= RUNS_PER_COMMAND) {
        system.scheduler().commands().tell(commands);
        commands = new ArrayList<>();
      }
    }
    enqueued += jobs;
  }

  @Override
  public long executed() {
    return executed.get();
  }

  @Override
  public long completed() {
    return enqueued
        - system.count("select coalesce(sum(weight), 0) from millrace.inbox")
        - system.count("select count(*) from millrace.run where finished_at is null");
  }

  @Override
  public void close() {
    if (system != null) {
      system.close();
    }
  }
}
