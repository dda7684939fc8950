package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.ParamValues;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.LockUse;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.Window;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Preview;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunKey;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsLimits;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/**
 * What would come of a run that was asked for now: its params, whether it would start, what its
 * stages would do, and whether somebody is there to execute them. Reads one moment of the tables;
 * nothing is written. One for each request, one thread.
 */
final class DryRun {
  private static final String HIDDEN = "***";
  private static final int WORKERS_MAX = 10_000;

  private final Handle handle;
  private final ReadsJobs.Job job;
  private final JobDefinition definition;
  private final Plan plan;
  private final Instant now;
  private final List<ReadsLimits.Lock> locks;

  DryRun(Handle handle, ReadsJobs.Job job) {
    this.handle = handle;
    this.job = job;
    this.definition = Definitions.of(job.definition());
    this.plan = new Plan(job.id(), job.version(), definition);
    this.now = ReadsFleet.databaseNow(handle);
    this.locks = ReadsLimits.locks(handle, job.namespace());
  }

  /** A problem when the params are not those of the job. */
  ObjectNode of(ObjectNode given, String actor) {
    Run run = withParams(run(actor), given);
    ObjectNode answer = Json.object();
    answer.put("job", job.name()).put("namespace", job.namespace()).put("version", job.version());
    answer.set("params", params(given, Json.stored(run.params())));
    String key = null;
    String problem = null;
    try {
      key = RunKey.of(run);
    } catch (ExpressionException wrong) {
      problem = "concurrency key: " + wrong.getMessage();
    }
    answer.put("key", key);
    admission(answer.putObject("admission"), key, problem);
    window(answer);
    List<Preview.Look> stages = new Preview(run, micros(now)).stages();
    ArrayNode shown = answer.putArray("stages");
    stages.forEach(stage -> shown.add(stage(stage)));
    pools(answer.putArray("pools"), stages);
    locks(answer.putArray("locks"), stages);
    return answer;
  }

  private Run run(String actor) {
    return new Run(
        RunId.firstAt(now.toEpochMilli()),
        plan,
        RunState.PENDING,
        "manual",
        0,
        0,
        "{}",
        actor,
        null,
        null,
        micros(now),
        0,
        0,
        Engine.fresh(plan));
  }

  private Run withParams(Run run, ObjectNode given) {
    try {
      return switch (ParamValues.check(definition.params(), Json.write(given))) {
        case ParamValues.Result.Ok ok -> RunParams.completed(run.withParams(ok.json()));
        case ParamValues.Result.Bad bad -> throw refused(bad.text());
      };
    } catch (ExpressionException wrong) {
      throw refused(wrong.getMessage());
    }
  }

  private Problem.Refused refused(String detail) {
    return new Problem.Refused(
        new Problem(
            422,
            "invalid",
            "Invalid",
            detail,
            "See the params of GET /api/v1/jobs/" + job.name() + "; a start is refused alike."));
  }

  private ArrayNode params(ObjectNode given, JsonNode values) {
    ArrayNode shown = Json.array();
    for (ParamDefinition param : definition.params()) {
      ObjectNode item = shown.addObject().put("name", param.name()).put("type", param.type());
      JsonNode value = values.get(param.name());
      if (value == null) {
        item.putNull("value");
      } else if (param.secret()) {
        item.put("value", HIDDEN);
      } else {
        item.set("value", value);
      }
      item.put("from", from(param, given));
    }
    return shown;
  }

  private static String from(ParamDefinition param, ObjectNode given) {
    if (given.has(param.name())) {
      return "given";
    }
    if (param.defaultJson() == null) {
      return "nothing";
    }
    return param.isComputed() ? "expression" : "default";
  }

  private void admission(ObjectNode into, String key, String problem) {
    Admission admission = Admission.of(handle, job, definition.rules(), key, locks);
    into.put("outcome", problem == null ? admission.outcome().name() : "CANCELLED");
    ArrayNode because = into.putArray("because");
    String requires = Required.ofNew(handle, definition, job.id(), now);
    if (requires != null && admission.outcome() == Admission.Outcome.STARTS) {
      into.put("outcome", problem == null ? Admission.Outcome.WAITS.name() : "CANCELLED");
    }
    if (problem != null) {
      because.add(problem + "; the run ends before it starts");
    }
    if (requires != null) {
      because.add(requires + " did not end as needed since the previous run; it waits for that");
    }
    admission.because().forEach(because::add);
  }

  /** The plan's own times: a run that is asked for has no planned end. */
  private void window(ObjectNode answer) {
    Window window = definition.rules().window();
    if (window == null) {
      answer.putNull("window");
      return;
    }
    ObjectNode node = answer.putObject("window");
    Schedule start = Schedule.of(definition, window.asTrigger());
    Optional<Instant> open =
        start
            .nextFiring(now.minus(window.length()))
            .map(Tick::instant)
            .filter(at -> !at.isAfter(now));
    node.put("openSince", Json.text(open.orElse(null)));
    node.put("openUntil", Json.text(open.map(at -> at.plus(window.length())).orElse(null)));
    Optional<Instant> next = start.nextFiring(now).map(Tick::instant);
    node.put("nextStart", Json.text(next.orElse(null)));
    node.put("nextEnd", Json.text(next.map(at -> at.plus(window.length())).orElse(null)));
    boolean blackout = plan.blackouts().covers(micros(now));
    node.put("blackout", blackout);
    long changes = plan.blackouts().changes(micros(now));
    node.put(
        "blackoutUntil",
        blackout ? Instant.EPOCH.plus(changes, ChronoUnit.MICROS).toString() : null);
    node.put(
        "note",
        "a run that is asked for has no planned end and minds no blackout;"
            + " the window's own runs do");
  }

