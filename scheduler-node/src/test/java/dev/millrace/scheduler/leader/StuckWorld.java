package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.Claim;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.dispatch.Pools;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Workers, operators and the clock for runs that do not move. It brings them into trouble, and out
 * of it again by what {@code why} says alone. Used by one test's thread.
 */
final class StuckWorld {
  private static final String NOOP = "[\"noop\"]";

  /** A run that has not ended; its stages' states by name. */
  record Open(
      String id,
      String namespace,
      String job,
      String state,
      Map<String, String> stages,
      Set<String> byHand,
      Set<String> workersOnly) {
    boolean onWorker() {
      return !workersOnly.isEmpty();
    }

    /** It has not ended, and no worker has it. */
    boolean isStuck(String stage) {
      return switch (stages.get(stage)) {
        case "COMPLETED", "FAILED", "CANCELLED", "SKIPPED_COMPLETE", "ACKNOWLEDGED" -> false;
        case "SKIPPED" -> byHand.contains(stage);
        default -> !workersOnly.contains(stage);
      };
    }
  }

  private final TurnFixture at;
  private final Set<String> served = new HashSet<>();
  private final Set<String> opened = new HashSet<>();
  private final Set<Command> first = new LinkedHashSet<>();
  private final Set<Command> then = new LinkedHashSet<>();
  private final Set<String> begin = new LinkedHashSet<>();
  private final List<Claim> completed = new ArrayList<>();
  private final List<Claim> failed = new ArrayList<>();

  StuckWorld(TurnFixture at) {
    this.at = at;
  }

  void build(List<StuckRuns.Story> stories) throws Exception {
    worker("default", NOOP, false);
    List<Long> asked = new ArrayList<>();
    for (StuckRuns.Story story : stories) {
      pools(story.namespace());
      story.before().forEach(command -> asked.add(at.ask(command)));
      story.jobs().forEach(yaml -> asked.add(at.ask(apply(story, yaml))));
      for (String job : story.starts()) {
        asked.add(at.ask(command(Command.Kind.RUN_START, story.namespace(), job, "{}")));
      }
    }
    at.passes();
    for (long id : asked) {
      assertThat(at.outcome(id).status()).as(at.outcome(id).body()).isLessThan(300);
    }
    age(
        """
        update trigger set next_at = date_trunc('second', clock_timestamp()) - interval '1 second'
        where kind = 'plan' and active
        """);
    failWhatIsRetried();
    for (StuckRuns.Story story : stories) {
      extras(story);
    }
    at.passes();
  }

  private void age(String sql) throws Exception {
    at.database.api().useHandle(handle -> handle.execute(sql));
    at.newTurn();
    at.passes();
  }

  /** Some with workers that are of no use, some without any. */
  private void pools(String namespace) throws Exception {
    worker("odd-" + namespace, "[\"http\"]", false);
    at.capacity("odd-" + namespace, new Pools.Capacity(1, 10, Set.of("http")));
    worker("draining-" + namespace, NOOP, true);
    at.capacity("draining-" + namespace, Pools.Capacity.NONE);
    at.capacity("none-" + namespace, Pools.Capacity.NONE);
    worker("full-" + namespace, NOOP, false);
    at.capacity("full-" + namespace, new Pools.Capacity(1, 1, Set.of("noop")));
    for (String pool : List.of("halted-", "slow-")) {
      worker(pool + namespace, NOOP, false);
      at.capacity(pool + namespace, new Pools.Capacity(1, 10, Set.of("noop")));
    }
  }

