package dev.millrace.scheduler.http;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.scheduler.store.ReadsOverview;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whatever is not well, each with what somebody can do about it. Pure; used by one thread.
 *
 * @see Whole
 */
final class Trouble {
  static final String BAD = "bad";
  static final String WARN = "warn";
  private static final int ALIKE_MAX = 20;
  private static final Duration UNSERVED = Duration.ofSeconds(10);
  private static final Duration LONG_IN_LINE = Duration.ofMinutes(5);
  private static final Duration LONG_UNDECIDED = Duration.ofMinutes(10);
  private static final Duration LOST_LATELY = Duration.ofMinutes(10);
  private static final long LATE_MILLIS = 5_000;
  private static final long TOO_LATE_MILLIS = 60_000;
  private static final int FAILURES_BAD = 3;
  private static final long DEAD_BAD = 50;
  private static final int QUOTA_NEAR_PERCENT = 90;

  /**
   * One problem.
   *
   * @param severity {@link #BAD} or {@link #WARN}
   * @param what in a few words
   * @param link where the dashboard shows more
   */
  record Item(String severity, String what, String detail, String remedy, String link) {}

  private final Whole whole;
  private final Instant now;
  private final List<Item> items = new ArrayList<>();

  private Trouble(Whole whole) {
    this.whole = whole;
    this.now = whole.leader().now();
  }

  /** The worst first. */
  static List<Item> of(Whole whole, NodeStatus node) {
    Trouble trouble = new Trouble(whole);
    trouble.node(node);
    trouble.pools();
    trouble.ticks();
    trouble.failing();
    trouble.deadLetters();
    trouble.broken();
    trouble.workers();
    trouble.paused();
    trouble.quotas();
    trouble.waiting();
    trouble.items.sort(Comparator.comparing(item -> item.severity().equals(BAD) ? 0 : 1));
    return List.copyOf(trouble.items);
  }

  private void bad(String what, String detail, String remedy, String link) {
    items.add(new Item(BAD, what, detail, remedy, link));
  }

  private void warn(String what, String detail, String remedy, String link) {
    items.add(new Item(WARN, what, detail, remedy, link));
  }

  private void add(boolean bad, String what, String detail, String remedy, String link) {
    items.add(new Item(bad ? BAD : WARN, what, detail, remedy, link));
  }

  private void node(NodeStatus node) {
    ReadsOverview.Leader leader = whole.leader();
    if (leader.holder() == null || leader.until() == null || leader.until().isBefore(now)) {
      bad(
          "No node leads",
          leader.holder() == null
              ? "Nobody starts runs or hears workers."
              : "The term of " + leader.holder() + " ended " + ago(leader.until()) + " ago.",
          "Start a scheduler node, or see in the log of those that run why none takes over.",
          "#/workers");
    }
    if (node.brokerProblem() != null) {
      bad(
          "The broker does not answer",
          "Node " + node.node() + ": " + node.brokerProblem(),
          "Start the broker, or mend its address; nothing is lost meanwhile.",
          "#/workers");
    }
    if (node.databaseProblem() != null) {
      bad(
          "The database has trouble",
          "Node " + node.node() + ": " + node.databaseProblem(),
          "See whether Postgres runs and takes connections.",
          "#/workers");
    }
  }

  private long standing(String name) {
    return whole.standing().stream()
        .filter(one -> one.name().equals(name))
        .mapToLong(ReadsOverview.Standing::value)
        .sum();
  }

  private void pools() {
    Map<String, long[]> ready = new HashMap<>();
    Map<String, Instant> oldest = new HashMap<>();
    for (ReadsOverview.Ready one : whole.ready()) {
      ready.computeIfAbsent(one.pool(), any -> new long[1])[0] += one.count();
      if (one.oldest() != null) {
        oldest.merge(one.pool(), one.oldest(), (a, b) -> a.isBefore(b) ? a : b);
      }
    }
    ready.forEach((pool, count) -> pool(pool, count[0], oldest.get(pool)));
  }

