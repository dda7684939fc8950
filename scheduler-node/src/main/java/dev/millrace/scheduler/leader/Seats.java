package dev.millrace.scheduler.leader;

import dev.millrace.model.LockUse;
import dev.millrace.scheduler.store.SeatRows;
import dev.millrace.scheduler.store.Stages;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;

/**
 * Who holds, and who waits for, what there is only so much of: named locks, a job's turn, a
 * concurrency key's turns, a rate's starts. Whoever asks for several gets all of them at once or
 * none, and nobody overtakes who waits for the same: no starvation. What a run, a group or a stage
 * holds, the stages and runs below it have too. What then still waits for itself is found by {@link
 * Deadlocks}. What the table says is loaded at the start of a term; changes are written with the
 * pass. The leader's thread.
 */
final class Seats {
  /** The stage of a request that is the run's own. */
  static final int RUN = -1;

  /** One thing of what a request asks for. */
  record Ask(String subject, int weight, boolean exclusive) {
    static Ask of(String namespace, LockUse lock) {
      return new Ask("lock:" + namespace + "/" + lock.name(), lock.weight(), lock.exclusive());
    }
  }

  /** A rate: not before so long after the last one of the same subject. */
  record Pace(String subject, long everyMicros) {}

  private static final class Request {
    final Stages.Key owner;
    List<Ask> asks;
    final Pace pace;
    long number;
    boolean held;
    boolean refused;

    /** Whose seats its owner has too. */
    List<Stages.Key> above = List.of();

    /** Those it may go before, as they wait for what it has. */
    Set<Stages.Key> passes = Set.of();

    Request(Stages.Key owner, List<Ask> asks, Pace pace, long number, boolean held) {
      this.owner = owner;
      this.asks = asks;
      this.pace = pace;
      this.number = number;
      this.held = held;
    }
  }

  /** One subject's holders and those who wait, first come first. */
  private static final class Subject {
    final Set<Request> holders = new HashSet<>();
    final TreeSet<Request> waiting =
        new TreeSet<>(Comparator.comparingLong((Request request) -> request.number));
    long nextAt;
  }

  private final Map<Stages.Key, Request> requests = new HashMap<>();
  private final Map<String, Subject> subjects = new HashMap<>();
  private final Map<String, Integer> limits = new HashMap<>();
  private final Map<Stages.Key, Request> changed = new LinkedHashMap<>();
  private final Set<Stages.Key> gone = new HashSet<>();
  private final Set<String> freed = new HashSet<>();
  private final Predicate<String> gate;
  private long lastNumber;

  /** Somebody waits who has something already: it may be the last one of a ring. */
  private boolean suspicious;

  /**
   * @param gate whether one more may pass a gate, which is a subject that nobody holds
   */
  Seats(Predicate<String> gate) {
    this.gate = gate;
  }

  private static boolean isGate(String subject) {
    return subject.startsWith(Quotas.SUBJECT);
  }

  /** What the tables say, instead of what was known. */
  void load(Handle tx) {
    requests.clear();
    subjects.clear();
    limits.clear();
    freed.clear();
    forgetChanges();
    Map<Stages.Key, List<SeatRows.Row>> rows = new LinkedHashMap<>();
    for (SeatRows.Row row : SeatRows.all(tx)) {
      rows.computeIfAbsent(new Stages.Key(row.run(), row.index()), any -> new ArrayList<>())
          .add(row);
      lastNumber = Math.max(lastNumber, row.number());
    }
    SeatRows.capacities(tx).forEach((name, capacity) -> limits.put("lock:" + name, capacity));
    rows.forEach(
        (owner, seats) -> {
          List<Ask> asks =
              seats.stream()
                  .map(row -> new Ask(row.subject(), row.weight(), row.exclusive()))
                  .toList();
          SeatRows.Row first = seats.getFirst();
          add(new Request(owner, asks, null, first.number(), first.held()));
        });
    freed.addAll(subjects.keySet());
  }

  private void add(Request request) {
    requests.put(request.owner, request);
    for (Ask ask : request.asks) {
      Subject subject = subjects.computeIfAbsent(ask.subject, any -> new Subject());
      if (request.held) {
        subject.holders.add(request);
      } else {
        subject.waiting.add(request);
      }
    }
    if (request.pace != null) {
      subjects.computeIfAbsent(request.pace.subject, any -> new Subject()).waiting.add(request);
    }
  }

  /** A lock's capacity, or a key's limit, is this from now on. */
  void limit(String subject, int capacity) {
    limits.put(subject, capacity);
    freed.add(subject);
    suspicious |= !requests.isEmpty();
  }

  /** A gate may be open now. */
  void wake(String subject) {
    if (subjects.containsKey(subject)) {
      freed.add(subject);
    }
  }

  private int limitOf(String subject) {
    return limits.getOrDefault(subject, 1);
  }

  boolean has(Stages.Key owner) {
    return requests.containsKey(owner);
  }

