package dev.millrace.scheduler.trigger;

import dev.millrace.definition.CronSchedule;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.Schedule;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The time triggers of a job: those that its definition lists, and the start of its window, which
 * comes last. Stateless.
 */
public final class PlannedTriggers {
  /** The kind of a window's start. */
  public static final String PLAN = "plan";

  /** Up to this late a tick still fires by itself; beyond, the misfire policy speaks. */
  private static final long MISFIRE_THRESHOLD_MICROS = TimeUnit.SECONDS.toMicros(60);

  private PlannedTriggers() {}

  /**
   * One of them.
   *
   * @param definition when it ticks, and nothing else
   * @param lateMicros up to this late a tick still fires by itself: for a window that is its
   *     length, for then its run is still to live; a fixed delay has one tick and never misses it
   * @param seed what {@code H} and jitter are hashed from
   * @param params what it gives its runs, as it stands in the definition
   */
  public record Planned(
      String kind, TriggerDefinition definition, long lateMicros, String seed, String params) {
    /** One that gives nothing. */
    public Planned(String kind, TriggerDefinition definition, long lateMicros, String seed) {
      this(kind, definition, lateMicros, seed, "{}");
    }

    /** Compiled; keep the answer. */
    public Schedule schedule() {
      return Schedule.of(definition, seed);
    }

    /** Which of the missed ticks fire; of a window's starts the latest, if its run is to live. */
    Misfire misfire() {
      return kind.equals(PLAN)
          ? new Misfire(Duration.of(lateMicros, ChronoUnit.MICROS), 1, null)
          : definition.misfire();
    }

    /** True for a tick that comes so long after the end of the run before. */
    boolean waitsForRun() {
      return definition instanceof TriggerDefinition.Every every
          && every.mode() == TriggerDefinition.Mode.FIXED_DELAY;
    }

    /**
     * Looks at it as closely as the reader of definitions does, for it may have come another way.
     *
     * @throws IllegalArgumentException when it is not possible
     */
    public void judge() {
      if (definition instanceof TriggerDefinition.Cron cron) {
        CronSchedule.parse(cron.expression(), seed);
      }
    }

    /** Why a definition with it is refused now, or empty. */
    public Optional<String> refusal(Instant now) {
      return definition instanceof TriggerDefinition.At at
              && at.past() == TriggerDefinition.Past.REFUSE
              && !at.instant().isAfter(now)
          ? Optional.of("the instant " + at.instant() + " is past, and `past: refuse` is written")
          : Optional.empty();
    }

    /** As it is stored, to know it again in the next version. */
    public String spec() {
      return DefinitionJson.toJson(definition);
    }
  }

  /** By their position. */
  public static List<Planned> of(JobDefinition job) {
    List<Planned> all = new ArrayList<>();
    String seed = Schedule.seed(job);
    for (TriggerDefinition trigger : job.triggers()) {
      all.add(of(trigger, seed));
    }
    Window window = job.rules().window();
    if (window != null) {
      long lateMicros = window.length().toNanos() / 1_000;
      all.add(new Planned(PLAN, window.asTrigger(), lateMicros, seed, window.params()));
    }
    return all;
  }

  /**
   * One that a definition lists.
   *
   * @param seed as {@link Schedule#seed} makes it
   */
  public static Planned of(TriggerDefinition trigger, String seed) {
    TriggerDefinition ticks =
        trigger instanceof TriggerDefinition.Giving giving ? giving.trigger() : trigger;
    String params = trigger.params();
    Planned planned = new Planned(kind(ticks), ticks, MISFIRE_THRESHOLD_MICROS, seed, params);
    return planned.waitsForRun()
        ? new Planned(planned.kind, ticks, Long.MAX_VALUE, seed, params)
        : planned;
  }

  private static String kind(TriggerDefinition trigger) {
    return switch (trigger) {
      case TriggerDefinition.Cron c -> "cron";
      case TriggerDefinition.At a -> "at";
      case TriggerDefinition.Every e -> "every";
      case TriggerDefinition.Giving giving -> kind(giving.trigger());
    };
  }
}
