package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Partitions;
import dev.millrace.scheduler.store.Runs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the runs that people and programs ask for. Where somebody waits for the answer, what cannot
 * be made is refused; where nobody does and an id was given out, the run is made all the same, and
 * has ended and says why. Inside the leader's transaction; the leader's thread.
 */
final class StartDesk {
  private static final Logger log = LoggerFactory.getLogger(StartDesk.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CAUSE = "command";

  private static final int OVER_QUOTA = 429;

  /** More refusals of one command are counted, not told. */
  private static final int TOLD_MAX = 1_000;

  private final Catalog catalog;
  private final Births births;
  private final Quotas quotas;
  private final Meters meters;
  private final IdentityHashMap<Command, StartBody.Many> read = new IdentityHashMap<>();
  private final Set<Long> made = new HashSet<>();
  private final List<Long> refused = new ArrayList<>();

  StartDesk(Catalog catalog, Births births, Quotas quotas, Meters meters) {
    this.catalog = catalog;
    this.births = births;
    this.quotas = quotas;
    this.meters = meters;
  }

  /** What came of one start. */
  private sealed interface Answer {
    record Made(long run) implements Answer {}

    record Refused(Outcome outcome) implements Answer {}
  }

  /** Before the commands of a pass: which of the ids that they name are runs already. */
  void begin(Handle tx, List<Inbox.Row> rows) {
    read.clear();
    made.clear();
    refused.clear();
    List<Long> ids = new ArrayList<>();
    for (Inbox.Row row : rows) {
      Command command = row.command();
      StartBody.Many many =
          switch (command.kind()) {
            case Command.Kind.RUN_START ->
                new StartBody.Many(true, List.of(StartBody.of(command.job(), command.body())));
            case Command.Kind.RUNS_START -> StartBody.ofList(command.job(), command.body());
            case Command.Kind.RUNS_ACCEPTED -> StartBody.ofAccepted(command.body());
            default -> null;
          };
      if (many != null) {
        read.put(command, many);
        many.starts().stream().map(StartBody::run).filter(run -> run != 0).forEach(ids::add);
      }
    }
    made.addAll(Runs.existing(tx, ids));
  }

  /** After the commands of a pass: the keys of what was refused may be used again. */
  void end(Handle tx) {
    Acceptance.free(tx, refused);
  }

  Outcome start(Handle tx, Pass pass, Inbox.Row row) {
    Command command = row.command();
    StartBody.Many many = read.get(command);
    if (command.kind().equals(Command.Kind.RUNS_ACCEPTED)) {
      return accepted(tx, pass, row, many);
    }
    if (many.starts().isEmpty() || many.starts().size() > Command.RUNS_MAX) {
      return Desk.refused(
          422,
          "a bulk start needs a list of 1.." + Command.RUNS_MAX + " params objects",
          "send it in parts");
    }
    StartBody first = many.starts().getFirst();
    if (first.run() == 0) {
      return allOrNone(tx, pass, command, many.starts());
    }
    return switch (one(tx, pass, command, first, row.answer())) {
      case Answer.Made run ->
          new Outcome(201, "{\"run\":\"" + new RunId(run.run()) + "\",\"runs\":1}");
      case Answer.Refused no -> no.outcome();
    };
  }

  /** Of one job, without ids: each body is checked before the first run is made. */
  private Outcome allOrNone(Handle tx, Pass pass, Command command, List<StartBody> starts) {
    Jobs.Row job = catalog.find(tx, command.namespace(), command.job());
    Outcome cannot = cannotStart(tx, command, job, false);
    if (cannot != null) {
      return cannot;
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    List<Run> runs = new ArrayList<>(starts.size());
    for (StartBody start : starts) {
      switch (wanted(command, start, plan, births.ids().next(pass.now), pass.now)) {
        case Asked.Refused no -> {
          return no.outcome();
        }
        case Asked.Good good -> runs.add(good.run());
      }
    }
    String first = null;
    int count = 0;
    Outcome skip = null;
    for (Run run : runs) {
      switch (births.make(tx, pass, run, CAUSE)) {
        case Births.Birth.Made birth -> {
          count++;
          meters.runCreated(StartBody.MANUAL);
          first = first == null ? new RunId(birth.draft().run().id()).toString() : first;
        }
        case Births.Birth.Skipped skipped -> skip = refusal(skipped);
      }
    }
    return first == null
        ? skip
        : new Outcome(201, "{\"run\":\"" + first + "\",\"runs\":" + count + "}");
  }

  /** Of any jobs, under ids that were given out. */
  private Outcome accepted(Handle tx, Pass pass, Inbox.Row row, StartBody.Many many) {
    Map<Integer, Outcome> no = new HashMap<>();
    boolean none = false;
    if (many.atomic()) {
      no.putAll(problems(tx, row.command(), many.starts(), !row.answer(), pass.now));
      none = !no.isEmpty();
    }
    int count = 0;
    for (int i = 0; i < many.starts().size(); i++) {
      StartBody start = many.starts().get(i);
      if (none) {
        Outcome why = no.getOrDefault(i, withTheOthers());
        no.put(i, why);
        keepPromise(tx, pass, row.command(), start, row.answer(), why);
        continue;
      }
      switch (one(tx, pass, row.command(), start, row.answer())) {
        case Answer.Made run -> count++;
        case Answer.Refused refusal -> no.put(i, refusal.outcome());
      }
    }
    return summary(count, no);
  }

  private static Outcome withTheOthers() {
    return Desk.refused(
        409,
        "another start of its batch was refused, and they are all or none",
        "correct that one");
  }

  private static Outcome summary(int count, Map<Integer, Outcome> no) {
    ObjectNode body = JSON.createObjectNode().put("made", count).put("refusedCount", no.size());
    ArrayNode list = body.putArray("refused");
    no.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .limit(TOLD_MAX)
        .forEach(
            entry -> {
              ObjectNode item = list.addObject().put("at", entry.getKey());
              item.put("status", entry.getValue().status());
              item.setAll(object(entry.getValue().body()));
            });
    return new Outcome(200, body.toString());
  }

  /** What forbids any of them, when they are to be made all or none. */
  private Map<Integer, Outcome> problems(
      Handle tx, Command command, List<StartBody> starts, boolean promised, long now) {
    Map<Integer, Outcome> problems = new HashMap<>();
    Map<Long, Integer> room = new HashMap<>();
    int left = quotas.roomOf(command.namespace());
    for (int i = 0; i < starts.size(); i++) {
      StartBody start = starts.get(i);
      Command own = of(command, start);
      Jobs.Row job = catalog.find(tx, own.namespace(), own.job());
      Outcome problem = cannotStart(tx, own, job, promised);
      if (problem == null) {
        Plan plan = catalog.plan(tx, job.id(), job.version());
        if (wanted(own, start, plan, start.run(), now) instanceof Asked.Refused no) {
          problem = no.outcome();
        } else if (room.merge(
                job.id(),
                births.room(job.id(), plan.definition().rules()),
                (before, any) -> before - 1)
            < 1) {
          problem =
              Desk.refused(
                  409,
                  "the overlap policy of job '" + job.name() + "' has no room for all of them",
                  "send fewer, or each for itself");
        } else if (left-- < 1) {
          problem =
              Desk.refused(
                  OVER_QUOTA,
                  "the quota of namespace '"
                      + command.namespace()
                      + "' has no room for all of them",
                  "send fewer, or each for itself");
        }
      }
      if (problem != null) {
        problems.put(i, problem);
      }
    }
    return problems;
  }

  private static Command of(Command command, StartBody start) {
    return new Command(
        command.kind(),
        command.namespace(),
        start.job(),
        start.body(),
        command.actor(),
        command.reason());
  }

  /**
   * One run under the id that was given out.
   *
   * @param answer whether somebody waits; else the run is made in any case
   */
  private Answer one(Handle tx, Pass pass, Command command, StartBody start, boolean answer) {
    if (made.contains(start.run()) || pass.drafts.containsKey(start.run())) {
      log.warn("asked twice for run={} job={}; it is made once", start.run(), start.job());
      return new Answer.Made(start.run());
    }
    Partitions.ensureDayOf(tx, start.run(), pass.now);
    Answer result = make(tx, pass, of(command, start), start, !answer);
    return result instanceof Answer.Refused no
            && keepPromise(tx, pass, command, start, answer, no.outcome())
        ? new Answer.Made(start.run())
        : result;
  }

  private Answer make(Handle tx, Pass pass, Command command, StartBody start, boolean promised) {
    Jobs.Row job = catalog.find(tx, command.namespace(), command.job());
    boolean inPause = promised || start.by().equals(StartBody.WEBHOOK);
    Outcome cannot = cannotStart(tx, command, job, inPause);
    if (cannot != null) {
      return new Answer.Refused(cannot);
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    return switch (wanted(command, start, plan, start.run(), pass.now)) {
      case Asked.Refused no -> new Answer.Refused(no.outcome());
      case Asked.Good good ->
          switch (births.make(tx, pass, good.run(), CAUSE)) {
            case Births.Birth.Made birth -> {
              meters.runCreated(start.by());
              yield new Answer.Made(birth.draft().run().id());
            }
            case Births.Birth.Skipped skipped -> new Answer.Refused(refusal(skipped));
          };
    };
  }

  /** A run as it is asked for, with all that it is given; or what is wrong with that. */
  private sealed interface Asked {
    record Good(Run run) implements Asked {}

    record Refused(Outcome outcome) implements Asked {}
  }

  private static Asked wanted(Command command, StartBody start, Plan plan, long id, long now) {
    if (!Command.isOrchestration(start.orchestration())) {
      return new Asked.Refused(noOrchestration(start.orchestration()));
    }
    return switch (Desk.params(plan.definition(), start.body())) {
      case Desk.Params.Refused no -> new Asked.Refused(no.outcome());
      case Desk.Params.Good good -> {
        Run run = run(command, start, plan, id, good.json(), now);
        try {
          yield new Asked.Good(RunParams.completed(run));
        } catch (ExpressionException wrong) {
          yield new Asked.Refused(Desk.refused(422, wrong.getMessage(), "give it a value"));
        }
      }
    };
  }

  static Outcome noOrchestration(String id) {
    return Desk.refused(
        422,
        "'" + id + "' is not possible as the id of an orchestration",
        "use letters, digits, '_', '.', ':' and '-', at most 128");
  }

  private static Run run(
      Command command, StartBody start, Plan plan, long id, String params, long now) {
    return Births.asked(id, plan, start.by(), params, command.actor(), command.reason(), now)
        .inOrchestration(
            Command.isOrchestration(start.orchestration()) ? start.orchestration() : null);
  }

  /** What comes once and is not sent again is kept in a pause: the run is paused with its job. */
  private static Outcome cannotStart(Handle tx, Command command, Jobs.Row job, boolean inPause) {
    if (job == null) {
      return Desk.noSuchJob(tx, command, "starts no runs");
    }
    boolean starts =
        job.state() == JobState.SCHEDULED || (inPause && job.state() == JobState.PAUSED);
    return starts
        ? null
        : Desk.refused(
            409,
            "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
            "resume it first");
  }

  static Outcome refusal(Births.Birth.Skipped skipped) {
    if (!skipped.disposition().equals("SKIPPED_QUOTA")) {
      return Desk.refused(
          409, "no run was made: " + skipped.why(), "wait for the other run, or stop it");
    }
    Outcome over =
        Desk.refused(
            OVER_QUOTA,
            "no run was made: " + skipped.why(),
            skipped.forGood()
                ? "send less, or have the quota raised"
                : "try later, or have the quota raised");
    if (skipped.retryAfterMicros() == 0) {
      return over;
    }
    long seconds = Math.ceilDiv(skipped.retryAfterMicros(), 1_000_000L);
    return new Outcome(OVER_QUOTA, object(over.body()).put("retryAfter", seconds).toString());
  }

  /**
   * Somebody hears of the refusal, or the run is made and says it.
   *
   * @return true when the run is made
   */
  private boolean keepPromise(
      Handle tx, Pass pass, Command command, StartBody start, boolean answer, Outcome why) {
    if (answer) {
      refused.add(start.run());
      return false;
    }
    Jobs.Row job =
        Jobs.findLast(tx, command.namespace(), start.job()).orElse(null); // archived meanwhile
    if (job == null) {
      refused.add(start.run());
      return false; // it is logged: there never was such a job
    }
    Partitions.ensureDayOf(tx, start.run(), pass.now);
    Plan plan = catalog.plan(tx, job.id(), job.version());
    JsonNode params = object(start.body()).path("params");
    String given = params.isObject() ? params.toString() : "{}";
    String reason = object(why.body()).path("detail").asText();
    Run run = run(command, start, plan, start.run(), given, pass.now);
    Births.stillborn(pass, run, CAUSE, reason);
    meters.runCreated(start.by());
    return true;
  }

  private static ObjectNode object(String body) {
    try {
      return JSON.readTree(body) instanceof ObjectNode object ? object : JSON.createObjectNode();
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode();
    }
  }
}
