package dev.millrace.scheduler.trigger;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.engine.Blackouts;
import dev.millrace.scheduler.store.Backfills;
import dev.millrace.scheduler.store.Jobs;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a backfill that somebody asks for comes to, or why it cannot be. Stateless. */
public sealed interface BackfillPlan {
  /** Triggers that plan ticks. */
  Set<String> KINDS = Set.of("cron", "at", "every", PlannedTriggers.PLAN);

  /**
   * It is possible.
   *
   * @param ask with its trigger, and without what is still the schedule's own
   * @param ticks all of them, in their order
   */
  record Possible(Jobs.TriggerRow trigger, Backfills.Ask ask, List<Long> ticks)
      implements BackfillPlan {}

  /** It is not. */
  record Refused(int status, String detail, String remedy) implements BackfillPlan {}

  /**
   * Judges it.
   *
   * @param triggers the armed ones of the job
   */
  static BackfillPlan of(
      Jobs.Row job,
      JobDefinition definition,
      List<Jobs.TriggerRow> triggers,
      Backfills.Ask ask,
      long now) {
    if (job.state() == JobState.STOPPED || job.state() == JobState.ARCHIVED) {
      return new Refused(
          409,
          "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
          "resume a stopped job, apply an archived one again");
    }
    List<Jobs.TriggerRow> timed =
        triggers.stream().filter(trigger -> KINDS.contains(trigger.kind())).toList();
    Optional<Jobs.TriggerRow> chosen =
        timed.stream()
            .filter(trigger -> ask.trigger() == trigger.id())
            .findFirst()
            .or(
                () ->
                    ask.trigger() == 0 && timed.size() == 1
                        ? Optional.of(timed.getFirst())
                        : Optional.empty());
    if (chosen.isEmpty()) {
      return noTrigger(job, timed, ask);
    }
    Jobs.TriggerRow trigger = chosen.get();
    Optional<String> refusal = BackfillTicks.refusal(trigger.spec());
    if (refusal.isPresent()) {
      return new Refused(
          422,
          "trigger " + trigger.id() + " of job '" + job.name() + "': " + refusal.get(),
          "start runs with POST /api/v1/jobs/" + job.name() + "/runs");
    }
    if (ask.until() > now) {
      return new Refused(
          422,
          "'to' is " + Ticker.instantOf(ask.until()) + ", which is still to come",
          "the schedule makes those runs itself; a backfill ends at or before now");
    }
    return counted(job, definition, trigger, ask);
  }

  private static BackfillPlan counted(
      Jobs.Row job, JobDefinition definition, Jobs.TriggerRow trigger, Backfills.Ask ask) {
    // What is due and was not looked at yet is still the schedule's own.
    long until = trigger.nextAt() == 0 ? ask.until() : Math.min(ask.until(), trigger.nextAt());
    Optional<List<Long>> all =
        BackfillTicks.of(
                trigger.spec(),
                job.namespace(),
                job.name(),
                until,
                Blackouts.of(definition.rules().window())::covers)
            .all(ask.from());
    String range = Ticker.instantOf(ask.from()) + " to " + Ticker.instantOf(ask.until());
    if (all.isEmpty()) {
      return new Refused(
          422,
          "there are more than " + BackfillTicks.TICKS_MAX + " ticks from " + range,
          "backfill a part of it, then the next one");
    }
    List<Long> ticks = all.get();
    if (ticks.isEmpty()) {
      return new Refused(
          422,
          "trigger " + trigger.id() + " of job '" + job.name() + "' has no tick from " + range,
          "millrace cron shows when an expression ticks; is the range right?");
    }
    Backfills.Ask whole =
        new Backfills.Ask(
            trigger.id(),
            ask.from(),
            until,
            ask.params(),
            ask.maxParallel(),
            ask.rate(),
            ask.microsBetween(),
            ask.priority(),
            ask.rerun());
    return new Possible(trigger, whole, ticks);
  }

  private static Refused noTrigger(Jobs.Row job, List<Jobs.TriggerRow> timed, Backfills.Ask ask) {
    String which =
        timed.stream()
            .map(trigger -> trigger.id() + " " + trigger.spec())
            .collect(Collectors.joining(", "));
    if (timed.isEmpty()) {
      return new Refused(
          422,
          "job '" + job.name() + "' has no trigger by time, so it has no past ticks",
          "start runs with POST /api/v1/jobs/" + job.name() + "/runs");
    }
    return new Refused(
        422,
        ask.trigger() == 0
            ? "job '" + job.name() + "' has " + timed.size() + " triggers by time"
            : "job '" + job.name() + "' has no trigger " + ask.trigger() + " by time",
        "name one as 'trigger': " + which);
  }
}
