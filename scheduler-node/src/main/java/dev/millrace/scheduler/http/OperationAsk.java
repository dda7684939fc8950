package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.BulkAction;
import dev.millrace.scheduler.store.BulkRows;
import dev.millrace.scheduler.store.JobFilter;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsJobLists;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsRunLists;
import dev.millrace.scheduler.store.ReadsRuns;
import dev.millrace.scheduler.store.RunFilter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/**
 * What somebody wants done with many, read strictly, and which those are. Immutable.
 *
 * @param filter as it was asked for
 * @param token of a preview, or null
 */
record OperationAsk(
    BulkAction action,
    String namespace,
    ObjectNode filter,
    String reason,
    boolean preview,
    Token token) {
  private static final Set<String> KEYS = Set.of("action", "filter", "reason", "preview", "token");

  /** How long a caller may wait until all that match are known. */
  private static final long MATCH_NANOS_MAX = TimeUnit.SECONDS.toNanos(10);

  private static final int PAGE = 5_000;

  /** What a preview has shown: runs up to an id, how many, and of which question. */
  private record Token(long to, int matched, String of) {
    static Token parse(String text) {
      try {
        String plain = new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
        String[] parts = plain.split("\\.", 3);
        return new Token(Long.parseLong(parts[0]), Integer.parseInt(parts[1]), parts[2]);
      } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
        throw Problem.badRequest(
            "token is not that of a preview", "Send the 'token' that the preview gave you.");
      }
    }

    String text() {
      String plain = to + "." + matched + "." + of;
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(plain.getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * All that match, the oldest run or the first job first.
   *
   * @param to no run has this id or a greater one
   */
  record Matched(List<Long> subjects, long to) {}

  static OperationAsk of(Call call) {
    ObjectNode body = call.object(KEYS);
    BulkAction action = action(body.path("action").asText());
    String namespace = call.namespace();
    if (namespace.equals(Principal.EVERYWHERE)) {
      throw Problem.badRequest(
          "an operation is about one namespace", "Ask for each namespace by itself.");
    }
    JsonNode preview = body.path("preview");
    if (!preview.isMissingNode() && !preview.isBoolean()) {
      throw Problem.badRequest("preview is true or false", "Send {\"preview\": true}.");
    }
    JsonNode token = body.path("token");
    if (!token.isMissingNode() && !token.isNull() && !token.isTextual()) {
      throw Problem.badRequest("token is a text", "Send the 'token' that the preview gave you.");
    }
    ObjectNode filter =
        Filters.checked(body.path("filter"), action.ofJobs() ? Filters.OF_JOBS : Filters.OF_RUNS);
    if (filter.isEmpty()) {
      throw Problem.badRequest(
          "the filter names nothing",
          "Name at least one of "
              + String.join(", ", action.ofJobs() ? Filters.OF_JOBS : Filters.OF_RUNS)
              + ".");
    }
    OperationAsk ask =
        new OperationAsk(
            action,
            namespace,
            filter,
            Call.reason(body),
            preview.asBoolean(),
            token.isTextual() ? Token.parse(token.textValue()) : null);
    if (ask.token != null && !ask.token.of().equals(ask.question())) {
      throw conflict(
          "the token is of a preview of something else", "Preview this and send its token.");
    }
    return ask;
  }

  static BulkAction action(String word) {
    List<String> words = Arrays.stream(BulkAction.values()).map(BulkAction::word).toList();
    return BulkAction.of(word)
        .orElseThrow(
            () ->
                Problem.badRequest(
                    "'" + Call.shortened(word) + "' is no action" + DidYouMean.phrase(word, words),
                    "Actions: " + String.join(", ", words) + "."));
  }

  private static Problem.Refused conflict(String detail, String remedy) {
    return new Problem.Refused(new Problem(409, "conflict", "Conflict", detail, remedy));
  }

  private String question() {
    String all = action.word() + "\n" + namespace + "\n" + Json.write(filter);
    return ETags.hash(all);
  }

  String token(Matched matched) {
    return new Token(matched.to(), matched.subjects().size(), question()).text();
  }

  /** All that match; refuses what is too much. */
  Matched match(Handle handle) {
    long deadline = System.nanoTime() + MATCH_NANOS_MAX;
    return action.ofJobs() ? jobs(handle, deadline) : runs(handle, deadline);
  }

  private Matched runs(Handle handle, long deadline) {
    RunFilter asked = Filters.runs(handle, namespace, filter);
    List<String> states = possible(asked.states());
    boolean open = action != BulkAction.RETRY;
    RunFilter wanted = open ? asked.in(states).openOnly() : asked.in(states);
    long now = RunId.firstAt(ReadsFleet.databaseNow(handle).toEpochMilli() + 1);
    long to = Math.min(token == null ? now : token.to(), asked.to());
    List<Long> all = new ArrayList<>();
    Long before = to;
    while (before != null) {
      ReadsRunLists.Page<Long> page = ReadsRunLists.ids(handle, wanted, before, PAGE);
      all.addAll(page.items());
      before = page.next();
      judge(all.size(), deadline, before == null);
    }
    return new Matched(all.reversed(), to);
  }

  private Matched jobs(Handle handle, long deadline) {
    JobFilter asked = Filters.jobs(namespace, filter);
    JobFilter wanted =
        new JobFilter(
            namespace, possible(asked.states()), asked.labels(), asked.q(), asked.trigger());
    List<Long> all = new ArrayList<>();
    ReadsJobLists.Place after = ReadsJobLists.Place.FIRST;
    while (after != null) {
      ReadsJobLists.Page<ReadsJobs.Name> page = ReadsJobLists.names(handle, wanted, after, PAGE);
      page.items().forEach(job -> all.add(job.id()));
      after = page.next();
      judge(all.size(), deadline, after == null);
    }
    return new Matched(all, 0);
  }

  /** Those of the states in which the action can be possible. */
  private List<String> possible(List<String> asked) {
    List<String> both =
        asked.isEmpty()
            ? action.states()
            : asked.stream().filter(action.states()::contains).toList();
    if (both.isEmpty()) {
      throw TimeRange.invalid(
          "'" + action.word() + "' is not possible in " + String.join(", ", asked),
          "It can be in " + String.join(", ", action.states()) + ".");
    }
    return both;
  }

  private static void judge(int matched, long deadline, boolean over) {
    if (matched > BulkRows.ITEMS_MAX) {
      throw TimeRange.invalid(
          "more than " + BulkRows.ITEMS_MAX + " match, the most for one operation",
          "Take a part of them: a job, a label, or a range with since and until.");
    }
    if (!over && System.nanoTime() - deadline > 0) {
      throw TimeRange.invalid(
          "there is more to look through than "
              + TimeUnit.NANOSECONDS.toSeconds(MATCH_NANOS_MAX)
              + " seconds allow",
          "Name a job or a label, or a range with since and until.");
    }
  }

  /** Refuses what is nothing, or more than the preview has shown. */
  void judge(Matched matched) {
    int now = matched.subjects().size();
    if (now == 0) {
      throw Problem.notFound(
          "no " + (action.ofJobs() ? "job" : "run") + " matches",
          "Try the filter with GET /api/v1/" + (action.ofJobs() ? "jobs" : "runs") + ".");
    }
    if (token != null && now > token.matched()) {
      throw conflict(
          now + " match by now, " + token.matched() + " did in the preview",
          "Look at a new preview, and send its token.");
    }
  }

  /** A few of them, as people know them. */
  ArrayNode sample(Handle handle, List<Long> subjects) {
    ArrayNode items = Json.array();
    if (action.ofJobs()) {
      ReadsJobs.names(handle, subjects).stream()
          .sorted(java.util.Comparator.comparing(ReadsJobs.Name::name))
          .forEach(job -> items.addObject().put("job", job.name()));
      return items;
    }
    for (long id : subjects) {
      ReadsRuns.find(handle, id)
          .ifPresent(
              run ->
                  items
                      .addObject()
                      .put("job", run.job())
                      .put("run", new RunId(id).toString())
                      .put("state", run.state())
                      .put("createdAt", Json.text(run.createdAt())));
    }
    return items;
  }
}
