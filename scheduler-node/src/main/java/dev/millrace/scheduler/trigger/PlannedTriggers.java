package dev.millrace.scheduler.trigger;

import dev.millrace.definition.CronSchedule;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
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
   * @param lateMicros up to this late a tick still fires by itself: for a window that is its
   *     length, for then its run is still to live
   */
  public record Planned(String kind, TriggerDefinition definition, long lateMicros) {
    /** As it is stored, to know it again in the next version. */
    public String spec() {
      return DefinitionJson.toJson(definition);
    }
  }

  /** By their position. */
  public static List<Planned> of(JobDefinition job) {
    List<Planned> all = new ArrayList<>();
    for (TriggerDefinition trigger : job.triggers()) {
      all.add(new Planned(kind(trigger), trigger, MISFIRE_THRESHOLD_MICROS));
    }
    Window window = job.rules().window();
    if (window != null) {
      TriggerDefinition start =
          new TriggerDefinition.Cron(window.start(), window.zone(), Misfire.LATEST);
      all.add(new Planned(PLAN, start, window.length().toNanos() / 1_000));
    }
    return all;
  }

  private static String kind(TriggerDefinition trigger) {
    return switch (trigger) {
      case TriggerDefinition.Cron c -> "cron";
      case TriggerDefinition.At a -> "at";
      case TriggerDefinition.Every e -> "every";
    };
  }

  /** True when nothing new starts at this instant. */
  public static boolean blackedOut(Window window, Instant at) {
    return window.blackouts().stream().anyMatch(blackout -> covers(window, blackout, at));
  }

  private static boolean covers(Window window, Window.Blackout blackout, Instant at) {
    if (blackout.cron() == null) {
      return !at.isBefore(blackout.from()) && at.isBefore(blackout.until());
    }
    Duration length = blackout.length();
    Optional<Instant> begun =
        CronSchedule.parse(blackout.cron()).next(at.minus(length), window.zone());
    return begun.isPresent() && !begun.get().isAfter(at);
  }
}
