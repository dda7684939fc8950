package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.trigger.Forecast;
import dev.millrace.scheduler.trigger.ForecastLoad;
import dev.millrace.scheduler.trigger.ForecastPage;
import dev.millrace.scheduler.trigger.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** What time triggers will come to. Any thread. */
final class ScheduleApi {
  static final String TAG = "time";
  private static final Duration USUAL = Duration.ofDays(1);
  private static final Duration LONGEST = Duration.ofDays(366);
  private static final Duration LOAD_USUAL = Duration.ofHours(1);
  private static final int BUCKETS_MAX = 10_080;
  private static final int COLLISIONS_MAX = 20;
  private static final int NAMES_MAX = 10;
  private static final long SECOND = TimeUnit.SECONDS.toMicros(1);

  private final Jdbi jdbi;
  private final SchedulePreview preview;

  ScheduleApi(Jdbi jdbi) {
    this.jdbi = jdbi;
    this.preview = new SchedulePreview(jdbi);
  }

  /**
   * A place in a forecast, and when that was made: its next page is of the same one.
   *
   * @param asOf microseconds, or 0 for now
   */
  private record Cursor(long asOf, ForecastPage.Place place) {
    static Cursor of(String text) {
      if (text == null) {
        return new Cursor(0, ForecastPage.Place.START);
      }
      String[] parts = text.split("~", -1);
      if (parts.length != 4) {
        throw Problem.badRequest(
            "'after' is not a place in this list", "Use what 'next' of the page before gave you.");
      }
      long[] numbers = new long[parts.length];
      for (int i = 0; i < parts.length; i++) {
        numbers[i] = Call.number("after", parts[i]);
      }
      return new Cursor(numbers[0], new ForecastPage.Place(numbers[1], numbers[2], numbers[3]));
    }

