package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.QuotaRows;
import dev.millrace.scheduler.store.ReadsWhy;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Why a run waits for the quota of its namespace. Stateless; any thread. */
final class QuotaReason {
  private static final String SUBJECT = "quota:";

  private QuotaReason() {}

  static boolean isAbout(ReadsWhy.Place place) {
    return place.subject().startsWith(SUBJECT);
  }

  static Why.Reason of(WhyFacts facts, ReadsWhy.Place place) {
    String line =
        facts.line(place).map(found -> "; " + found.waiting() + " others are before it").orElse("");
    String namespace = facts.run.namespace();
    QuotaRows.Row quota = QuotaRows.find(facts.handle(), namespace).orElse(null);
    String holder = "quota of namespace " + namespace;
    if (quota == null) {
      return new Why.Reason(null, "QUOTA", "there is no quota any more" + line, null, "leader");
    }
    int today = quota.runsPerDay() == null ? -1 : QuotaRows.today(facts.handle(), namespace);
    if (today >= 0 && today >= quota.runsPerDay()) {
      return new Why.Reason(
          null,
          "QUOTA",
          "the " + quota.runsPerDay() + " runs of today (UTC) are used up" + line,
          tomorrow(facts.databaseNow()),
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

  private static Instant tomorrow(Instant now) {
    return now.truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS);
  }
}
