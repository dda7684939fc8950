package dev.millrace.scheduler.http;

import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.Overlap;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsLimits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Whether a run that was asked for now would start, as the leader would decide by what the tables
 * say: its job, pauses, overlap, key and locks, in that order. One thread.
 */
final class Admission {
  /** What would come of the run, the worst last. */
  enum Outcome {
    STARTS,
    /** It is made, and waits. */
    WAITS,
    /** It is made, and paused from its beginning. */
    PAUSED,
    /** None is made. */
    SKIPPED,
    REFUSED
  }

  private final ReadsJobs.Job job;
  private final JobRules rules;
  private final Map<String, List<ReadsLimits.Seat>> seats = new HashMap<>();
  private final List<String> because = new ArrayList<>();
  private Outcome outcome = Outcome.STARTS;

  private Admission(ReadsJobs.Job job, JobRules rules) {
    this.job = job;
    this.rules = rules;
  }

  /**
   * @param key the value of its concurrency key, or null
   * @param locks those of the namespace
   */
  static Admission of(
      Handle handle, ReadsJobs.Job job, JobRules rules, String key, List<ReadsLimits.Lock> locks) {
    Admission admission = new Admission(job, rules);
    String turn = "job:" + job.id();
    String line = "key:" + job.id() + ":" + (key == null ? "" : key);
    for (ReadsLimits.Seat seat : ReadsLimits.of(handle, List.of(turn, line))) {
      admission.seats.computeIfAbsent(seat.subject(), any -> new ArrayList<>()).add(seat);
    }
    admission.ofJob(ReadsLimits.pauses(handle));
    if (admission.outcome != Outcome.REFUSED) {
      admission.ofOverlap(turn);
    }
    if (admission.outcome.compareTo(Outcome.SKIPPED) < 0) {
      admission.ofKey(line, key);
      rules.locks().forEach(lock -> admission.ofLock(lock, locks));
    }
    return admission;
  }

  Outcome outcome() {
    return outcome;
  }

  /** One sentence for each thing that is in its way. */
  List<String> because() {
    return because;
  }

  private void add(Outcome worse, String why) {
    outcome = worse.compareTo(outcome) > 0 ? worse : outcome;
    because.add(why);
  }

  private void ofJob(List<ReadsLimits.Pause> pauses) {
    if (!job.state().equals("SCHEDULED")) {
      add(Outcome.REFUSED, "job '" + job.name() + "' is " + job.state() + "; it starts no runs");
    }
    for (ReadsLimits.Pause pause : pauses) {
      boolean all = pause.scope().equals("all");
      if (all || (pause.scope().equals("namespace") && pause.name().equals(job.namespace()))) {
        String what = all ? "everything" : "namespace '" + pause.name() + "'";
        add(Outcome.PAUSED, what + " is paused by " + pause.actor());
      }
    }
  }

  private void ofOverlap(String subject) {
    List<ReadsLimits.Seat> all = seats.getOrDefault(subject, List.of());
    Overlap overlap = rules.overlap();
    if (all.isEmpty() || overlap.kind() == Overlap.Kind.ALLOW) {
      return;
    }
    long waiting = all.stream().filter(seat -> !seat.held()).count();
    String open = "overlap: " + runs(all) + (all.size() == 1 ? " is open" : " are open");
    switch (overlap.kind()) {
      case ALLOW -> {}
      case SKIP -> add(Outcome.SKIPPED, open + ", and the policy is skip");
      case QUEUE -> {
        if (waiting < overlap.waitingMax()) {
          add(Outcome.WAITS, open + "; it waits for its turn");
        } else {
          add(Outcome.SKIPPED, open + ", and " + waiting + " wait already, which is the bound");
        }
      }
      case COALESCE -> {
        if (waiting == 0) {
          add(Outcome.WAITS, open + "; it waits for its turn");
        } else {
          add(Outcome.SKIPPED, open + "; one waits already and stands for this one");
        }
      }
      case CANCEL_RUNNING -> add(Outcome.WAITS, open + "; they are stopped, and it waits for that");
    }
  }

  private void ofKey(String subject, String key) {
    List<ReadsLimits.Seat> all = seats.getOrDefault(subject, List.of());
    if (rules.concurrency() != null && all.size() >= rules.concurrency().limit()) {
      String of = key == null ? "" : " with key '" + key + "'";
      add(
          Outcome.WAITS,
          "concurrency: " + runs(all) + of + ", the limit is " + rules.concurrency().limit());
    }
  }

  private void ofLock(LockUse use, List<ReadsLimits.Lock> locks) {
    ReadsLimits.Lock lock =
        locks.stream().filter(one -> one.name().equals(use.name())).findFirst().orElse(null);
    if (lock == null || !inItsWay(use, lock)) {
      return;
    }
    List<ReadsLimits.Seat> all = new ArrayList<>(lock.holders());
    all.addAll(lock.waiting());
    add(
        Outcome.WAITS,
        "lock '"
            + use.name()
            + "': "
            + runs(all)
            + (lock.waiting().isEmpty() ? "" : ", " + lock.waiting().size() + " in line"));
  }

  /** Nobody overtakes who waits; exclusive means alone. */
  private static boolean inItsWay(LockUse use, ReadsLimits.Lock lock) {
    int taken = lock.holders().stream().mapToInt(ReadsLimits.Seat::weight).sum();
    boolean alone = lock.holders().stream().anyMatch(ReadsLimits.Seat::exclusive);
    boolean full = use.exclusive() ? taken > 0 : taken + use.weight() > lock.capacity();
    return !lock.waiting().isEmpty() || alone || (full && taken > 0);
  }

  private static String runs(List<ReadsLimits.Seat> seats) {
    List<String> ids =
        seats.stream().map(seat -> new RunId(seat.run()).toString()).distinct().toList();
    int shown = Math.min(ids.size(), 3);
    String more = ids.size() > shown ? " and " + (ids.size() - shown) + " more" : "";
    return (ids.size() == 1 ? "run " : "runs ") + String.join(", ", ids.subList(0, shown)) + more;
  }
}
