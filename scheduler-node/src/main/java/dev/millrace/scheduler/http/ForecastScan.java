package dev.millrace.scheduler.http;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.engine.Blackouts;
import dev.millrace.scheduler.store.Pauses;
import dev.millrace.scheduler.store.ReadsSchedule;
import dev.millrace.scheduler.trigger.Forecast;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes over the armed triggers, a page of them at a time, so that memory does not grow with their
 * number. One for each question; the caller's thread.
 */
final class ForecastScan {
  private static final Logger log = LoggerFactory.getLogger(ForecastScan.class);
  private static final int PAGE = 1_000;

  private final Handle handle;
  private final String namespace;
  private final long job;
  private final List<Pauses.Row> pauses;

  /**
   * @param namespace null for all
   * @param job 0 for all
   */
  ForecastScan(Handle handle, String namespace, long job) {
    this.handle = handle;
    this.namespace = namespace;
    this.job = job;
    this.pauses = Pauses.all(handle);
  }

  /**
   * Tells what all of them come to.
   *
   * @param enough asked after each trigger: nothing more is wanted
   */
  void run(Forecast forecast, Forecast.Sink sink, BooleanSupplier enough) {
    ReadsSchedule.Armed last = null;
    List<ReadsSchedule.Armed> page;
    do {
      page = ReadsSchedule.armed(handle, namespace, job, last, PAGE);
      for (ReadsSchedule.Armed armed : page) {
        if (!understood(forecast, armed, sink)) {
          throw tooMany();
        }
        if (enough.getAsBoolean()) {
          return;
        }
        last = armed;
      }
    } while (page.size() == PAGE);
  }

  /** The leader does the same: what it cannot understand any more plans nothing. */
  private boolean understood(Forecast forecast, ReadsSchedule.Armed armed, Forecast.Sink sink) {
    try {
      return forecast.run(source(armed), sink);
    } catch (IllegalArgumentException e) {
      log.warn(
          "trigger cannot be understood trigger={} job={}/{} cause=\"{}\"; the forecast has nothing"
              + " of it",
          armed.row().id(),
          armed.namespace(),
          armed.job(),
          e.getMessage());
      return true;
    }
  }

  private static Problem.Refused tooMany() {
    return new Problem.Refused(
        new Problem(
            422,
            "too-large",
            "Too large",
            "the forecast has more than " + Forecast.TICKS_MAX + " ticks to decide about",
            "Ask for a shorter range ('from', 'to'), a namespace, or one 'job'."));
  }

  private Forecast.Source source(ReadsSchedule.Armed armed) {
    JobState state = JobState.valueOf(armed.state());
    boolean paused = state == JobState.SCHEDULED && isPaused(armed.namespace());
    PlannedTriggers.Planned planned;
    Blackouts blackouts = Blackouts.of(null);
    if (armed.definition() == null) {
      String seed = armed.namespace() + "/" + armed.job();
      planned = PlannedTriggers.of(DefinitionJson.triggerFromJson(armed.row().spec()), seed);
    } else {
      JobDefinition definition = DefinitionJson.fromJson(armed.definition());
      planned = PlannedTriggers.of(definition).get(armed.row().position());
      blackouts = Blackouts.of(definition.rules().window());
    }
    return new Forecast.Source(
        armed.row(),
        planned,
        armed.namespace(),
        armed.job(),
        paused ? JobState.PAUSED : state,
        blackouts::covers);
  }

  /** Of everything, or of the namespace. */
  private boolean isPaused(String of) {
    return pauses.stream()
        .anyMatch(
            row ->
                row.scope().equals("all")
                    || (row.scope().equals("namespace") && row.name().equals(of)));
  }
}
