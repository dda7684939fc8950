package dev.millrace.scheduler.command;

import dev.millrace.scheduler.store.Inbox;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jdbi.v3.core.Jdbi;

/**
 * Puts commands into the inbox and waits for their outcome. A leader in the same process answers
 * directly; another node's answer is read from the outcome table. Any thread.
 */
public final class Commands {
  private static final long POLL_FIRST_MILLIS = 10;
  private static final long POLL_MAX_MILLIS = 100;

  private final Jdbi jdbi;
  private final Runnable nudgeLeader;
  private final ConcurrentHashMap<Long, CompletableFuture<Outcome>> waiting =
      new ConcurrentHashMap<>();

  /**
   * @param nudgeLeader tells the leader, wherever it is, that the inbox has something; only a hint
   */
  public Commands(Jdbi jdbi, Runnable nudgeLeader) {
    this.jdbi = jdbi;
    this.nudgeLeader = nudgeLeader;
  }

  /**
   * Puts the command into the inbox durably and waits for its outcome.
   *
   * @return empty when no leader answered in time: the command is accepted and will be executed
   *     later, never lost
   * @throws org.jdbi.v3.core.JdbiException when the database is away: then nothing is known to be
   *     accepted
   */
  public Optional<Outcome> ask(Command command, Duration wait) throws InterruptedException {
    return outcome(jdbi.withHandle(handle -> Inbox.put(handle, command, true)), wait);
  }

  /**
   * Waits for the outcome of a command that is in the inbox and has somebody who waits for it.
   *
   * @return empty when no leader answered in time
   */
  public Optional<Outcome> outcome(long id, Duration wait) throws InterruptedException {
    CompletableFuture<Outcome> answer =
        waiting.computeIfAbsent(id, any -> new CompletableFuture<>());
    try {
      nudgeLeader.run();
      return await(id, answer, wait);
    } finally {
      waiting.remove(id);
    }
  }

  /** Puts commands into the inbox durably, in one statement, and does not wait for any outcome. */
  public void tell(List<Command> commands) {
    jdbi.useHandle(handle -> Inbox.putAll(handle, commands));
    nudgeLeader.run();
  }

  /** Tells the leader that something was put into the inbox in another way. */
  public void ring() {
    nudgeLeader.run();
  }

  /**
   * Stops waiting for an outcome.
   *
   * @return the outcome when it came after all; empty when the command is still there and will be
   *     executed with nobody waiting for the answer
   */
  public Optional<Outcome> leave(long id, Duration lastWait) throws InterruptedException {
    boolean left = jdbi.withHandle(handle -> Inbox.leave(handle, id));
    return left ? Optional.empty() : outcome(id, lastWait);
  }

  /** The leader in this process has committed this outcome. */
  public void answered(long inboxId, Outcome outcome) {
    CompletableFuture<Outcome> answer = waiting.get(inboxId);
    if (answer != null) {
      answer.complete(outcome);
    }
  }

  private Optional<Outcome> await(long id, CompletableFuture<Outcome> answer, Duration wait)
      throws InterruptedException {
    long end = System.nanoTime() + wait.toNanos();
    long pollMillis = POLL_FIRST_MILLIS;
    while (true) {
      long leftMillis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (leftMillis <= 0) {
        return Optional.empty();
      }
      try {
        return Optional.of(answer.get(Math.min(pollMillis, leftMillis), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        Optional<Outcome> stored = jdbi.withHandle(handle -> Inbox.outcome(handle, id));
        if (stored.isPresent()) {
          return stored;
        }
        pollMillis = Math.min(POLL_MAX_MILLIS, pollMillis * 2);
      } catch (ExecutionException e) {
        throw new IllegalStateException("an answer is never completed with a failure", e);
      }
    }
  }
}
