package dev.millrace.scheduler.trigger;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.Window;
import java.util.ArrayList;
import java.util.List;
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
   *     length, for then its run is still to live
   * @param params what it gives its runs, as it stands in the definition
   */
  public record Planned(String kind, TriggerDefinition definition, long lateMicros, String params) {
    /** One that gives nothing. */
    public Planned(String kind, TriggerDefinition definition, long lateMicros) {
      this(kind, definition, lateMicros, "{}");
    }

    /** As it is stored, to know it again in the next version. */
    public String spec() {
      return DefinitionJson.toJson(definition);
    }
  }

  /** By their position. */
  public static List<Planned> of(JobDefinition job) {
    List<Planned> all = new ArrayList<>();
    for (TriggerDefinition trigger : job.triggers()) {
      TriggerDefinition ticks =
          trigger instanceof TriggerDefinition.Giving giving ? giving.trigger() : trigger;
      all.add(new Planned(kind(ticks), ticks, MISFIRE_THRESHOLD_MICROS, trigger.params()));
    }
    Window window = job.rules().window();
    if (window != null) {
      TriggerDefinition start =
          new TriggerDefinition.Cron(window.start(), window.zone(), Misfire.LATEST);
      all.add(new Planned(PLAN, start, window.length().toNanos() / 1_000, window.params()));
    }
    return all;
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
