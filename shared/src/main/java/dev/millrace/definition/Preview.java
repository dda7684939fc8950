package dev.millrace.definition;

import dev.millrace.model.TriggerDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a trigger will do, for people to look at before it does: its next ticks with local time and
 * offset, marks of changing clocks, and what keeps them from firing. Immutable.
 *
 * @param resolved the cron expression with every {@code H} resolved; null when there is none
 * @param lines in the order of their instants
 */
public record Preview(String resolved, List<Line> lines) {
  /** How many lines may be asked for. */
  public static final int LINES_MAX = 10_000;

  /**
   * One tick.
   *
   * @param due when it fires: the planned instant and its jitter
   * @param why it does not fire; empty when it does
   */
  public record Line(Tick tick, Instant due, String why) {}

  public Preview {
    lines = List.copyOf(lines);
  }

  /**
   * The next ticks of a trigger; of a fixed delay as they would be if its runs took no time.
   *
   * @param seed as {@link Schedule#seed} makes it
   * @param after they are strictly after this instant
   * @param count at most so many, 1..{@value #LINES_MAX}; fewer when there are no more
   */
  public static Preview of(TriggerDefinition trigger, String seed, Instant after, int count) {
    if (count < 1 || count > LINES_MAX) {
      throw new IllegalArgumentException(count + " is not in 1.." + LINES_MAX);
    }
    Schedule schedule = Schedule.of(trigger, seed);
    List<Line> lines = new ArrayList<>();
    Optional<Tick> next = schedule.next(after);
    while (next.isPresent() && lines.size() < count) {
      Tick tick = next.get();
      lines.add(new Line(tick, schedule.due(tick), schedule.why(tick)));
      next = schedule.next(tick.instant());
    }
    return new Preview(schedule.resolved(), lines);
  }
}
