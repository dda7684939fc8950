package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.store.Stages;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Who among those that hold and wait can never go on, and what to do about it. A held seat is given
 * back when everything below it has come to its end; one that waits gets its turn when those before
 * it in the line have had theirs and enough of the holders have ended. What remains when all that
 * can end has ended, in thought, waits for itself. Pure.
 */
final class Deadlocks {
  /** Of a long line the first few are enough to see that one cannot go on, and why. */
  private static final int BEFORE_MAX = 100;

  private static final Comparator<Node> YOUNGEST_FIRST =
      Comparator.comparingLong((Node node) -> node.owner.run())
          .thenComparingInt(node -> node.owner.index())
          .reversed();

  /**
   * A seat that is held or waited for.
   *
   * @param above whose seats cannot be given back before this one's owner has ended: its run, its
   *     groups, the stages and runs that started it
   * @param pace a line without holders, or null
   * @param passable true when others may go before it, as it did not take its turn
   * @param passes whom it may go before
   */
  record Node(
      Stages.Key owner,
      List<Stages.Key> above,
      List<Seats.Ask> asks,
      String pace,
      long number,
      boolean held,
      boolean passable,
      Set<Stages.Key> passes) {}

  /** What ends a deadlock. */
  sealed interface Way {
    Stages.Key owner();

    /** Only the order of the line keeps it: it may go before these, which wait for its own. */
    record Pass(Stages.Key owner, Set<Stages.Key> before) implements Way {}

    /** It gives way, the youngest of a ring; the runs of the ring, its own first. */
    record GiveWay(Stages.Key owner, List<Long> runs) implements Way {}
  }

  private static final class Line {
    final List<Node> holders = new ArrayList<>();
    final List<Node> waiters = new ArrayList<>();

    /** Those before this one have ended. */
    int from;
  }

  private final ToIntFunction<String> limits;
  private final Map<String, Line> lines = new HashMap<>();

  /** By the owner of a held seat: those who wait below it. */
  private final Map<Stages.Key, List<Node>> below = new HashMap<>();

  /** What cannot end, by owner. */
  private final Set<Stages.Key> stuck = new HashSet<>();

  private Deadlocks(List<Node> byNumber, ToIntFunction<String> limits) {
    this.limits = limits;
    for (Node node : byNumber) {
      for (Seats.Ask ask : node.asks) {
        Line line = line(ask.subject());
        (node.held ? line.holders : line.waiters).add(node);
      }
      if (!node.held) {
        if (node.pace != null) {
          line(node.pace).waiters.add(node);
        }
        node.above.forEach(up -> below.computeIfAbsent(up, any -> new ArrayList<>()).add(node));
      }
    }
    byNumber.forEach(node -> stuck.add(node.owner));
    int before;
    do {
      before = stuck.size();
      for (Node node : byNumber) {
        if (isStuck(node) && ends(node)) {
          stuck.remove(node.owner);
        }
      }
    } while (stuck.size() < before);
  }

  /** What ends the first deadlock among these, or null when there is none. */
  static Way find(Collection<Node> nodes, ToIntFunction<String> limits) {
    List<Node> byNumber = new ArrayList<>(nodes);
    byNumber.sort(Comparator.comparingLong(Node::number));
    Deadlocks found = new Deadlocks(byNumber, limits);
    if (found.stuck.isEmpty()) {
      return null;
    }
    List<Node> waiting = byNumber.stream().filter(found::isStuck).toList();
    for (Node node : waiting) {
      if (!node.held && found.fits(node) && found.ring(node) != null) {
        return new Way.Pass(node.owner, found.keysBefore(node));
      }
    }
    return waiting.stream()
        .filter(node -> !node.held)
        .sorted(YOUNGEST_FIRST)
        .map(node -> giveWay(node, found.ring(node)))
        .filter(way -> way != null)
        .findFirst()
        .orElse(null);
  }

