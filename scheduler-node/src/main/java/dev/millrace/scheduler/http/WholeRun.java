package dev.millrace.scheduler.http;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.engine.Blackouts;
import dev.millrace.scheduler.store.ReadsLimits;
import dev.millrace.scheduler.store.ReadsWhy;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What holds up a run as a whole: pauses, turns, keys, locks, its window. Stateless. */
final class WholeRun {
  static final String LEADER = "leader";
  private static final int RUN = -1;

  /** Pauses that are told in words of their own. */
  private static final Set<String> KNOWN =
      Set.of("run", "job", "namespace", "all", "parent", "blackout");

  private WholeRun() {}

  static List<Why.Reason> of(WhyFacts facts) {
    List<Why.Reason> found = new ArrayList<>(pauses(facts));
    if (facts.run.state().equals("STOPPING")) {
      found.add(
          reason(
              "STOPPING",
              "attempts in flight are being cancelled, and what always comes last is executed",
              "workers"));
    }
    List<String> marks = Marks.ofRun(facts.run.extra().marks());
    if (marks.contains("prepared")) {
      found.add(
          new Why.Reason(
              null,
              "PREPARED",
              "was made ahead of its window, which begins at the time told",
              facts.run.scheduledFor(),
              "window"));
    } else if (marks.contains("notAdmitted")) {
      notAdmitted(found, facts);
    }
    return found;
  }

  private static List<Why.Reason> pauses(WhyFacts facts) {
    List<Why.Reason> found = new ArrayList<>();
    List<String> by = Marks.pauses(facts.run.extra().pauses());
    String id = new RunId(facts.run.id()).toString();
    if (by.contains("run")) {
      found.add(reason("RUN_PAUSED", "the run is paused; resume it to go on", "run " + id));
    }
    Long parent = facts.run.extra().parent();
    boolean item = parent != null && facts.run.extra().item() != null;
    if (by.contains("job") || (!item && facts.run.jobState().equals("PAUSED"))) {
      found.add(
          facts.run.jobState().equals("PAUSED")
              ? reason(
                  "JOB_PAUSED", "the job is paused; resume it to go on", "job " + facts.run.job())
              : resuming("job " + facts.run.job()));
    }
    wide(facts, "namespace", facts.run.namespace(), by, item).ifPresent(found::add);
    wide(facts, "all", "", by, item).ifPresent(found::add);
    if (by.contains("parent")) {
      found.add(
          reason(
              "PARENT_PAUSED",
              "the run that waits for it is paused; it goes on with that one",
              "run " + new RunId(parent)));
    }
    if (by.contains("blackout")) {
      found.add(blackout(facts));
    }
    for (String other : by) {
      if (!KNOWN.contains(other)) {
        String kind = other.toUpperCase(Locale.ROOT);
        found.add(reason(kind, "it is paused by a " + other + " and goes on after it", other));
      }
    }
    if (found.isEmpty() && facts.run.state().equals("PAUSED")) {
      found.add(resuming("the run"));
    }
    return found;
  }