  private ObjectNode stage(Preview.Look look) {
    StageDefinition stage = plan.stage(look.index());
    ObjectNode node = Json.object().put("id", stage.id()).put("handler", stage.handler());
    node.put("pool", stage.pool().isEmpty() ? null : stage.pool());
    Views.graph(node, stage);
    node.put("executes", look.executes().name());
    known(node, "if", look.condition());
    known(node, "forEach", look.forEach());
    if (look.forEach() != null && look.forEach().value() != null) {
      ((ObjectNode) node.get("forEach")).put("items", look.forEach().value().size());
      ((ObjectNode) node.get("forEach")).remove("value");
    }
    ArrayNode taken = node.putArray("locks");
    stage.rules().locks().forEach(lock -> taken.add(lock.name()));
    node.put("problem", look.problem());
    return node;
  }

  private static void known(ObjectNode node, String name, Preview.Known known) {
    if (known == null) {
      node.putNull(name);
      return;
    }
    ObjectNode item = node.putObject(name).put("expression", known.source());
    item.set("value", known.value());
    ArrayNode reads = item.putArray("waitsFor");
    known.reads().forEach(reads::add);
    item.put("problem", known.problem());
  }

  /** Each pool that a stage goes to, with who is there for it. */
  private void pools(ArrayNode into, List<Preview.Look> stages) {
    Map<String, Set<String>> handlers = new TreeMap<>();
    for (Preview.Look look : stages) {
      StageDefinition stage = plan.stage(look.index());
      if (!stage.pool().isEmpty() && look.executes() != Preview.Executes.NO) {
        handlers.computeIfAbsent(stage.pool(), any -> new TreeSet<>()).add(stage.handler());
      }
    }
    List<ReadsFleet.Worker> workers = ReadsFleet.workers(handle, "", false, WORKERS_MAX);
    List<ReadsLimits.Pause> pauses = ReadsLimits.pauses(handle);
    handlers.forEach(
        (pool, needed) -> {
          int count = 0;
          int slots = 0;
          Set<String> missing = new LinkedHashSet<>(needed);
          for (ReadsFleet.Worker worker : workers) {
            int own = worker.draining() ? 0 : slots(worker, pool);
            if (own > 0) {
              count++;
              slots += own;
              Json.stored(worker.handlers()).forEach(handler -> missing.remove(handler.asText()));
            }
          }
          ObjectNode node = into.addObject().put("pool", pool).put("workers", count);
          node.put("slots", slots);
          node.put("paused", pauses.stream().anyMatch(pause -> isOf(pause, pool)));
          ArrayNode without = node.putArray("handlersWithoutWorker");
          missing.forEach(without::add);
        });
  }

  private static boolean isOf(ReadsLimits.Pause pause, String pool) {
    return pause.scope().equals("pool") && pause.name().equals(pool);
  }

  private static int slots(ReadsFleet.Worker worker, String pool) {
    int slots = 0;
    for (JsonNode one : Json.stored(worker.pools())) {
      slots += one.path("pool").asText().equals(pool) ? one.path("slots").asInt() : 0;
    }
    return slots;
  }

  /** Each lock that the run or a stage of it takes. */
  private void locks(ArrayNode into, List<Preview.Look> stages) {
    Map<String, List<String>> users = new LinkedHashMap<>();
    for (LockUse lock : definition.rules().locks()) {
      users.computeIfAbsent(lock.name(), any -> new ArrayList<>()).add("run");
    }
    for (Preview.Look look : stages) {
      StageDefinition stage = plan.stage(look.index());
      for (LockUse lock : stage.rules().locks()) {
        users.computeIfAbsent(lock.name(), any -> new ArrayList<>()).add(stage.id());
      }
    }
    users.forEach(
        (name, takers) -> {
          ReadsLimits.Lock lock =
              locks.stream()
                  .filter(one -> one.name().equals(name))
                  .findFirst()
                  .orElse(new ReadsLimits.Lock(name, 1, List.of(), List.of()));
          ObjectNode node = into.addObject().put("name", name).put("capacity", lock.capacity());
          node.put("taken", lock.holders().stream().mapToInt(ReadsLimits.Seat::weight).sum());
          node.put("waiting", lock.waiting().size());
          ArrayNode by = node.putArray("takenBy");
          lock.holders().forEach(seat -> by.add(new RunId(seat.run()).toString()));
          ArrayNode of = node.putArray("wantedBy");
          takers.forEach(of::add);
        });
  }

  private static long micros(Instant at) {
    return TimeUnit.SECONDS.toMicros(at.getEpochSecond()) + at.getNano() / 1_000;
  }
}