  private void pool(String pool, long ready, Instant oldest) {
    boolean rests =
        whole.paused().stream()
            .anyMatch(
                one ->
                    one.scope().equals("all")
                        || (one.scope().equals("pool") && one.name().equals(pool)));
    if (rests || oldest == null) {
      return;
    }
    String detail =
        many(ready, "stage is", "stages are") + " ready, the oldest since " + ago(oldest);
    if (whole.slots(pool) == 0 && since(oldest).compareTo(UNSERVED) > 0) {
      bad(
          "No worker for pool " + pool,
          detail + ".",
          "Start one: millrace worker --pool " + pool + ".",
          "#/pools");
    } else if (since(oldest).compareTo(LONG_IN_LINE) > 0) {
      warn(
          "Work waits long in pool " + pool,
          detail + "; its workers have " + many(whole.slots(pool), "slot", "slots") + ".",
          "Add workers or slots to the pool, or see what holds its slots.",
          "#/pools");
    }
  }

  private void ticks() {
    long p99 = whole.lateMillis(99);
    if (p99 > LATE_MILLIS) {
      ReadsOverview.Late worst =
          whole.late().stream().max(Comparator.comparingLong(ReadsOverview.Late::millis)).get();
      add(
          p99 > TOO_LATE_MILLIS,
          "Runs start late",
          "Of those that time started in the last 5 min one in a hundred was made over "
              + text(Duration.ofMillis(p99))
              + " late; the latest of job "
              + worst.job()
              + ".",
          "See whether the leader is new, the database slow, or a misfire policy catches up.",
          job(worst.namespace(), worst.job()));
    }
    for (ReadsOverview.Missed one : whole.missed().stream().limit(ALIKE_MAX).toList()) {
      warn(
          "Job " + one.job() + " missed " + many(one.ticks(), "tick", "ticks"),
          "Recorded " + ago(one.at()) + " ago; nobody led when they were due.",
          "Run them now with a backfill, if they matter.",
          job(one.namespace(), one.job()));
    }
    long unaccounted = standing("ticks.unaccounted");
    if (unaccounted > 0) {
      bad(
          "The ledger lacks " + many(unaccounted, "tick", "ticks"),
          "What was planned and what became of it are apart.",
          "millrace audit ticks names each gap; see docs/operations.md.",
          "#/schedule");
    }
  }

  private void failing() {
    List<ReadsOverview.Failing> all = whole.failing();
    for (ReadsOverview.Failing one : all.stream().limit(ALIKE_MAX).toList()) {
      add(
          one.failures() >= FAILURES_BAD,
          "Job " + one.job() + " fails",
          (one.failures() == 1
                  ? "Its newest run failed "
                  : "The last " + one.failures() + " runs failed, the newest ")
              + ago(one.at())
              + " ago.",
          "See why, mend it, and retry the run from the stage that failed.",
          "#/runs/" + new RunId(one.run()));
    }
    if (all.size() > ALIKE_MAX) {
      bad(
          many(all.size() - ALIKE_MAX, "more job fails", "more jobs fail"),
          "Each has failed in the last hour and not completed since.",
          "Look for what they have in common: a pool, a host, a deployment.",
          "#/runs?state=FAILED");
    }
  }

  private void deadLetters() {
    long open = Whole.sum(whole.deadLetters());
    if (open > 0) {
      add(
          open > DEAD_BAD,
          many(open, "open dead letter", "open dead letters"),
          "Stages that failed for good and that nobody has dealt with.",
          "Redrive those whose cause is mended, discard the others.",
          "#/dead");
    }
  }

  private void broken() {
    for (ReadsOverview.Broken one : whole.broken().stream().limit(ALIKE_MAX).toList()) {
      bad(
          "A trigger of job " + one.job() + " does not work",
          one.kind() + ": " + one.problem(),
          "Mend what it says; the trigger goes on by itself.",
          job(one.namespace(), one.job()));
    }
  }

