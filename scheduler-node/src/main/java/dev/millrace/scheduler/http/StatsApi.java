package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Histogram;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsStats;
import dev.millrace.scheduler.trigger.Forecast;
import dev.millrace.scheduler.trigger.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** How a job has done over the days, and what its triggers came and come to. Any thread. */
final class StatsApi {
  private static final int DAYS_USUAL = 30;
  private static final int DAYS_MAX = 366;
  private static final Duration CALENDAR_LONGEST = Duration.ofDays(100);
  private static final Duration CALENDAR_BACK = Duration.ofDays(28);
  private static final Duration CALENDAR_USUAL = Duration.ofDays(42);
  private static final int PLANNED_MAX = 100_000;

  private final Jdbi jdbi;

  StatsApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/jobs/{job}/stats",
                "jobs",
                "How it has done over the days",
                "JobStats",
                this::stats)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "days"),
        get(
                "/api/v1/jobs/{job}/calendar",
                ScheduleApi.TAG,
                "What became of its planned ticks, and what is planned, by day",
                "JobCalendar",
                this::calendar)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "from", "to"));
  }

  private static LocalDate day(Instant at) {
    return at.atZone(ZoneOffset.UTC).toLocalDate();
  }

  private static int days(Call call) {
    String text = call.query("days");
    long days = text == null ? DAYS_USUAL : Call.number("days", text);
    if (days < 1 || days > DAYS_MAX) {
      throw Problem.badRequest("days is 1 to " + DAYS_MAX + ", not " + days, "Ask for fewer days.");
    }
    return (int) days;
  }

  private void stats(Call call) {
    int days = days(call);
    jdbi.useHandle(
        handle -> {
          ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
          LocalDate to = day(ReadsFleet.databaseNow(handle)).plusDays(1);
          LocalDate from = to.minusDays(days);
          Map<LocalDate, ReadsStats.Day> known = new HashMap<>();
          ReadsStats.days(handle, job.id(), from, to).forEach(day -> known.put(day.date(), day));
          ObjectNode body = Json.object();
          ArrayNode shown = body.putArray("days");
          from.datesUntil(to).forEach(date -> shown.add(day(date, known.get(date))));
          total(body, known.values().stream().toList());
          body.set("last", last(handle, job));
          stages(body.putArray("stages"), ReadsStats.stages(handle, job.id(), from, to));
          call.answer(200, body);
        });
  }

  private static ObjectNode day(LocalDate date, ReadsStats.Day day) {
    ObjectNode node = Json.object().put("date", date.toString());
    node.put("runs", day == null ? 0 : day.runs());
    node.put("completed", day == null ? 0 : day.completed());
    node.put("failed", day == null ? 0 : day.failed());
    node.put("cancelled", day == null ? 0 : day.cancelled() + day.ended());
    times(
        node,
        day == null ? new Histogram() : day.durations(),
        day == null ? new Histogram() : day.waits());
    return node;
  }

  private static void times(ObjectNode node, Histogram durations, Histogram waits) {
    node.put("p50Millis", durations.percentile(50));
    node.put("p95Millis", durations.percentile(95));
    node.put("p99Millis", durations.percentile(99));
    node.put("waitP95Millis", waits.percentile(95));
  }

  private static void total(ObjectNode body, List<ReadsStats.Day> days) {
    Histogram durations = new Histogram();
    Histogram waits = new Histogram();
    days.forEach(
        day -> {
          durations.add(day.durations());
          waits.add(day.waits());
        });
    int completed = days.stream().mapToInt(ReadsStats.Day::completed).sum();
    int failed = days.stream().mapToInt(ReadsStats.Day::failed).sum();
    ObjectNode total = body.putObject("total");
    total.put("runs", days.stream().mapToInt(ReadsStats.Day::runs).sum());
    total.put("completed", completed).put("failed", failed);
    total.put("cancelled", days.stream().mapToInt(day -> day.cancelled() + day.ended()).sum());
    times(total, durations, waits);
    if (completed + failed == 0) {
      body.putNull("successRate");
    } else {
      body.put("successRate", (double) completed / (completed + failed));
    }
  }

  private static com.fasterxml.jackson.databind.JsonNode last(Handle handle, ReadsJobs.Job job) {
    if (job.lastRun() == null) {
      return NullNode.instance;
    }
    RunId id = new RunId(job.lastRun());
    var run = RunsApi.find(handle, id);
    boolean measured = run.startedAt() != null && run.finishedAt() != null;
    return Json.object()
        .put("id", id.toString())
        .put("state", run.state())
        .put("createdAt", Json.text(run.createdAt()))
        .put("finishedAt", Json.text(run.finishedAt()))
        .put(
            "ranMillis",
            measured ? Duration.between(run.startedAt(), run.finishedAt()).toMillis() : null);
  }

  /** One stage over all days. */
  private static final class StageSum {
    private long runs;
    private long failed;
    private final Histogram durations = new Histogram();
    private final Histogram waits = new Histogram();
  }

  private static void stages(ArrayNode shown, List<ReadsStats.StageDay> days) {
    Map<String, StageSum> sums = new LinkedHashMap<>();
    for (ReadsStats.StageDay day : days) {
      StageSum sum = sums.computeIfAbsent(day.stage(), any -> new StageSum());
      sum.runs += day.runs();
      sum.failed += day.failed();
      sum.durations.add(day.durations());
      sum.waits.add(day.waits());
    }
    sums.forEach(
        (stage, sum) -> {
          ObjectNode node = shown.addObject().put("stage", stage);
          node.put("runs", sum.runs).put("failed", sum.failed);
          times(node, sum.durations, sum.waits);
        });
  }

  private void calendar(Call call) {
    jdbi.useHandle(
        handle -> {
          Instant now = ReadsFleet.databaseNow(handle);
          Instant begin = day(now.minus(CALENDAR_BACK)).atStartOfDay(ZoneOffset.UTC).toInstant();
          TimeRange range = TimeRange.of(call, begin, CALENDAR_USUAL, CALENDAR_LONGEST);
          ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
          call.answer(200, calendar(handle, call, job, range, now));
        });
  }

  /** What happened and is planned on a day. */
  private static final class Date {
    private long fired;
    private long skipped;
    private long missed;
    private long planned;
    private int completed;
    private int failed;

    void ledger(String disposition, long ticks) {
      switch (disposition) {
        case "FIRED" -> fired += ticks;
        case "MISSED" -> missed += ticks;
        default -> skipped += ticks;
      }
    }
  }

  private static ObjectNode calendar(
      Handle handle, Call call, ReadsJobs.Job job, TimeRange range, Instant now) {
    LocalDate first = day(range.from());
    LocalDate end = day(range.to().minusNanos(1)).plusDays(1);
    Map<LocalDate, Date> dates = new LinkedHashMap<>();
    first.datesUntil(end).forEach(date -> dates.put(date, new Date()));
    ReadsStats.Ledger ledger = ReadsStats.ticks(handle, job.id(), range.from(), range.to());
    ledger.ticks().forEach(one -> dates.get(one.date()).ledger(one.disposition(), one.ticks()));
    for (ReadsStats.Day day : ReadsStats.days(handle, job.id(), first, end)) {
      Date date = dates.get(day.date());
      date.completed = day.completed();
      date.failed = day.failed();
    }
    int[] planned = new int[1];
    if (range.to().isAfter(now)) {
      Instant from = range.from().isAfter(now) ? range.from() : now;
      new ForecastScan(handle, call.namespace(), job.id())
          .run(
              new Forecast(Ticker.microsOf(now), Ticker.microsOf(from), range.toMicros()),
              outcome -> {
                Date date = dates.get(day(Ticker.instantOf(outcome.at())));
                if (date != null && outcome.fires()) {
                  date.planned += outcome.ticks();
                }
                return ++planned[0] < PLANNED_MAX;
              },
              () -> planned[0] >= PLANNED_MAX);
    }
    ObjectNode body = Json.object();
    body.put("from", Json.text(range.from())).put("to", Json.text(range.to()));
    body.put("now", Json.text(now));
    body.put(
        "countedFrom", (ledger.upTo() == null ? first : day(ledger.upTo()).plusDays(1)).toString());
    body.put("planComplete", planned[0] < PLANNED_MAX);
    ArrayNode shown = body.putArray("days");
    dates.forEach(
        (date, what) ->
            shown
                .addObject()
                .put("date", date.toString())
                .put("fired", what.fired)
                .put("skipped", what.skipped)
                .put("missed", what.missed)
                .put("completed", what.completed)
                .put("failed", what.failed)
                .put("planned", what.planned));
    return body;
  }
}