    static String text(long asOf, ForecastPage.Place place) {
      return place == null
          ? null
          : asOf + "~" + place.at() + "~" + place.trigger() + "~" + place.plannedAt();
    }
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/schedule",
                TAG,
                "The forecast: every tick in a range and what will become of it",
                "ForecastPage",
                this::forecast)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "job", "from", "to", "limit", "after"),
        get(
                "/api/v1/schedule/load",
                TAG,
                "Runs for each minute or second of a range, and where jobs collide",
                "ForecastLoad",
                this::load)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "job", "from", "to", "per"),
        get(
                "/api/v1/schedule/preview",
                TAG,
                "The next ticks of a cron expression",
                "SchedulePreview",
                preview::ofCron)
            .needs(Role.VIEWER, Scope.ANYONE)
            .query("cron", "timezone", "n", "after", "namespace", "job"),
        post(
                "/api/v1/schedule/preview",
                TAG,
                "The next ticks of a trigger as a job would have it",
                "SchedulePreviewAsk",
                List.of(json(200, "SchedulePreview")),
                preview::ofTrigger)
            .needs(Role.VIEWER, Scope.ANYONE));
  }

  /** Of one namespace, or of all when it is {@code *}. */
  private static String namespace(Call call) {
    return "*".equals(call.query("namespace")) ? null : call.namespace();
  }

  private static ForecastScan scan(Handle handle, Call call) {
    String job = call.query("job");
    String namespace = namespace(call);
    if (job == null) {
      return new ForecastScan(handle, namespace, 0);
    }
    if (namespace == null) {
      throw TimeRange.invalid("'job' is in one namespace, not in '*'", "Name its namespace.");
    }
    return new ForecastScan(handle, namespace, JobsApi.find(handle, namespace, job).id());
  }

  private void forecast(Call call) {
    int limit = call.limit();
    jdbi.useHandle(
        handle -> {
          Cursor cursor = Cursor.of(call.query("after"));
          Instant now = asOf(handle, cursor.asOf);
          TimeRange range = ahead(TimeRange.of(call, now, USUAL, LONGEST), now);
          ForecastScan scan = scan(handle, call);
          ForecastPage page = new ForecastPage(cursor.place, limit);
          long from = Math.max(range.fromMicros(), cursor.place.at());
          scan.run(new Forecast(Ticker.microsOf(now), from, range.toMicros()), page, () -> false);
          ObjectNode body = Json.object();
          ArrayNode items = body.putArray("items");
          page.outcomes().forEach(outcome -> items.add(item(outcome)));
          body.put("next", Cursor.text(Ticker.microsOf(now), page.next()));
          body.put("from", range.from().toString());
          body.put("to", range.to().toString());
          call.answer(200, body);
        });
  }

  private static Instant asOf(Handle handle, long micros) {
    return micros == 0 ? ReadsFleet.databaseNow(handle) : Ticker.instantOf(micros);
  }

  private static TimeRange ahead(TimeRange range, Instant now) {
    if (!range.to().isAfter(now)) {
      throw TimeRange.invalid(
          "'to' is " + range.to() + ", which is past: nothing is left to be decided there",
          "GET /api/v1/ticks?job=NAME is the ledger of what became of past ticks.");
    }
    return range;
  }

  private static ObjectNode item(Forecast.Outcome outcome) {
    Forecast.Source source = outcome.source();
    Schedule schedule = source.planned().schedule();
    Tick tick = schedule.at(Ticker.instantOf(outcome.plannedAt()));
    ObjectNode item = Json.object();
    item.put("job", source.job()).put("namespace", source.namespace());
    item.put("trigger", Long.toString(source.row().id())).put("kind", source.row().kind());
    item.put("at", text(outcome.at()));
    item.put("plannedAt", text(outcome.plannedAt()));
    item.put("plannedUntil", text(outcome.plannedUntil()));
    item.put("ticks", outcome.ticks()).put("disposition", outcome.disposition());
    item.put("local", tick.local().toString()).put("offset", tick.offset().getId());
    item.put("mark", tick.mark().name());
    item.put("why", why(outcome, schedule, tick));
    return item;
  }

  private static String text(long micros) {
    return Ticker.instantOf(micros).toString();
  }

  /** Null for a tick that fires in time. */
  private static String why(Forecast.Outcome outcome, Schedule schedule, Tick tick) {
    return switch (outcome.disposition()) {
      case "FIRED" -> null;
      case "MISSED" -> "nobody led when it was due, and its misfire policy lets it go";
      case "SKIPPED_PAUSED" -> "its job, its namespace or everything is paused";
      case "SKIPPED_WINDOW" -> "it starts in a blackout of its window";
      default -> schedule.why(tick);
    };
  }

  private void load(Call call) {
    long width = width(call.query("per"));
    jdbi.useHandle(
        handle -> {
          Instant now = ReadsFleet.databaseNow(handle);
          long most = BUCKETS_MAX * TimeUnit.MICROSECONDS.toSeconds(width);
          TimeRange range =
              ahead(TimeRange.of(call, now, LOAD_USUAL, Duration.ofSeconds(most)), now);
          long from = range.fromMicros();
          long to = range.toMicros();
          ForecastScan scan = scan(handle, call);
          ForecastLoad load = new ForecastLoad(from, to, width);
          scan.run(new Forecast(Ticker.microsOf(now), from, to), load, () -> false);
          List<ForecastLoad.Bucket> worst = load.collisions(COLLISIONS_MAX);
          ForecastLoad.Names names = new ForecastLoad.Names(worst, width, NAMES_MAX);
          scan.run(
              new Forecast(Ticker.microsOf(now), from, to), names, () -> names.complete(worst));
          ObjectNode body = Json.object();
          body.put("from", range.from().toString()).put("to", range.to().toString());
          body.put("per", width == SECOND ? "second" : "minute").put("ticks", load.total());
          ArrayNode items = body.putArray("items");
          load.buckets().forEach(bucket -> items.add(bucket(bucket)));
          ArrayNode collisions = body.putArray("collisions");
          for (ForecastLoad.Bucket bucket : worst) {
            ObjectNode item = bucket(bucket);
            ArrayNode some = item.putArray("names");
            names.of(bucket).forEach(some::add);
            collisions.add(item);
          }
          call.answer(200, body);
        });
  }

  private static long width(String per) {
    if (per == null || per.equals("minute")) {
      return 60 * SECOND;
    }
    if (per.equals("second")) {
      return SECOND;
    }
    throw TimeRange.invalid(
        "'per' is '" + Call.shortened(per) + "'; possible are minute and second",
        "Send per=minute, or leave it out.");
  }

  private static ObjectNode bucket(ForecastLoad.Bucket bucket) {
    return Json.object()
        .put("at", text(bucket.at()))
        .put("ticks", bucket.ticks())
        .put("jobs", bucket.jobs());
  }
}
