package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.Redrives;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Executes the commands of the API's tests in the plainest way. One thread of its own. */
final class TestLeader implements AutoCloseable {
  private static final long NOW = 1_800_000_000_000_000L;

  private final Jdbi jdbi;
  private final Rows rows;
  private final Pulse pulse = new Pulse();
  private final Loop loop;
  private Commands commands;

  TestLeader(Jdbi jdbi, Rows rows) {
    this.jdbi = jdbi;
    this.rows = rows;
    this.loop = new Loop("test-leader", this::runOnce, pulse, Duration.ofMillis(20));
  }

  void answersTo(Commands asked) {
    this.commands = asked;
  }

  void nudge() {
    pulse.nudge();
  }

  TestLeader start() {
    loop.start();
    return this;
  }

  @Override
  public void close() {
    loop.close();
  }

  private boolean runOnce() {
    List<Inbox.Row> taken = new ArrayList<>();
    List<Outcome> outcomes = new ArrayList<>();
    jdbi.useTransaction(
        tx -> {
          taken.addAll(Inbox.take(tx, 100));
          taken.forEach(row -> outcomes.add(execute(tx, row.command())));
          Inbox.answer(tx, taken.stream().map(Inbox.Row::id).toList(), outcomes);
        });
    for (int i = 0; i < taken.size(); i++) {
      commands.answered(taken.get(i).id(), outcomes.get(i));
    }
    return !taken.isEmpty();
  }

  private Outcome execute(Handle tx, Command command) {
    JsonNode body = Json.stored(command.body());
    return switch (command.kind()) {
      case Command.Kind.JOB_APPLY ->
          apply(tx, DefinitionJson.fromJson(body.get("definition").toString()));
      case Command.Kind.JOB_PAUSE -> state(tx, command, "PAUSED");
      case Command.Kind.JOB_RESUME -> state(tx, command, "SCHEDULED");
      case Command.Kind.JOB_STOP -> state(tx, command, "STOPPED");
      case Command.Kind.JOB_DELETE -> state(tx, command, "ARCHIVED");
      case Command.Kind.RUN_START -> start(tx, command, command.job(), body);
      case Command.Kind.RUNS_ACCEPTED -> {
        int made = 0;
        for (JsonNode start : body.get("starts")) {
          made += start(tx, command, start.get("job").asText(), start).status() == 201 ? 1 : 0;
        }
        yield new Outcome(200, "{\"made\":" + made + ",\"refused\":[]}");
      }
      case Command.Kind.RUN_STOP -> stop(tx, RunId.parse(body.get("run").asText()));
      case Command.Kind.DEAD_REDRIVE, Command.Kind.DEAD_DISCARD -> dead(tx, command, body);
      default -> new Outcome(422, "{\"detail\":\"unknown kind\"}");
    };
  }

  private Outcome apply(Handle tx, JobDefinition definition) {
    var found = ReadsJobs.find(tx, definition.namespace(), definition.id());
    if (found.isEmpty()) {
      rows.job(tx, definition);
      return new Outcome(201, "{\"version\":1,\"changed\":true}");
    }
    int version = found.get().version() + 1;
    rows.version(tx, found.get().id(), version, definition);
    tx.execute("update job set version = ? where id = ?", version, found.get().id());
    return new Outcome(200, "{\"version\":" + version + ",\"changed\":true}");
  }

  private static Outcome state(Handle tx, Command command, String state) {
    var found = ReadsJobs.find(tx, command.namespace(), command.job());
    if (found.isEmpty()) {
      return noJob();
    }
    if (found.get().state().equals(state)) {
      return new Outcome(
          409, "{\"detail\":\"the job is " + state + " already\",\"remedy\":\"Nothing to do.\"}");
    }
    tx.execute("update job set state = ? where id = ?", state, found.get().id());
    return new Outcome(200, "{\"state\":\"" + state + "\"}");
  }

  private Outcome start(Handle tx, Command command, String job, JsonNode body) {
    Optional<ReadsJobs.Job> found = ReadsJobs.find(tx, command.namespace(), job);
    if (found.isEmpty()) {
      return noJob();
    }
    JobDefinition definition = DefinitionJson.fromJson(found.get().definition());
    RunId run = RunId.parse(body.get("run").asText());
    rows.run(tx, run.value(), found.get().id(), definition, body.get("params").toString());
    Rows.transition(tx, run, found.get().id(), "[[\"\",null,\"SCHEDULED\",\"command\"]]");
    return new Outcome(201, "{\"run\":\"" + run + "\"}");
  }

  private static Outcome stop(Handle tx, RunId run) {
    tx.execute("update run set state = 'STOPPING' where id = ?", run.value());
    return new Outcome(200, "{\"run\":\"" + run + "\"}");
  }

  /** Letters by id; of a filter, a redrive that begins and a discard of all in the namespace. */
  private Outcome dead(Handle tx, Command command, JsonNode body) {
    boolean redrive = command.kind().equals(Command.Kind.DEAD_REDRIVE);
    if (body.has("cancel")) {
      long id = RunId.parse(body.get("cancel").asText()).value();
      return new Outcome(Redrives.cancel(tx, id, NOW) ? 200 : 409, "{}");
    }
    var all = new DeadLetters.Filter(command.namespace(), 0, null, null, null, null, 0, 0);
    if (body.has("filter") && redrive) {
      long id = Long.MAX_VALUE - 1;
      var filter = new DeadLetters.Filter(command.namespace(), 0, "job", null, null, null, NOW, 0);
      int total = DeadLetters.count(tx, all, id);
      int rate = body.path("rate").asInt();
      Redrives.insert(tx, new Redrives.Fresh(id, filter, rate, total, command.actor(), null, NOW));
      return new Outcome(201, "{\"redrive\":\"" + new RunId(id) + "\"}");
    }
    if (body.has("filter")) {
      int done = DeadLetters.discard(tx, all, command.actor(), command.reason(), 100, NOW);
      return new Outcome(200, "{\"done\":" + done + ",\"refused\":0,\"results\":[]}");
    }
    List<DeadLetters.Closing> closings = new ArrayList<>();
    Iterable<JsonNode> ids = body.has("id") ? List.of(body.get("id")) : body.get("ids");
    for (JsonNode id : ids) {
      closings.add(
          new DeadLetters.Closing(
              RunId.parse(id.asText()).value(),
              redrive ? DeadLetters.REDRIVEN : DeadLetters.DISCARDED,
              command.actor(),
              command.reason(),
              0));
    }
    int done = DeadLetters.close(tx, closings, NOW);
    int status = done == 0 && body.has("id") ? 409 : 200;
    return new Outcome(
        status,
        "{\"done\":" + done + ",\"refused\":" + (closings.size() - done) + ",\"results\":[]}");
  }

  private static Outcome noJob() {
    return new Outcome(404, "{\"detail\":\"no such job\",\"remedy\":\"GET /api/v1/jobs.\"}");
  }
}