  boolean holds(Stages.Key owner) {
    Request request = requests.get(owner);
    return request != null && request.held;
  }

  /** How many hold or wait for a subject. */
  int waiting(String subject) {
    Subject known = subjects.get(subject);
    return known == null ? 0 : known.waiting.size();
  }

  /** Who holds a subject now. */
  List<Stages.Key> holders(String subject) {
    Subject known = subjects.get(subject);
    return known == null ? List.of() : known.holders.stream().map(each -> each.owner).toList();
  }

  /** Who waits for a subject, first come first. */
  List<Stages.Key> waiters(String subject) {
    Subject known = subjects.get(subject);
    return known == null ? List.of() : known.waiting.stream().map(each -> each.owner).toList();
  }

  /**
   * Stands in line; {@link #grant} tells when it is its turn. Asking twice changes nothing.
   *
   * @param above whose seats the owner has too, see {@link Drafts#above}
   */
  void ask(Stages.Key owner, List<Ask> asks, Pace pace, List<Stages.Key> above) {
    if (requests.containsKey(owner)) {
      return;
    }
    Request request = new Request(owner, merged(asks), pace, ++lastNumber, false);
    add(request);
    below(owner, above);
    changed.put(owner, request);
    gone.remove(owner);
    asks.forEach(ask -> freed.add(ask.subject));
    if (pace != null) {
      freed.add(pace.subject);
    }
  }

  /** Whose seats an owner has too: at the start of a term, when its request is from the table. */
  void below(Stages.Key owner, List<Stages.Key> above) {
    Request request = requests.get(owner);
    request.above = above;
    suspicious |= !request.held && above.stream().anyMatch(this::holds);
  }

  /** What ends the first deadlock, or null when there is none; cheap when there cannot be one. */
  Deadlocks.Way deadlock() {
    if (!suspicious) {
      return null;
    }
    List<Deadlocks.Node> nodes = new ArrayList<>(requests.size());
    for (Request request : requests.values()) {
      nodes.add(
          new Deadlocks.Node(
              request.owner,
              request.above,
              request.asks,
              request.pace == null ? null : request.pace.subject,
              request.number,
              request.held,
              request.refused,
              request.passes));
    }
    Deadlocks.Way way = Deadlocks.find(nodes, this::limitOf);
    suspicious = way != null;
    return way;
  }

  /** From now on it may go before these. */
  void pass(Stages.Key owner, Set<Stages.Key> before) {
    Request request = requests.get(owner);
    request.passes = before;
    request.asks.forEach(ask -> freed.add(ask.subject));
  }

  /** Takes it whatever others hold: a person lets an ended run go on. */
  void take(Stages.Key owner, List<Ask> asks) {
    release(owner);
    Request request = new Request(owner, merged(asks), null, ++lastNumber, true);
    add(request);
    suspicious = true;
    changed.put(owner, request);
    gone.remove(owner);
  }

  /** One lock that is named twice is taken once, with both weights. */
  private static List<Ask> merged(List<Ask> asks) {
    Map<String, Ask> bySubject = new LinkedHashMap<>();
    for (Ask ask : asks) {
      bySubject.merge(
          ask.subject,
          ask,
          (a, b) -> new Ask(a.subject, a.weight + b.weight, a.exclusive || b.exclusive));
    }
    return List.copyOf(bySubject.values());
  }

  /** Gives back what it holds and leaves the line. */
  void release(Stages.Key owner) {
    Request request = requests.remove(owner);
    if (request == null) {
      return;
    }
    for (Ask ask : request.asks) {
      Subject subject = subjects.get(ask.subject);
      subject.holders.remove(request);
      subject.waiting.remove(request);
      if (subject.holders.isEmpty() && subject.waiting.isEmpty()) {
        subjects.remove(ask.subject);
      }
      freed.add(ask.subject);
    }
    if (request.pace != null && subjects.containsKey(request.pace.subject)) {
      subjects.get(request.pace.subject).waiting.remove(request);
    }
    changed.remove(owner);
    gone.add(owner);
  }

  /** It could not take its turn, as its run is paused; now it can. */
  void offerAgain(long run) {
    for (Request request : requests.values()) {
      if (request.owner.run() == run && request.refused) {
        request.refused = false;
        request.asks.forEach(ask -> freed.add(ask.subject));
      }
    }
  }

  /** When a rate lets the next one start, in microseconds; Long.MAX_VALUE for never. */
  long nextPaceAt() {
    long next = Long.MAX_VALUE;
    for (Subject subject : subjects.values()) {
      if (subject.nextAt != 0 && !subject.waiting.isEmpty()) {
        next = Math.min(next, subject.nextAt);
      }
    }
    return next;
  }

  boolean hasNews(long now) {
    return !freed.isEmpty() || nextPaceAt() <= now;
  }

