package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.BulkAcceptance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Starts of up to 10,000 runs by one call. All that is not refused at once is accepted in one
 * transaction; then the caller waits for what the leader makes of it. Any thread.
 */
final class BulkApi {
  private static final int CALLS_MAX = 4;
  private static final int ROW_STARTS_MAX = 500;
  private static final int TOLD_MAX = 100;
  private static final Duration WAIT_MAX = Duration.ofSeconds(10);

  private final Jdbi jdbi;
  private final Commands commands;
  private final Semaphore calls = new Semaphore(CALLS_MAX);

  BulkApi(Jdbi jdbi, Commands commands) {
    this.jdbi = jdbi;
    this.commands = commands;
  }

  List<Route> routes() {
    return List.of(
        post(
                "/api/v1/runs/bulk",
                "runs",
                "Start up to 10,000 runs; an answer for each, in order",
                "Bulk",
                List.of(json(200, "BulkAnswer"), json(202, "BulkAnswer")),
                this::start)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"));
  }

  private void start(Call call) throws InterruptedException {
    byte[] bytes = call.bytes(BulkBody.BYTES_MAX); // who sends slowly keeps nobody out
    if (!calls.tryAcquire()) {
      throw new Problem.Refused(
          Problem.unavailable(CALLS_MAX + " bulk starts are under way at this node"));
    }
    try {
      start(call, BulkBody.read(bytes));
    } finally {
      calls.release();
    }
  }

  /** One call: an answer for each item, filled in as it becomes known. */
  private static final class Asked {
    final BulkBody body;
    final String namespace;
    final List<ObjectNode> answers = new ArrayList<>();

    /** Of each row of the inbox, the places of its items. */
    final List<List<Integer>> rows = new ArrayList<>();

    List<Long> inbox = List.of();

    Asked(BulkBody body, String namespace) {
      this.body = body;
      this.namespace = namespace;
      body.items().forEach(item -> answers.add(Json.object()));
    }

    void refuse(int at, int status, String detail, String remedy) {
      answers.get(at).put("status", status).put("detail", detail).put("remedy", remedy);
    }

    boolean refused(int at) {
      return answers.get(at).path("status").asInt() >= 400;
    }

    boolean refusedAny() {
      for (int i = 0; i < answers.size(); i++) {
        if (refused(i)) {
          return true;
        }
      }
      return false;
    }
  }

  private void start(Call call, BulkBody body) throws InterruptedException {
    Asked asked = new Asked(body, call.namespace());
    call.http().attribute(Call.REASON, body.reason());
    judge(asked);
    refuseIfAtomic(asked);
    accept(asked, call.actor());
    refuseIfAtomic(asked);
    boolean all = !body.answer() || await(asked);
    refuseIfAtomic(asked);
    answer(call, asked, body.answer() && all ? 200 : 202);
  }

  /** What can be said of an item before anything is written. */
  private void judge(Asked asked) {
    Set<String> names = new LinkedHashSet<>();
    asked.body.items().stream()
        .filter(item -> item.problem() == null)
        .forEach(item -> names.add(item.job()));
    Map<String, String> states =
        jdbi.withHandle(
            handle -> BulkAcceptance.states(handle, asked.namespace, List.copyOf(names)));
    for (int i = 0; i < asked.answers.size(); i++) {
      BulkBody.Item item = asked.body.items().get(i);
      if (item.problem() != null) {
        asked.refuse(i, 422, item.problem(), "Correct this item.");
        continue;
      }
      String state = states.get(item.job());
      if (state == null) {
        asked.refuse(
            i,
            404,
            "no job '" + Call.shortened(item.job()) + "' in namespace '" + asked.namespace + "'",
            "GET /api/v1/jobs lists what there is.");
      } else if (state.equals(JobState.STOPPED.name())) {
        asked.refuse(
            i, 409, "job '" + item.job() + "' is STOPPED; it starts no runs", "Resume it.");
      }
    }
  }

  private void accept(Asked asked, String actor) {
    jdbi.useTransaction(tx -> accept(tx, asked, actor));
    if (!asked.inbox.isEmpty()) {
      commands.ring();
    }
  }

  private void accept(Handle tx, Asked asked, String actor) {
    List<Integer> places = new ArrayList<>();
    List<BulkAcceptance.Item> items = new ArrayList<>();
    for (int i = 0; i < asked.answers.size(); i++) {
      if (!asked.refused(i)) {
        BulkBody.Item item = asked.body.items().get(i);
        places.add(i);
        items.add(new BulkAcceptance.Item(item.job(), item.params(), item.key()));
      }
    }
    List<BulkAcceptance.Result> results =
        switch (BulkAcceptance.claim(tx, asked.namespace, items)) {
          case BulkAcceptance.Claimed.All all -> all.results();
          case BulkAcceptance.Claimed.NotComparable not ->
              throw Starter.notComparable(not.detail());
        };
    List<Integer> fresh = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      int at = places.get(i);
      ObjectNode answer = asked.answers.get(at);
      switch (results.get(i)) {
        case BulkAcceptance.Result.Fresh(long run) -> {
          answer.put("status", 202).put("run", new RunId(run).toString());
          fresh.add(at);
        }
        case BulkAcceptance.Result.Replayed(long run) ->
            answer.put("status", 200).put("run", new RunId(run).toString()).put("replayed", true);
        case BulkAcceptance.Result.KeyUsed(long run) ->
            asked.refuse(
                at,
                409,
                "the key was used with other params, for run " + new RunId(run),
                "Send the same params to get the same run, or use a new key.");
      }
    }
    if (asked.body.atomic() && asked.refusedAny()) {
      tx.rollback();
      return; // the caller tells
    }
    asked.inbox =
        BulkAcceptance.put(
            tx,
            asked.namespace,
            rows(asked, fresh),
            actor,
            asked.body.reason(),
            asked.body.answer());
  }

