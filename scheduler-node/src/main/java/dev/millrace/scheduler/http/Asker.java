package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import java.time.Duration;
import java.util.Optional;

/** Gives commands to the leader and answers what every command has in common. Any thread. */
final class Asker {
  private static final Duration ANSWER_WAIT_MAX = Duration.ofSeconds(3);
  private final Commands commands;

  Asker(Commands commands) {
    this.commands = commands;
  }

  /**
   * @param see where the caller can see later what became of it
   * @return the outcome of a command that was executed; a refusal is thrown; empty when the answer
   *     is written already: accepted, executed later
   */
  Optional<Outcome> ask(Call call, Command command, String see) throws InterruptedException {
    return ask(call, command, see, ANSWER_WAIT_MAX);
  }

  /**
   * The same for a command that takes the leader longer.
   *
   * @param wait how long to wait for its outcome
   */
  Optional<Outcome> ask(Call call, Command command, String see, Duration wait)
      throws InterruptedException {
    call.require(command.namespace()); // whatever the way was that led here
    call.http().attribute(Call.REASON, command.reason());
    if (command.job() != null) {
      call.http().attribute(Call.SUBJECT, command.job());
    }
    Optional<Outcome> outcome = commands.ask(command, wait);
    if (outcome.isEmpty()) {
      String location = see + "?namespace=" + command.namespace();
      ObjectNode body = Json.object();
      body.put("accepted", true);
      body.put("detail", "no leader answered in time; the command is kept and executed later");
      body.put("see", location);
      call.http().header("Location", location);
      call.answer(202, body);
      return outcome;
    }
    if (outcome.get().status() >= 400) {
      throw new Problem.Refused(Failures.of(outcome.get()));
    }
    return outcome;
  }
}
