package dev.millrace.scheduler.trigger;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.scheduler.store.TickSpans;
import dev.millrace.scheduler.store.Ticks;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Audits what a trigger has planned while it was armed, a part at a time. Stateless. */
public final class SpanAudit {
  private static final int ROWS_MAX = 2_000;

  private SpanAudit() {}

  /**
   * Audits about so many ticks of a span.
   *
   * @param from where no row lies over it: the beginning of the span, or what an audit reached
   * @throws IllegalArgumentException when its definition cannot be understood any more
   */
  public static TickAudit.Result of(Handle handle, TickSpans.Span span, long from, int ticksMax) {
    PlannedTriggers.Planned planned =
        PlannedTriggers.of(
            DefinitionJson.triggerFromJson(span.spec()), span.namespace() + "/" + span.job());
    List<Ticks.Entry> rows = TickSpans.rows(handle, span.trigger(), from, span.until(), ROWS_MAX);
    return TickAudit.of(planned, from, span.until(), rows, ROWS_MAX, ticksMax);
  }
}