  /** All or none is one row; else each row is small, so that the leader can do other things too. */
  private static List<BulkAcceptance.Row> rows(Asked asked, List<Integer> fresh) {
    int most = asked.body.atomic() ? BulkBody.ITEMS_MAX : ROW_STARTS_MAX;
    List<BulkAcceptance.Row> rows = new ArrayList<>();
    for (int from = 0; from < fresh.size(); from += most) {
      List<Integer> part = List.copyOf(fresh.subList(from, Math.min(fresh.size(), from + most)));
      StringBuilder body = new StringBuilder(128 * part.size());
      body.append("{\"atomic\":").append(asked.body.atomic()).append(",\"starts\":[");
      for (int at : part) {
        BulkBody.Item item = asked.body.items().get(at);
        body.append(body.charAt(body.length() - 1) == '[' ? "" : ",");
        body.append("{\"job\":").append(Json.write(Json.MAPPER.valueToTree(item.job())));
        body.append(",\"run\":\"").append(asked.answers.get(at).path("run").asText());
        if (item.orchestration() != null) {
          body.append("\",\"orchestration\":\"").append(item.orchestration());
        }
        body.append("\",\"params\":").append(item.params()).append('}');
      }
      rows.add(new BulkAcceptance.Row(body.append("]}").toString(), part.size()));
      asked.rows.add(part);
    }
    return rows;
  }

  /**
   * Fills in what the leader says.
   *
   * @return true when it said something about all of them
   */
  private boolean await(Asked asked) throws InterruptedException {
    long end = System.nanoTime() + WAIT_MAX.toNanos();
    boolean all = true;
    for (int i = 0; i < asked.inbox.size(); i++) {
      long number = asked.inbox.get(i);
      Duration left = Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime()));
      Optional<Outcome> outcome = commands.outcome(number, left);
      if (outcome.isEmpty()) {
        outcome = commands.leave(number, Starter.LAST_WAIT);
      }
      if (outcome.isEmpty()) {
        all = false;
      } else {
        fill(asked, asked.rows.get(i), outcome.get());
      }
    }
    return all;
  }

  private static void fill(Asked asked, List<Integer> places, Outcome outcome) {
    if (outcome.status() >= 400) {
      JsonNode body = Json.stored(outcome.body());
      places.forEach(
          at ->
              asked.refuse(
                  at,
                  outcome.status(),
                  body.path("detail").asText(),
                  body.path("remedy").asText()));
      return;
    }
    places.forEach(at -> asked.answers.get(at).put("status", 201));
    for (JsonNode refused : Json.stored(outcome.body()).path("refused")) {
      int at = places.get(refused.path("at").asInt());
      asked.answers.get(at).remove("run");
      asked.refuse(
          at,
          refused.path("status").asInt(),
          refused.path("detail").asText(),
          refused.path("remedy").asText());
      if (refused.has("retryAfter")) {
        asked.answers.get(at).set("retryAfter", refused.get("retryAfter"));
      }
    }
  }

  private static void refuseIfAtomic(Asked asked) {
    if (!asked.body.atomic() || !asked.refusedAny()) {
      return;
    }
    ArrayNode items = Json.array();
    int count = 0;
    int status = 0;
    for (int i = 0; i < asked.answers.size(); i++) {
      if (asked.refused(i)) {
        count++;
        status = status == 0 ? asked.answers.get(i).path("status").asInt() : status;
        if (items.size() < TOLD_MAX) {
          items.addObject().put("at", i).setAll(asked.answers.get(i));
        }
      }
    }
    throw new Problem.Refused(
        new Problem(
            status,
            "bulk",
            "Refused",
            count + " of " + asked.answers.size() + " starts cannot be made; none was",
            "Correct what 'items' lists (the first " + TOLD_MAX + "), or send it without atomic.",
            Map.of("items", items)));
  }

  private static void answer(Call call, Asked asked, int status) {
    int refused = 0;
    ArrayNode items = Json.array();
    for (int i = 0; i < asked.answers.size(); i++) {
      refused += asked.refused(i) ? 1 : 0;
      items.add(asked.answers.get(i));
    }
    ObjectNode body = Json.object();
    body.put("accepted", asked.answers.size() - refused).put("refused", refused);
    body.set("items", items);
    call.answer(status, body);
  }
}