  private static Why.Reason blackout(WhyFacts facts) {
    JobDefinition job = Definitions.of(facts.run.definition());
    Blackouts blackouts = Blackouts.of(job == null ? null : job.rules().window());
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, facts.databaseNow());
    Instant until =
        blackouts.covers(now)
            ? Instant.EPOCH.plus(blackouts.changes(now), ChronoUnit.MICROS)
            : null;
    String why = "a blackout of its window; it goes on when that is over";
    return new Why.Reason(null, "BLACKOUT", why, until, "window");
  }

  /** From the commit of such a pause nothing starts behind it, also before it is the run's own. */
  private static Optional<Why.Reason> wide(
      WhyFacts facts, String scope, String name, List<String> by, boolean item) {
    String what = scope.equals("all") ? "everything" : "namespace " + name;
    for (ReadsLimits.Pause pause : facts.pauses) {
      if (pause.scope().equals(scope) && pause.name().equals(name)) {
        boolean itsParents = item && !by.contains(scope) && by.contains("parent");
        return itsParents
            ? Optional.empty()
            : Optional.of(
                reason(
                    scope.equals("all") ? "ALL_PAUSED" : "NAMESPACE_PAUSED",
                    paused(what, pause),
                    scope.equals("all") ? "all" : what));
      }
    }
    return by.contains(scope) ? Optional.of(resuming(what)) : Optional.empty();
  }

  /** Who paused it, when and why. */
  static String paused(String what, ReadsLimits.Pause pause) {
    return what
        + " is paused since "
        + pause.since()
        + " by "
        + pause.actor()
        + (pause.reason() == null ? "" : ": " + pause.reason());
  }

  private static Why.Reason resuming(String what) {
    return reason("RESUMING", "the pause of " + what + " is over; it goes on in a moment", LEADER);
  }

  private static void notAdmitted(List<Why.Reason> found, WhyFacts facts) {
    int before = found.size();
    if (Marks.ofRun(facts.run.extra().marks()).contains("gated")) {
      found.addAll(Required.reasons(facts));
    }
    for (ReadsWhy.Place place : facts.places(RUN)) {
      if (QuotaReason.isAbout(place)) {
        found.add(QuotaReason.of(facts, place));
      }
    }
    found.addAll(lines(facts, null, RUN));
    if (found.size() == before && before == 0) {
      found.add(reason("NOT_ADMITTED", "it is admitted in a moment", LEADER));
    }
  }

  /** What a stage, or -1 the run as a whole, waits for in line, and who is before it. */
  static List<Why.Reason> lines(WhyFacts facts, String stage, int index) {
    List<Why.Reason> found = new ArrayList<>();
    for (ReadsWhy.Place place : facts.places(index)) {
      if (QuotaReason.isAbout(place)) {
        continue; // nobody holds it: it is told in words of its own
      }
      Optional<ReadsWhy.Line> line = facts.line(place);
      if (line.isEmpty()) {
        found.add(
            new Why.Reason(
                stage,
                kind(place),
                "waits for "
                    + words(place)
                    + "; who is before it was not looked up, as more than "
                    + ReadsWhy.LINES_MAX
                    + " lines are stood in",
                null,
                words(place)));
      } else if (!line.get().before().isEmpty()) {
        found.add(inLine(stage, line.get()));
        found.addAll(deadlock(stage, line.get()));
      }
    }
    return found;
  }

  private static Why.Reason inLine(String stage, ReadsWhy.Line line) {
    boolean held = line.held() > 0;
    List<String> who =
        line.before().stream().filter(holder -> holder.held() == held).map(WholeRun::name).toList();
    String before = line.waiting() + (line.waiting() == 1 ? " other is" : " others are");
    return new Why.Reason(
        stage,
        kind(line.place()),
        "waits for "
            + words(line.place())
            + (held ? ", held by others; " : ", which is free; ")
            + before
            + " before it",
        null,
        who,
        held ? line.held() : line.waiting());
  }

  /** Seen between two runs; more of them in a ring are told by the lines alone. */
  private static List<Why.Reason> deadlock(String stage, ReadsWhy.Line line) {
    List<String> runs = line.crossed().stream().map(run -> "run " + new RunId(run)).toList();
    return runs.isEmpty()
        ? List.of()
        : List.of(
            new Why.Reason(
                stage,
                "DEADLOCK",
                "who is before it in the line for "
                    + words(line.place())
                    + " waits for what this run has: neither moves until one is ended or skipped",
                runs));
  }

  private static String name(ReadsWhy.Holder holder) {
    String run = "run " + new RunId(holder.run());
    return holder.stage() == null ? run : run + "/" + holder.stage();
  }

  private static String kind(ReadsWhy.Place place) {
    String subject = place.subject();
    return subject.startsWith("job:")
        ? "OVERLAP"
        : subject.startsWith("key:") ? "CONCURRENCY_KEY" : "LOCK_WAIT";
  }

  private static String words(ReadsWhy.Place place) {
    String subject = place.subject();
    String rest = subject.substring(subject.indexOf(':') + 1);
    return switch (kind(place)) {
      case "OVERLAP" -> "its job's turn";
      case "CONCURRENCY_KEY" -> "a turn of key '" + rest.substring(rest.indexOf(':') + 1) + "'";
      default -> "lock " + rest.substring(rest.indexOf('/') + 1);
    };
  }

  private static Why.Reason reason(String kind, String detail, String holder) {
    return new Why.Reason(null, kind, detail, null, holder);
  }
}