  private static Way giveWay(Node node, List<Node> ring) {
    return ring == null
        ? null
        : new Way.GiveWay(
            node.owner, ring.stream().map(each -> each.owner.run()).distinct().toList());
  }

  private boolean isStuck(Node node) {
    return stuck.contains(node.owner);
  }

  private Line line(String name) {
    return lines.computeIfAbsent(name, any -> new Line());
  }

  private boolean ends(Node node) {
    if (node.held) {
      return below.getOrDefault(node.owner, List.of()).stream().noneMatch(this::isStuck);
    }
    return node.passable || (fits(node) && before(node).isEmpty());
  }

  /** Apart from the line: what it asks for is free when all have ended that can. */
  private boolean fits(Node node) {
    return node.asks.stream().allMatch(ask -> fits(node, ask));
  }

  private boolean fits(Node node, Seats.Ask ask) {
    int taken = 0;
    boolean exclusive = ask.exclusive();
    List<Node> holders = inTheWay(node, ask);
    for (Node holder : holders) {
      for (Seats.Ask held : holder.asks) {
        if (held.subject().equals(ask.subject())) {
          taken += held.weight();
          exclusive |= held.exclusive();
        }
      }
    }
    return holders.isEmpty()
        || (!exclusive && taken + ask.weight() <= limits.applyAsInt(ask.subject()));
  }

  private List<Node> inTheWay(Node node, Seats.Ask ask) {
    return line(ask.subject()).holders.stream()
        .filter(holder -> isStuck(holder) && !node.above.contains(holder.owner))
        .toList();
  }

  /** Those in its lines who have to go first, and cannot. */
  private List<Node> before(Node node) {
    List<Node> before = new ArrayList<>();
    node.asks.forEach(ask -> addBefore(node, line(ask.subject()), before));
    if (node.pace != null) {
      addBefore(node, line(node.pace), before);
    }
    return before;
  }

  private void addBefore(Node node, Line line, List<Node> into) {
    boolean inherits = inherits(node, line);
    while (line.from < line.waiters.size() && !isStuck(line.waiters.get(line.from))) {
      line.from++;
    }
    for (Node other : line.waiters.subList(line.from, line.waiters.size())) {
      if (other.number >= node.number) {
        return;
      }
      if (isStuck(other)
          && !node.passes.contains(other.owner)
          && (!inherits || inherits(other, line))) {
        into.add(other);
        if (into.size() >= BEFORE_MAX) {
          return;
        }
      }
    }
  }

  private static boolean inherits(Node node, Line line) {
    return !node.above.isEmpty()
        && line.holders.stream().anyMatch(holder -> node.above.contains(holder.owner));
  }

  private Set<Stages.Key> keysBefore(Node node) {
    Set<Stages.Key> keys = new HashSet<>(node.passes);
    before(node).forEach(other -> keys.add(other.owner));
    return keys;
  }

  /** The way from a node over those it waits for back to itself, or null. */
  private List<Node> ring(Node from) {
    Map<Stages.Key, Node> cameFrom = new HashMap<>();
    Deque<Node> open = new ArrayDeque<>();
    open.add(from);
    while (!open.isEmpty()) {
      Node at = open.poll();
      for (Node next : waitsFor(at)) {
        if (next.owner.equals(from.owner)) {
          List<Node> ring = new ArrayList<>();
          for (Node back = at; back != null; back = cameFrom.get(back.owner)) {
            ring.add(back);
          }
          return ring.reversed();
        }
        if (cameFrom.putIfAbsent(next.owner, at) == null) {
          open.add(next);
        }
      }
    }
    return null;
  }

  private List<Node> waitsFor(Node node) {
    if (node.held) {
      return below.getOrDefault(node.owner, List.of()).stream().filter(this::isStuck).toList();
    }
    List<Node> others = before(node);
    for (Seats.Ask ask : node.asks) {
      if (!fits(node, ask)) {
        others.addAll(inTheWay(node, ask));
      }
    }
    return others;
  }
}
