package dev.millrace.definition;

import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;

/** When a time trigger fires, computed from its definition alone. Immutable, any thread. */
public sealed interface Schedule {
  /** The zone of a cron expression that names none; its id reads better than an offset's Z. */
  ZoneId UTC = ZoneId.of("UTC");

  /** The first tick strictly after an instant, or empty when there is none any more. */
  Optional<Instant> next(Instant after);

  /**
   * Compiles a trigger; keep the answer, a cron expression is parsed here.
   *
   * @throws IllegalArgumentException when a cron expression is not possible, which a definition
   *     that was read cannot contain
   */
  static Schedule of(TriggerDefinition trigger) {
    return switch (trigger) {
      case TriggerDefinition.Cron cron ->
          new OnCron(CronSchedule.parse(cron.expression()), cron.zone());
      case TriggerDefinition.At at -> new Once(at.instant());
      case TriggerDefinition.Every every ->
          new Periodic(every.interval(), every.anchor() == null ? Instant.EPOCH : every.anchor());
      case TriggerDefinition.Giving giving -> of(giving.trigger());
    };
  }

  /** By a cron expression in a zone. */
  record OnCron(CronSchedule cron, ZoneId zone) implements Schedule {
    @Override
    public Optional<Instant> next(Instant after) {
      return cron.next(after, zone);
    }
  }

  /** Once. */
  record Once(Instant instant) implements Schedule {
    @Override
    public Optional<Instant> next(Instant after) {
      return instant.isAfter(after) ? Optional.of(instant) : Optional.empty();
    }
  }

  /** At {@code anchor + n * interval}; before the anchor there is no tick. */
  record Periodic(Duration interval, Instant anchor) implements Schedule {
    @Override
    public Optional<Instant> next(Instant after) {
      if (after.isBefore(anchor)) {
        return Optional.of(anchor);
      }
      long passed = Duration.between(anchor, after).dividedBy(interval);
      return Optional.of(anchor.plus(interval.multipliedBy(passed + 1)));
    }
  }
}