  private void workers() {
    for (Fleet.Member worker : whole.workers()) {
      Instant seen = worker.row().seenAt();
      if (worker.row().state().equals("SUSPECT")) {
        warn(
            "Worker " + worker.row().id() + " is silent",
            "Last heard of " + ago(seen) + " ago, on " + worker.row().host() + ".",
            "It is lost soon, and its stages start elsewhere; see whether its host is well.",
            "#/workers");
      } else if (worker.row().state().equals("LOST") && since(seen).compareTo(LOST_LATELY) < 0) {
        warn(
            "Worker " + worker.row().id() + " is lost",
            "Last heard of " + ago(seen) + " ago, on " + worker.row().host() + ".",
            "See what became of its host; its stages have gone on by their retry rules.",
            "#/workers");
      }
    }
  }

  private void paused() {
    for (ReadsOverview.Paused one : whole.paused().stream().limit(ALIKE_MAX).toList()) {
      String why =
          (one.since() == null ? "" : "Since " + ago(one.since()) + ". ")
              + (one.reason() == null ? "" : one.reason());
      switch (one.scope()) {
        case "all" -> warn("Everything is paused", why, "Resume it when its reason is gone.", "#/");
        case "job" ->
            warn(
                one.count() == 1
                    ? "Job " + one.name() + " is paused"
                    : one.count() + " jobs are paused",
                "In namespace " + one.namespace() + ".",
                "Resume them when their reason is gone.",
                one.count() == 1 ? job(one.namespace(), one.name()) : "#/jobs?state=PAUSED");
        default ->
            warn(
                one.scope().equals("pool")
                    ? "Pool " + one.name() + " is paused"
                    : "Namespace " + one.name() + " is paused",
                why,
                "Resume it when its reason is gone.",
                one.scope().equals("pool") ? "#/pools" : "#/jobs");
      }
    }
  }

  private void quotas() {
    for (ReadsOverview.Quota one : whole.quotas()) {
      if (one.runsPerDay() != null) {
        quota(one, one.runsToday(), one.runsPerDay(), "runs per day");
      }
      if (one.running() != null) {
        long open =
            Whole.sum(
                whole.open().stream()
                    .filter(count -> count.namespace().equals(one.namespace()))
                    .toList());
        quota(one, Math.min(open, one.running()), one.running(), "runs at once");
      }
    }
  }

  private void quota(ReadsOverview.Quota quota, long used, int limit, String what) {
    if (used * 100 >= (long) limit * QUOTA_NEAR_PERCENT) {
      add(
          used >= limit,
          "Namespace " + quota.namespace() + " is near its quota",
          used + " of " + limit + " " + what + ".",
          "Raise the quota, or start less; what is over it waits or is refused.",
          "#/jobs");
    }
  }

  private void waiting() {
    for (ReadsOverview.LockWait one : whole.lockWaits().stream().limit(ALIKE_MAX).toList()) {
      warn(
          "Stage " + one.stage() + " waits long for a lock",
          one.subject() + ", for " + ago(one.askedAt()) + ".",
          "See who holds it: millrace run why " + new RunId(one.run()) + ".",
          "#/runs/" + new RunId(one.run()));
    }
    for (ReadsOverview.InFlight one : whole.inFlight()) {
      if (one.approval()
          && one.since() != null
          && since(one.since()).compareTo(LONG_UNDECIDED) > 0) {
        warn(
            many(one.count(), "stage waits", "stages wait") + " for somebody to approve",
            "In namespace " + one.namespace() + ", the oldest for " + ago(one.since()) + ".",
            "Approve or reject it.",
            "#/runs/" + new RunId(one.first()));
      }
    }
  }

  private static String job(String namespace, String job) {
    return "#/jobs/"
        + URLEncoder.encode(job, StandardCharsets.UTF_8)
        + "?namespace="
        + URLEncoder.encode(namespace, StandardCharsets.UTF_8);
  }

  private static String many(long count, String one, String more) {
    return count
        + (count >= ReadsOverview.COUNT_MAX ? " or more " : " ")
        + (count == 1 ? one : more);
  }

  private Duration since(Instant then) {
    return Duration.between(then, now);
  }

  private String ago(Instant then) {
    return text(since(then));
  }

  /** In the one unit that says enough. */
  static String text(Duration time) {
    long seconds = Math.max(0, time.toSeconds());
    if (seconds < 120) {
      return seconds + " s";
    }
    return seconds < 7_200
        ? seconds / 60 + " min"
        : seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " days";
  }
}