  /**
   * Gives what is free to those whose turn it is.
   *
   * @param taker told each one; false when it cannot take it now, then it is passed over until
   *     {@link #offerAgain}
   */
  void grant(long now, Predicate<Stages.Key> taker) {
    Set<String> open = new HashSet<>(freed);
    freed.clear();
    subjects.forEach(
        (name, subject) -> {
          if (subject.nextAt != 0 && subject.nextAt <= now) {
            open.add(name);
          }
        });
    for (String name : open) {
      Subject subject = subjects.get(name);
      if (subject == null) {
        continue;
      }
      boolean first = true;
      for (Request request : List.copyOf(subject.waiting)) {
        if (request.refused || (!first && request.above.isEmpty() && request.passes.isEmpty())) {
          continue;
        }
        if (!isItsTurn(request, now)) {
          first = false; // behind it only those that may go before it
          continue;
        }
        if (taker.test(request.owner)) {
          hold(request, now);
        } else {
          request.refused = true;
        }
      }
    }
  }

  private boolean isItsTurn(Request request, long now) {
    for (Ask ask : request.asks) {
      Subject subject = subjects.get(ask.subject);
      if (!isFirst(subject, request) || !fits(subject, request, ask)) {
        return false;
      }
      if (isGate(ask.subject) && !gate.test(ask.subject)) {
        return false;
      }
    }
    if (request.pace == null) {
      return true;
    }
    Subject pace = subjects.get(request.pace.subject);
    if (pace.nextAt == 0) {
      pace.nextAt = now; // nobody of this term started yet
    }
    return isFirst(pace, request) && pace.nextAt <= now;
  }

  private static boolean isFirst(Subject subject, Request request) {
    boolean inherits = inherits(subject, request);
    for (Request other : subject.waiting) {
      if (other == request) {
        return true;
      }
      boolean before =
          !other.refused
              && !request.passes.contains(other.owner)
              && (!inherits || inherits(subject, other));
      if (before) {
        return false;
      }
    }
    return true;
  }

  /** What is above it holds the same, so that whoever else waits for that waits for it too. */
  private static boolean inherits(Subject subject, Request request) {
    return !request.above.isEmpty()
        && subject.holders.stream().anyMatch(holder -> request.above.contains(holder.owner));
  }

  private boolean fits(Subject subject, Request request, Ask ask) {
    List<Request> others =
        subject.holders.stream().filter(each -> !request.above.contains(each.owner)).toList();
    if (others.isEmpty()) {
      return true; // also what is heavier than the lock has room for
    }
    boolean exclusiveHolder = others.stream().anyMatch(holder -> exclusive(holder, ask.subject));
    int taken = others.stream().mapToInt(holder -> weight(holder, ask.subject)).sum();
    return !ask.exclusive && !exclusiveHolder && taken + ask.weight <= limitOf(ask.subject);
  }

  private static boolean exclusive(Request request, String subject) {
    return request.asks.stream().anyMatch(ask -> ask.subject.equals(subject) && ask.exclusive);
  }

  private static int weight(Request request, String subject) {
    return request.asks.stream()
        .filter(ask -> ask.subject.equals(subject))
        .mapToInt(Ask::weight)
        .sum();
  }

  private void hold(Request request, long now) {
    request.held = true;
    for (Ask ask : request.asks) {
      Subject subject = subjects.get(ask.subject);
      subject.waiting.remove(request);
      if (!isGate(ask.subject)) {
        subject.holders.add(request);
      } else if (subject.waiting.isEmpty()) {
        subjects.remove(ask.subject);
      }
    }
    if (request.pace != null) {
      Subject pace = subjects.get(request.pace.subject);
      pace.waiting.remove(request);
      pace.nextAt = Math.max(pace.nextAt, now) + request.pace.everyMicros;
    }
    changed.put(request.owner, request);
    forgetGates(request);
  }

  /** Who has passed a gate holds nothing of it. */
  private void forgetGates(Request request) {
    if (request.asks.stream().noneMatch(ask -> isGate(ask.subject))) {
      return;
    }
    request.asks = request.asks.stream().filter(ask -> !isGate(ask.subject)).toList();
    gone.add(request.owner); // its rows are written anew, as far as there are any
    if (request.asks.isEmpty()) {
      requests.remove(request.owner);
      changed.remove(request.owner);
    }
  }

  /** Writes what changed in this pass. */
  void write(Handle tx, long now) {
    SeatRows.drop(tx, gone);
    List<SeatRows.Row> rows = new ArrayList<>();
    for (Request request : changed.values()) {
      for (Ask ask : request.asks) {
        rows.add(
            new SeatRows.Row(
                ask.subject,
                request.owner.run(),
                request.owner.index(),
                ask.weight,
                ask.exclusive,
                request.held,
                request.number));
      }
    }
    SeatRows.put(tx, rows, now);
    forgetChanges();
  }

  private void forgetChanges() {
    changed.clear();
    gone.clear();
  }

  /** Owners that hold or wait, for whoever checks them against their runs. */
  Collection<Stages.Key> owners() {
    return List.copyOf(requests.keySet());
  }
}
