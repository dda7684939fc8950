package dev.millrace.scheduler.trigger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the leader on behalf of the watched directory, and the same thing only now and then: the
 * leader may be away, or it refused. Confined to the directory's loop.
 */
final class JobsDirectoryAsking {
  /** The way to the leader; in production {@link Commands#ask}. */
  @FunctionalInterface
  interface Seam {
    /**
     * @return empty when no leader answered in time; the command is accepted all the same
     */
    Optional<Outcome> ask(Command command, Duration wait) throws InterruptedException;
  }

  enum Kind {
    DONE,
    REFUSED,
    /** Asked not long ago; the leader will come to it. */
    ASKED_BEFORE,
    /** No leader answered: the command is accepted, others should wait for the next pass. */
    NONE
  }

  /**
   * @param refusal why, when refused, else null
   */
  record Answer(Kind kind, String refusal) {}

  private record Asked(String content, long atNanos, String refusal) {}

  private static final Logger log = LoggerFactory.getLogger(JobsDirectoryAsking.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration ANSWER_WAIT = Duration.ofSeconds(2);
  private static final Duration ASK_AGAIN_AFTER = Duration.ofSeconds(10);

  private final Seam commands;
  private final LongSupplier nanos;
  private final Map<String, Asked> asked = new HashMap<>();

  JobsDirectoryAsking(Seam commands, LongSupplier nanos) {
    this.commands = commands;
    this.nanos = nanos;
  }

  /** What was asked long ago may be asked again. */
  void forgetOld() {
    long now = nanos.getAsLong();
    asked.values().removeIf(before -> now - before.atNanos >= ASK_AGAIN_AFTER.toNanos());
  }

  /**
   * @param content changes with what is asked; another content is asked at once
   */
  Answer ask(String file, String content, Command command) throws InterruptedException {
    String what = command.kind() + " " + command.namespace() + "/" + command.job() + " " + file;
    Asked before = asked.get(what);
    if (before != null && before.content.equals(content)) {
      Kind kind = before.refusal == null ? Kind.ASKED_BEFORE : Kind.REFUSED;
      return new Answer(kind, before.refusal);
    }
    Optional<Outcome> outcome = commands.ask(command, ANSWER_WAIT);
    if (outcome.isEmpty()) {
      asked.put(what, new Asked(content, nanos.getAsLong(), null));
      log.info(
          "no leader answered, the command waits in the inbox kind={} job={} file={}",
          command.kind(),
          command.job(),
          file);
      return new Answer(Kind.NONE, null);
    }
    int status = outcome.get().status();
    if (status < 300 || (status == 404 && command.kind().equals(Command.Kind.JOB_DELETE))) {
      asked.remove(what);
      log.info("job file followed kind={} job={} file={}", command.kind(), command.job(), file);
      return new Answer(Kind.DONE, null);
    }
    String refusal = "was refused: " + detail(outcome.get());
    asked.put(what, new Asked(content, nanos.getAsLong(), refusal));
    return new Answer(Kind.REFUSED, refusal);
  }

  private static String detail(Outcome outcome) {
    try {
      return JSON.readTree(outcome.body()).path("detail").asText(outcome.body());
    } catch (JsonProcessingException e) {
      return outcome.body();
    }
  }
}
