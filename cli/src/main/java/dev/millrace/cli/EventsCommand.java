package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Follows what happens, event by event, over every restart of a server. Main thread. */
@Command(
    name = "events",
    description = "Follow what happens: a line per event, until ctrl-C; none lost, none twice.",
    footer = {
      "",
      "  millrace events --job price-watch --type 'scheduler.run_*'",
      "  millrace events --after 0 --output json | jq .type",
      "",
      "With --output json a line is a CloudEvent; its id is for --after of the next start."
    })
final class EventsCommand implements Callable<Integer> {
  private static final Duration RECONNECT_FIRST = Duration.ofMillis(500);
  private static final Duration RECONNECT_MAX = Duration.ofSeconds(10);

  private final Terminal terminal;
  private final Delays delays = new Delays(RECONNECT_FIRST, RECONNECT_MAX);

  @Mixin ServerOptions server;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "Of these types only, with commas; a * at the end stands for anything.")
  String type;

  @Option(names = "--job", paramLabel = "JOB", description = "About this job only.")
  String job;

  @Option(names = "--run", paramLabel = "RUN", description = "About this run only.")
  String run;

  @Option(
      names = "--after",
      paramLabel = "ID",
      description = "Begin after this event; 0 for all that are kept, now when left out.")
  String after;

  @Option(names = "--count", paramLabel = "N", description = "End after so many.")
  Integer count;

  @Option(
      names = {"-f", "--follow"},
      description = "Go on for ever; it does so anyway, unless --count is given.")
  boolean follow;

  /** What a stream ends with whose token was revoked or has expired. */
  private static final String DENIED = "scheduler.denied";

  private int seen;

  EventsCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    String path =
        ApiPath.EVENTS + new ApiQuery().with("type", type).with("job", job).with("run", run);
    StopSignal signal = StopSignal.telling();
    try (signal;
        Session session = server.open(terminal)) {
      follow(session, path);
    } catch (InterruptedException stopped) {
      return ExitCode.INTERRUPTED;
    }
    return ExitCode.OK;
  }

  private void follow(Session session, String path) throws InterruptedException {
    boolean known = false;
    while (true) {
      try (SilenceWatch watch = new SilenceWatch(session.client().events(path, after))) {
        known = true;
        if (!read(session, watch.events())) {
          return;
        }
        terminal.remark("the server ended the stream; connecting again");
      } catch (ServerAway | IOException e) {
        requireGoingOn();
        if (!known && e instanceof ServerAway away) {
          throw away; // a wrong address is told at once
        }
        terminal.remark("no events for now: " + Reasons.of(e) + "; connecting again");
        session.client().moveOn();
      }
      new Pulse().await(delays.nextMillis() * 1_000_000);
      requireGoingOn();
    }
  }

  private static void requireGoingOn() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  /** False when there is nothing more to do. */
  private boolean read(Session session, EventReader events)
      throws IOException, InterruptedException {
    for (EventReader.Event event = events.nextEvent(); event != null; event = events.nextEvent()) {
      delays.succeeded();
      if (!event.id().isEmpty()) {
        after = event.id();
      }
      requireGoingOn();
      if (event.type().equals(DENIED)) {
        return true; // not an event: connecting again tells why, and ends with it
      }
      show(session, event);
      seen++;
      if (terminal.outGone() || (count != null && seen >= count)) {
        return false;
      }
    }
    return true;
  }

  private void show(Session session, EventReader.Event event) {
    if (session.form() == OutputForm.JSON) {
      terminal.say(event.data());
      return;
    }
    try {
      JsonNode cloud = ApiClient.JSON.readTree(event.data());
      if (session.form() == OutputForm.YAML) {
        terminal.say("---\n" + OutputForm.YAML.written(cloud));
        return;
      }
      JsonNode data = cloud.path("data");
      String line =
          Times.local(cloud.path("time"))
              + "  "
              + event.type()
              + "  "
              + Facts.cell(cloud.path("subject"))
              + "  "
              + data.path("job").asText("")
              + (data.path("to").isTextual() ? "  " + data.path("to").asText() : "");
      Session.draw(terminal, () -> List.of(line.stripTrailing()));
    } catch (JsonProcessingException notJson) {
      terminal.say(event.type() + "  " + event.data());
    }
  }
}
