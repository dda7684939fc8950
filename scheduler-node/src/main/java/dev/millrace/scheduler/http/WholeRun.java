package dev.millrace.scheduler.http;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsLimits;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What holds up a run as a whole: pauses, turns, keys, locks, its window. Stateless. */
final class WholeRun {
  private static final int RUN = -1;

  private WholeRun() {}

  /**
   * @param seats everything about what the run holds or waits for
   */
  static List<Why.Reason> of(Handle handle, ReadsRuns.Run run, List<ReadsLimits.Seat> seats) {
    List<Why.Reason> found = new ArrayList<>();
    for (String by : Marks.pauses(run.extra().pauses())) {
      found.add(pause(handle, run, by));
    }
    if (found.isEmpty() && run.jobState().equals("PAUSED")) {
      found.add(reason("JOB_PAUSED", "the job is paused; resume it to go on", "job " + run.job()));
    }
    if (run.state().equals("PAUSED") && found.isEmpty()) {
      found.add(reason("RUN_PAUSED", "the run is paused", "run"));
    }
    if (run.state().equals("STOPPING")) {
      found.add(
          reason(
              "STOPPING",
              "attempts in flight are being cancelled, and what always comes last is executed",
              "workers"));
    }
    List<String> marks = Marks.ofRun(run.extra().marks());
    if (marks.contains("prepared")) {
      found.add(
          new Why.Reason(
              null, "PREPARED", "was made ahead of its window", run.scheduledFor(), "window"));
    } else if (marks.contains("notAdmitted")) {
      notAdmitted(handle, found, run, seats);
    }
    return found;
  }

  private static void notAdmitted(
      Handle handle, List<Why.Reason> found, ReadsRuns.Run run, List<ReadsLimits.Seat> seats) {
    int before = found.size();
    for (ReadsLimits.Seat seat : seats) {
      if (seat.run() == run.id() && seat.index() == RUN && QuotaReason.isAbout(seat)) {
        found.add(QuotaReason.of(handle, run.namespace(), seat, seats));
      } else if (seat.run() == run.id() && seat.index() == RUN && !seat.held()) {
        String kind =
            seat.subject().startsWith("job:")
                ? "OVERLAP"
                : seat.subject().startsWith("key:") ? "CONCURRENCY_KEY" : "LOCK_WAIT";
        found.add(inLine(null, kind, seat, seats));
      }
    }
    if (found.size() == before && before == 0) {
      found.add(reason("NOT_ADMITTED", "it is admitted in a moment", "leader"));
    }
  }

  /** Who holds what this one waits for, and how many are before it. */
  static Why.Reason inLine(
      String stage, String kind, ReadsLimits.Seat own, List<ReadsLimits.Seat> seats) {
    List<String> holders = new ArrayList<>();
    int before = 0;
    boolean passed = false;
    for (ReadsLimits.Seat seat : seats) {
      if (!seat.subject().equals(own.subject())) {
        continue;
      }
      passed |= seat.equals(own);
      if (seat.held()) {
        holders.add(
            "run " + new RunId(seat.run()) + (seat.stage() == null ? "" : "/" + seat.stage()));
      } else if (!passed) {
        before++;
      }
    }
    String who = holders.isEmpty() ? "nobody" : String.join(", ", holders);
    return new Why.Reason(
        stage,
        kind,
        "waits for " + own.subject() + ", held by " + who + "; " + before + " others are before it",
        null,
        who);
  }

  private static Why.Reason pause(Handle handle, ReadsRuns.Run run, String by) {
    return switch (by) {
      case "job" ->
          reason("JOB_PAUSED", "the job is paused; resume it to go on", "job " + run.job());
      case "parent" -> reason("PARENT_PAUSED", "the run that waits for it is paused", "parent run");
      case "run" -> reason("RUN_PAUSED", "the run is paused; resume it to go on", "run");
      default -> wide(handle, run, by);
    };
  }

  private static Why.Reason wide(Handle handle, ReadsRuns.Run run, String scope) {
    String name = scope.equals("all") ? "" : run.namespace();
    String what = scope.equals("all") ? "everything" : "namespace " + name;
    for (ReadsLimits.Pause pause : ReadsLimits.pauses(handle)) {
      if (pause.scope().equals(scope) && pause.name().equals(name)) {
        return reason(
            scope.equals("all") ? "ALL_PAUSED" : "NAMESPACE_PAUSED",
            what
                + " is paused since "
                + pause.since()
                + " by "
                + pause.actor()
                + (pause.reason() == null ? "" : ": " + pause.reason()),
            pause.actor());
      }
    }
    return reason(
        "RESUMING", "the pause of " + what + " is over; it goes on in a moment", "leader");
  }

  private static Why.Reason reason(String kind, String detail, String holder) {
    return new Why.Reason(null, kind, detail, null, holder);
  }
}
