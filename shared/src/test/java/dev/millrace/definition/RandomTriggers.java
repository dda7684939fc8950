package dev.millrace.definition;

import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerDefinition.Past;
import dev.millrace.model.TriggerRules;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Makes triggers that use everything the language has, each possible. One thread. */
final class RandomTriggers {
  private final Random random;

  RandomTriggers(Random random) {
    this.random = random;
  }

  /** Of a job with the params {@code n}, an integer, and {@code p}, a string. */
  List<TriggerDefinition> some() {
    List<TriggerDefinition> triggers = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      TriggerDefinition trigger = next();
      triggers.add(
          random.nextInt(3) == 0
              ? new TriggerDefinition.Giving(trigger, "{\"n\":1,\"p\":\"${{ run.job }}\"}")
              : trigger);
    }
    return triggers;
  }

  TriggerDefinition next() {
    return switch (random.nextInt(3)) {
      case 0 ->
          new TriggerDefinition.Cron(
              one("0 9 * * TUE", "@daily", "0 0 12 L * ? 2028/2", "H H(0-7) * * *"),
              zone(),
              dst(),
              rules());
      case 1 -> at();
      default -> every();
    };
  }

  Dst dst() {
    return random.nextBoolean()
        ? Dst.DEFAULT
        : new Dst(one(Dst.Gap.values()), one(Dst.Overlap.values()));
  }

  private TriggerDefinition at() {
    Past past = one(Past.values());
    Misfire misfire = past == Past.RUN ? Misfire.LATEST : misfire();
    return new TriggerDefinition.At(instant(), past, TriggerRules.DEFAULT.withMisfire(misfire));
  }

  private TriggerDefinition every() {
    Duration interval = Duration.ofMillis(1_000 + random.nextInt(1 << 30));
    if (random.nextInt(4) == 0) {
      return new TriggerDefinition.Every(
          interval,
          null,
          Duration.ZERO,
          Mode.FIXED_DELAY,
          zone(),
          rules().withMisfire(Misfire.LATEST).withJitter(Duration.ZERO));
    }
    return new TriggerDefinition.Every(
        interval,
        random.nextBoolean() ? instant() : null,
        random.nextBoolean() ? Duration.ZERO : interval.dividedBy(3),
        Mode.FIXED_RATE,
        zone(),
        rules());
  }

  private TriggerRules rules() {
    if (random.nextInt(3) == 0) {
      return TriggerRules.DEFAULT;
    }
    Instant from = random.nextBoolean() ? instant() : null;
    Instant until = from == null ? null : from.plusSeconds(1 + random.nextInt(100_000_000));
    List<Exclusion> except = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      except.add(exclusion());
    }
    return TriggerRules.DEFAULT
        .withMisfire(misfire())
        .withBounds(from, until)
        .withExcept(except)
        .withJitter(
            random.nextBoolean() ? Duration.ZERO : Duration.ofMillis(1 + random.nextInt(9)));
  }

  private Exclusion exclusion() {
    LocalDate day = LocalDate.ofEpochDay(random.nextInt(30_000));
    Instant from = instant();
    return switch (random.nextInt(7)) {
      case 0 -> new Exclusion.Days(day, day);
      case 1 -> new Exclusion.Days(day, day.plusDays(1 + random.nextInt(99)));
      case 2 -> new Exclusion.Yearly(MonthDay.from(day));
      case 3 -> new Exclusion.Period(from, from.plusMillis(1 + random.nextInt(1 << 30)));
      case 4 ->
          new Exclusion.Weekdays(
              Set.of(DayOfWeek.SUNDAY, DayOfWeek.of(day.getDayOfMonth() % 6 + 1)));
      case 5 -> new Exclusion.Cron(one("* 12 * * *", "0 0 0 1 * *"));
      default -> new Exclusion.Holidays(one("GB", "DE-BY", "NYSE"));
    };
  }

  private Misfire misfire() {
    return switch (random.nextInt(4)) {
      case 0 -> Misfire.NONE;
      case 1 -> Misfire.ALL;
      case 2 -> Misfire.LATEST;
      default ->
          new Misfire(
              random.nextBoolean() ? Duration.ofSeconds(1 + random.nextInt(99_999)) : null,
              random.nextBoolean() ? 2 + random.nextInt(99) : Misfire.UNLIMITED,
              new Misfire.Pace(
                  1 + random.nextInt(99),
                  one(Duration.ofSeconds(1), Duration.ofMinutes(1), Duration.ofHours(1))));
    };
  }

  private Instant instant() {
    return Instant.ofEpochMilli(random.nextLong(4_000_000_000_000L));
  }

  private ZoneId zone() {
    return ZoneId.of(one("Europe/London", "Asia/Kathmandu", "UTC", "+02:00"));
  }

  @SafeVarargs
  private <T> T one(T... values) {
    return values[random.nextInt(values.length)];
  }
}
