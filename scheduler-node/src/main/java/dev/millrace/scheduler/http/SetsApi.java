package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.PatternSource;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.definition.DefinitionSet;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.ReadsSets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/**
 * Sets of definitions, as they are kept in a repository: what applying one would change, and
 * applying it, all or nothing. Any thread.
 */
final class SetsApi {
  static final String TAG = "sets";

  /** Thousands of files fit; each of them has a bound of its own. */
  private static final int BODY_BYTES_MAX = 16 * 1024 * 1024;

  /** Of those over the size of an ordinary body. */
  private static final int LARGES_MAX = 2;

  /** A set of a thousand jobs takes the leader about a second. */
  private static final Duration ANSWER_WAIT_MAX = Duration.ofSeconds(20);

  private static final Set<String> KEYS = Set.of("files", "prune", "adopt", "expect", "reason");
  private static final String SET = "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}";

  private final Jdbi jdbi;
  private final Asker asker;
  private final PatternSource patterns;
  private final Semaphore larges = new Semaphore(LARGES_MAX);

  /** What is done with the body of a set. */
  @FunctionalInterface
  private interface Work {
    void on(Call call, String text) throws InterruptedException;
  }

  SetsApi(Jdbi jdbi, Asker asker, PatternSource patterns) {
    this.jdbi = jdbi;
    this.asker = asker;
    this.patterns = patterns;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/sets", TAG, "Sets that own jobs", "SetPage", this::list)
            .needs(Role.VIEWER, Scope.ANYONE)
            .query("limit", "after"),
        get("/api/v1/sets/{set}", TAG, "The jobs of a set, and who changed them", "Set", this::one)
            .needs(Role.VIEWER, Scope.ANYONE),
        post(
                "/api/v1/sets/{set}/plan",
                TAG,
                "What applying these files would change; changes nothing",
                "SetIn",
                List.of(json(200, "SetPlan")),
                call -> withRoom(call, this::plan))
            .needs(Role.EDITOR, Scope.BODY)
            .query("namespace"),
        post(
                "/api/v1/sets/{set}/apply",
                TAG,
                "Apply these files, all of them or none",
                "SetIn",
                List.of(json(200, "SetDone"), json(202, "Accepted")),
                call -> withRoom(call, this::apply))
            .needs(Role.EDITOR, Scope.BODY)
            .query("namespace"));
  }

  /** What a caller sent. */
  private record Asked(
      String set, DefinitionSet files, boolean prune, boolean adopt, String expect, String reason) {
    String source() {
      return Owners.ofSet(set);
    }
  }

  /** What is done with a set of thousands of files fills the memory for a while. */
  private void withRoom(Call call, Work work) throws InterruptedException {
    byte[] bytes = call.bytes(BODY_BYTES_MAX); // who sends slowly keeps nobody out
    boolean large = bytes.length > Call.BODY_BYTES_MAX;
    if (large && !larges.tryAcquire()) {
      throw new Problem.Refused(
          Problem.unavailable(LARGES_MAX + " large sets are under way at this node"));
    }
    try {
      work.on(call, Call.text(bytes));
    } finally {
      if (large) {
        larges.release();
      }
    }
  }

  private Asked read(Call call, String text) {
    String set = call.path("set");
    if (!set.matches(SET)) {
      throw Problem.badRequest(
          "'" + Call.shortened(set) + "' is not the name of a set",
          "Use letters, digits, '_', '.' and '-'.");
    }
    ObjectNode body = Call.object(KEYS, text);
    String reason = Call.reason(body);
    List<DefinitionSet.File> files = files(body.path("files"));
    boolean prune = flag(body, "prune");
    boolean adopt = flag(body, "adopt");
    JsonNode expect = body.path("expect");
    if (prune && files.isEmpty()) {
      throw Problem.badRequest(
          "without files, prune would archive all jobs of the set '" + set + "'",
          "Send the set's files, or archive the jobs one by one.");
    }
    DefinitionSet read =
        DefinitionSet.read(
            files, DefinitionCommands.namespace(call), DefinitionCommands.seen(call, patterns));
    if (!read.problems().isEmpty()) {
      throw refused(read);
    }
    require(call, set, read);
    return new Asked(set, read, prune, adopt, expect.isTextual() ? expect.asText() : null, reason);
  }

  /** In the namespaces of what is sent, and of what the set owns already: both are changed. */
  private void require(Call call, String set, DefinitionSet files) {
    call.require(DefinitionCommands.namespace(call));
    files.patterns().forEach(pattern -> call.require(pattern.definition().namespace()));
    files.jobs().forEach(job -> DefinitionCommands.require(call, job.definition()));
    if (!call.principal().mayEverywhere(Role.EDITOR)) {
      jdbi.withHandle(handle -> JobBatches.ofSource(handle, Owners.ofSet(set))).stream()
          .map(owned -> owned.row().namespace())
          .distinct()
          .forEach(call::require);
    }
  }

  private static List<DefinitionSet.File> files(JsonNode list) {
    if (!list.isArray() || list.size() > DefinitionSet.FILES_MAX) {
      throw Problem.badRequest(
          "files is a list of at most " + DefinitionSet.FILES_MAX + " files",
          "Send {\"files\": [{\"name\": \"a.yaml\", \"text\": \"id: a ...\"}]}.");
    }
    List<DefinitionSet.File> files = new ArrayList<>();
    for (JsonNode file : list) {
      if (!file.path("name").isTextual() || !file.path("text").isTextual() || file.size() != 2) {
        throw Problem.badRequest(
            "file " + files.size() + " has not just a name and a text",
            "Send {\"name\": \"a.yaml\", \"text\": \"id: a ...\"}.");
      }
      files.add(new DefinitionSet.File(file.get("name").asText(), file.get("text").asText()));
    }
    return files;
  }

  private static boolean flag(ObjectNode body, String key) {
    JsonNode value = body.path(key);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw Problem.badRequest(key + " is true or false", "Send {\"" + key + "\": true}.");
    }
    return value.asBoolean();
  }

  private static Problem.Refused refused(DefinitionSet set) {
    long files =
        set.problems().stream().map(dev.millrace.definition.Problem::source).distinct().count();
    return DefinitionCommands.refused(
        set.problems(),
        files
            + " of the files "
            + (files == 1 ? "has" : "have")
            + " problems; nothing was changed");
  }

  private void plan(Call call, String text) {
    Asked asked = read(call, text);
    call.answer(
        200,
        jdbi.inTransaction(
            TransactionIsolationLevel.REPEATABLE_READ,
            handle ->
                SetPlan.of(handle, asked.set, asked.files, asked.prune, asked.adopt).toJson()));
  }

  private void apply(Call call, String text) throws InterruptedException {
    Asked asked = read(call, text);
    ObjectNode body = Json.object();
    body.put("source", asked.source());
    body.put("prune", asked.prune).put("adopt", asked.adopt).put("expect", asked.expect);
    ArrayNode kept = body.putArray("patterns");
    asked.files.patterns().forEach(pattern -> kept.add(PatternsApi.command(pattern)));
    ArrayNode jobs = body.putArray("jobs");
    for (DefinitionSet.Job job : asked.files.jobs()) {
      jobs.add(DefinitionCommands.job(job.json(), job.origin()).put("file", job.file()));
    }
    Command command =
        new Command(
            Command.Kind.SET_APPLY,
            call.namespace(),
            null,
            Json.write(body),
            call.actor(),
            asked.reason);
    asker
        .ask(call, command, "/api/v1/sets/" + asked.set, ANSWER_WAIT_MAX)
        .ifPresent(
            outcome -> {
              ObjectNode done = (ObjectNode) Json.stored(outcome.body());
              done.put("set", asked.set);
              call.answer(outcome.status(), done);
            });
  }

  private void list(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    jdbi.useHandle(
        handle -> {
          List<ReadsSets.Set> sets =
              ReadsSets.sets(handle, after == null ? "" : Owners.ofSet(after), call.seen(), limit);
          ArrayNode items = Json.array();
          for (ReadsSets.Set set : sets) {
            items
                .addObject()
                .put("set", name(set.source()))
                .put("jobs", set.jobs())
                .put("changedAt", Json.text(set.changedAt()));
          }
          call.page(items, sets.size() < limit ? null : name(sets.getLast().source()));
        });
  }

  private static String name(String source) {
    return source.substring(Owners.ofSet("").length());
  }

  private void one(Call call) {
    String set = call.path("set");
    jdbi.useHandle(
        handle -> {
          List<JobBatches.Known> owned =
              JobBatches.ofSource(handle, Owners.ofSet(set)).stream()
                  .filter(one -> call.principal().sees(one.row().namespace()))
                  .toList();
          if (owned.isEmpty()) {
            throw Problem.notFound(
                "no set '" + Call.shortened(set) + "' owns a job",
                "GET /api/v1/sets lists those that do.");
          }
          Map<Long, ReadsSets.InForce> inForce =
              ReadsSets.inForce(
                  handle, owned.stream().map(one -> one.row().id()).toList(), Owners.ofSet(set));
          ObjectNode node = Json.object().put("set", set);
          ArrayNode jobs = node.putArray("jobs");
          for (JobBatches.Known one : owned) {
            ObjectNode item = jobs.addObject();
            item.put("namespace", one.row().namespace()).put("job", one.row().name());
            item.put("version", one.row().version()).put("state", one.row().state().name());
            item.set("drift", SetPlan.drift(inForce.get(one.row().id())));
          }
          call.answer(200, node);
        });
  }
}
