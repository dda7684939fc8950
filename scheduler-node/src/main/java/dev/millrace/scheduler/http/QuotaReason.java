package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.QuotaRows;
import dev.millrace.scheduler.store.ReadsLimits;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Why a run waits for the quota of its namespace. Stateless; any thread. */
final class QuotaReason {
  private static final String SUBJECT = "quota:";

  private QuotaReason() {}

  static boolean isAbout(ReadsLimits.Seat seat) {
    return seat.subject().startsWith(SUBJECT) && !seat.held();
  }

  /**
   * @param seats everything about what the run holds or waits for, in the order of the lines
   */
  static Why.Reason of(
      Handle handle, String namespace, ReadsLimits.Seat own, List<ReadsLimits.Seat> seats) {
    long before =
        seats.stream()
            .filter(seat -> seat.subject().equals(own.subject()))
            .takeWhile(seat -> !seat.equals(own))
            .count();
    String line = "; " + before + " others are before it";
    QuotaRows.Row quota = QuotaRows.find(handle, namespace).orElse(null);
    String holder = "quota of namespace " + namespace;
    if (quota == null) {
      return new Why.Reason(null, "QUOTA", "there is no quota any more" + line, null, "leader");
    }
    int today = quota.runsPerDay() == null ? -1 : QuotaRows.today(handle, namespace);
    if (today >= 0 && today >= quota.runsPerDay()) {
      return new Why.Reason(
          null,
          "QUOTA",
          "the " + quota.runsPerDay() + " runs of today (UTC) are used up" + line,
          tomorrow(own),
          holder);
    }
    return new Why.Reason(
        null,
        "QUOTA",
        quota.running() == null
            ? "waits for the quota" + line
            : "no more than " + quota.running() + " runs may be under way at once" + line,
        null,
        holder);
  }

  /** The first midnight after it stood in line; one that waits for longer is told of the next. */
  private static Instant tomorrow(ReadsLimits.Seat own) {
    return own.since().truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS);
  }
}
