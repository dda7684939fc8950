package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.FamilyNews;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.simulation.Store.Seat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What the runs of one turn mean for each other, in the same transaction: items, ends that are
 * told, locks. As the leader's Families does it. One thread, one turn.
 */
final class Kin {
  private final World world;
  private final Turn turn;
  private final Locks locks;
  private final Deque<Draft> open = new ArrayDeque<>();
  private final FamilyNews news = new FamilyNews();

  Kin(World world, Turn turn, Locks locks) {
    this.world = world;
    this.turn = turn;
    this.locks = locks;
  }

  void settle() {
    for (Draft draft : List.copyOf(turn.drafts())) {
      if (draft.run().parent() != null && !draft.isNew() && draft.before().state().isFinal()) {
        tellParent(draft, news.reopened(draft));
      }
    }
    for (Draft draft : turn.drafts()) {
      if (draft.changed()) {
        open.add(draft);
      }
    }
    do {
      while (!open.isEmpty()) {
        follow(open.poll());
      }
    } while (locks.grant(this::granted));
  }

  private void follow(Draft draft) {
    Engine.settle(draft, turn.now());
    for (Wish wish : draft.takeWishesNow()) {
      switch (wish) {
        case Wish.StartItems items -> startItems(draft, items);
        case Wish.TellChildren tell -> tellChildren(draft, tell);
        case Wish.StoreItems ignored -> {} // its items are their numbers
        case Wish.Dead ignored -> {}
        case Wish.StartJob ignored -> throw new IllegalStateException("no job here starts another");
        case Wish.WatchFiles ignored ->
            throw new IllegalStateException("no job here waits for files");
        case Wish.Listen ignored -> throw new IllegalStateException("no job here waits for events");
        case Wish.Cancel ignored -> throw new IllegalStateException("a cancel is for later");
      }
    }
    seatsOf(draft);
    if (draft.run().parent() != null) {
      tellParent(draft, news.reopened(draft));
      tellParent(draft, news.ended(draft, ended -> null));
    }
  }

  private void startItems(Draft draft, Wish.StartItems wish) {
    Run outer = draft.run();
    Plan part = Jobs.part(outer.plan());
    for (int item = wish.from(); item < wish.until(); item++) {
      Run.Parent parent =
          new Run.Parent(
              outer.id(), wish.stage(), wish.attempt(), item, String.valueOf(item + 1), 1);
      Run child = turn.run(part, "item", null).childOf(parent, 0);
      Draft born = Engine.create(child, "leader", turn.now());
      turn.add(born);
      open.add(born);
    }
  }

  private void tellChildren(Draft draft, Wish.TellChildren wish) {
    long run = draft.run().id();
    world.store.open.values().stream()
        .filter(child -> child.parent() != null && child.parent().run() == run)
        .forEach(child -> turn.open(child.id()));
    for (Draft child : List.copyOf(turn.drafts())) {
      if (FamilyNews.reaches(wish, draft, child)) {
        Engine.apply(child, wish.fact(), turn.now(), 0);
        open.add(child);
      }
    }
  }

  private void seatsOf(Draft draft) {
    Run run = draft.run();
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      String lock = Jobs.lockOf(run.plan(), i);
      if (lock == null) {
        continue;
      }
      StageState state = draft.stage(i).state();
      if (state == StageState.LOCK_WAIT) {
        ask(draft, i, lock);
      } else if (state != StageState.READY
          && state != StageState.QUEUED
          && state != StageState.RUNNING) {
        locks.release(run.id(), i);
      }
    }
  }

  private void ask(Draft draft, int index, String lock) {
    Seat seat = locks.of(draft.run().id(), index);
    if (seat != null && !seat.held()) {
      return;
    }
    boolean lost =
        draft.superseded().stream()
            .anyMatch(old -> old.index() == index && old.outcome().equals("lost"));
    if (seat != null && lost && world.is(Mutant.LOCK_NOT_FREED_WHEN_LOST)) {
      return;
    }
    locks.release(draft.run().id(), index); // the attempt before has ended in this same turn
    locks.ask(lock, draft.run().id(), index);
  }

  private boolean granted(Seat seat) {
    Draft draft = turn.open(seat.run());
    if (draft == null) {
      return false;
    }
    Fact fact = new Fact.LocksGranted(seat.stage());
    boolean taken = Engine.apply(draft, fact, turn.now(), 0) == Verdict.ACCEPTED;
    if (taken) {
      open.add(draft);
    }
    return taken;
  }

  private void tellParent(Draft draft, Fact fact) {
    boolean unheard =
        world.is(Mutant.CHILD_END_NOT_TOLD)
            || (world.is(Mutant.CHILD_END_COMPARED_WITH_BEFORE)
                && !draft.ended()
                && !draft.reopens());
    if (fact == null || unheard) {
      return;
    }
    Draft above = turn.open(draft.run().parent().run());
    if (above == null) {
      return;
    }
    int times = world.is(Mutant.CHILD_END_TOLD_TWICE) ? 2 : 1;
    for (int i = 0; i < times; i++) {
      Engine.apply(above, fact, turn.now(), 0.5);
    }
    open.add(above);
  }
}