  private void worker(String pool, String handlers, boolean draining) {
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute(
                    """
                    insert into worker values (?, 'host', 1, '0.1.0', 'ALIVE', ?, ?, ?, 0, now(), now())
                    on conflict (id) do update set handlers = excluded.handlers, draining = excluded.draining
                    """,
                    "w-" + pool,
                    "[{\"pool\":\"" + pool + "\",\"slots\":1}]",
                    handlers,
                    draining));
  }

  private static Command apply(StuckRuns.Story story, String yaml) {
    JobDefinition job =
        switch (new DefinitionReader().read(yaml, "seed " + story.seed())) {
          case DefinitionReader.Result.Ok ok -> ok.job();
          case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems() + yaml);
        };
    return command(
        Command.Kind.JOB_APPLY,
        story.namespace(),
        job.id(),
        "{\"definition\":" + DefinitionJson.toJson(job) + "}");
  }

  private static Command command(String kind, String namespace, String job, String body) {
    return new Command(kind, namespace, job, body, "tester", "a story");
  }

  private void failWhatIsRetried() throws Exception {
    List<Claim> claims = new ArrayList<>();
    for (Open run : open()) {
      run.stages()
          .forEach(
              (stage, state) -> {
                if (stage.startsWith("retry") && state.equals("QUEUED")) {
                  claims.add(claim(run.id(), stage));
                }
              });
    }
    if (!claims.isEmpty()) {
      at.fail(claims, "exit:1");
      at.passes();
    }
  }

  private Claim claim(String run, String stage) {
    RunId id = RunId.parse(run);
    int attempt =
        at.database
            .api()
            .withHandle(
                handle ->
                    handle
                        .createQuery("select attempt from stage where run = :run and name = :name")
                        .bind("run", id.value())
                        .bind("name", stage)
                        .mapTo(Integer.class)
                        .one());
    return new Claim(id, stage, attempt);
  }

  private void extras(StuckRuns.Story story) {
    for (StuckRuns.Extra extra : story.extras()) {
      String namespace = story.namespace();
      for (Open run : open()) {
        if (!run.namespace().equals(namespace) || !run.job().equals("main")) {
          continue;
        }
        String stage = story.stages().getLast();
        String body = "{\"run\":\"" + run.id() + "\"}";
        Command asked =
            switch (extra) {
              case NOTHING -> null;
              case HOLD -> act(run, stage, "hold");
              case SKIP -> act(run, stage, "skip");
              case PAUSE_RUN -> command(Command.Kind.RUN_PAUSE, namespace, null, body);
              case PAUSE_JOB -> command(Command.Kind.JOB_PAUSE, namespace, "main", "{}");
              case PAUSE_NAMESPACE ->
                  command(Command.Kind.PAUSE, namespace, null, scope("namespace", namespace));
              case STOP -> command(Command.Kind.RUN_STOP, namespace, null, body);
            };
        if (asked != null) {
          at.ask(asked); // refused where it does not fit the run
        }
      }
    }
  }

  private static String scope(String scope, String name) {
    return "{\"scope\":\"%s\",\"name\":\"%s\"}".formatted(scope, name);
  }

  private static Command act(Open run, String stage, String action) {
    return command(
        Command.Kind.STAGE_ACT,
        run.namespace(),
        null,
        "{\"run\":\"%s\",\"stage\":\"%s\",\"action\":\"%s\"}".formatted(run.id(), stage, action));
  }

  void pauseEverything() throws Exception {
    at.ask(command(Command.Kind.PAUSE, "default", null, scope("all", "")));
    at.passes();
  }

  List<Open> open() {
    return at.database.api().withHandle(StuckWorld::open);
  }

  private static List<Open> open(Handle handle) {
    Map<Long, Open> runs = new LinkedHashMap<>();
    handle
        .createQuery(
            """
            select r.id, j.namespace, j.name, r.state from run r join job j on j.id = r.job
            where r.finished_at is null order by r.id
            """)
        .map(
            (row, context) ->
                runs.put(
                    row.getLong(1),
                    new Open(
                        new RunId(row.getLong(1)).toString(),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        new LinkedHashMap<>(),
                        new HashSet<>(),
                        new HashSet<>())))
        .list();
    handle
        .createQuery(
            """
            select s.run, s.name, s.state, coalesce(s.marks, 0), coalesce(s.worker, '')
            from stage s join run r on r.id = s.run where r.finished_at is null order by s.run, s.idx
            """)
        .map(
            (row, context) -> {
              Open run = runs.get(row.getLong(1));
              String name = row.getString(2);
              run.stages().put(name, row.getString(3));
              if ((row.getInt(4) & 9) == 1) {
                run.byHand().add(name);
              }
              if (row.getString(3).equals("RUNNING") && !row.getString(5).equals("leader")) {
                run.workersOnly().add(name);
              }
              return name;
            })
        .list();
    return List.copyOf(runs.values());
  }

  /** What somebody does who is told this. */
  void hear(Open run, List<JsonNode> reasons) {
    for (JsonNode reason : reasons) {
      String stage = reason.path("stage").isNull() ? null : reason.path("stage").asText();
      hear(run, stage, reason.path("reason").asText(), reason.path("holders").path(0).asText());
    }
  }

  private void hear(Open run, String stage, String reason, String holder) {
    String name = holder.substring(holder.indexOf(' ') + 1);
    String namespace = run.namespace();
    switch (reason) {
      case "RUN_PAUSED", "PARENT_PAUSED" ->
          first.add(
              command(Command.Kind.RUN_RESUME, namespace, null, "{\"run\":\"" + name + "\"}"));
      case "JOB_PAUSED" -> first.add(command(Command.Kind.JOB_RESUME, namespace, name, "{}"));
      case "ALL_PAUSED" ->
          first.add(command(Command.Kind.RESUME, "default", null, scope("all", "")));
      case "NAMESPACE_PAUSED" ->
          first.add(command(Command.Kind.RESUME, namespace, null, scope("namespace", name)));
      case "POOL_PAUSED" ->
          first.add(command(Command.Kind.RESUME, namespace, null, scope("pool", name)));
      case "POOL_RATE" ->
          first.add(
              command(
                  Command.Kind.RATE_PUT,
                  namespace,
                  null,
                  "{\"pool\":\"" + name + "\",\"starts\":0}"));
      case "NO_WORKER", "NO_HANDLER", "DRAINING" -> served.add(name);
      case "PREPARED" -> begin.add(run.id());
      case "HELD" -> then.add(act(run, stage, "release"));
      case "WAIT_APPROVAL" -> then.add(act(run, stage, "approve"));
      case "WAIT_TIME" -> then.add(act(run, stage, "complete"));
      case "BACKING_OFF" -> then.add(act(run, stage, "run"));
      case "RATE" -> then.add(act(run, stage, "skip"));
      case "WAIT_EVENT" -> {
        String[] parts = name.split("/");
        String key = parts.length > 1 ? ",\"key\":\"" + parts[1] + "\"" : "";
        String body = "{\"name\":\"" + parts[0] + "\"" + key + "}";
        then.add(command(Command.Kind.EVENT_SEND, namespace, null, body));
      }
      case "QUEUED" -> (stage.startsWith("fails") ? failed : completed).add(claim(run.id(), stage));
      default -> {} // what others do, whose own reasons are told with them
    }
  }

  /** Windows whose begin was told begin. */
  void passTime() throws Exception {
    if (begin.isEmpty()) {
      return;
    }
    for (String run : begin) {
      long id = RunId.parse(run).value();
      long job =
          at.database
              .api()
              .withHandle(
                  handle ->
                      handle
                          .createQuery("select job from run where id = :id")
                          .bind("id", id)
                          .mapTo(Long.class)
                          .one());
      if (opened.add(Long.toString(job))) {
        at.database
            .api()
            .useHandle(
                handle -> {
                  handle.execute(
                      """
                      update run set scheduled_for = date_trunc('second', clock_timestamp()) - interval '1 second',
                        ends_at = clock_timestamp() + interval '9 hours' where id = ?
                      """,
                      id);
                  handle.execute(
                      """
                      update trigger set next_at = (select scheduled_for from run where id = ?)
                      where job = ? and kind = 'plan' and active
                      """,
                      id,
                      job);
                });
      } else { // the one after that: its job is stopped, and it goes with it
        first.add(command(Command.Kind.JOB_STOP, namespaceOf(job), "main", "{}"));
      }
    }
    begin.clear();
    at.newTurn();
    at.passes();
  }

  private String namespaceOf(long job) {
    return at.text("select namespace from job where id = " + job);
  }

  /** Does what was heard. */
  void act() throws Exception {
    for (String pool : served) {
      worker(pool, NOOP, false);
      at.capacity(pool, new Pools.Capacity(1, 10, Set.of("noop")));
    }
    served.clear();
    first.forEach(at::ask);
    first.clear();
    at.passes();
    then.forEach(at::ask);
    then.clear();
    at.passes();
    if (!completed.isEmpty()) {
      at.complete(completed, "{}");
      at.passes();
    }
    if (!failed.isEmpty()) {
      at.fail(failed, "exit:1");
      at.passes();
    }
    completed.clear();
    failed.clear();
  }
}
