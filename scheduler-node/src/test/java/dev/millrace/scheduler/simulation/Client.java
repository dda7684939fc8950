package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.simulation.Command.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Who uses the system: schedules, submissions that come again when nobody answered, people who
 * pause, resume and stop. One thread.
 */
final class Client {
  static final long PERIOD = World.seconds(9);

  /** No job here waits for approval. */
  private static final List<StageAction> ACTIONS =
      Arrays.stream(StageAction.values())
          .filter(each -> each != StageAction.APPROVE && each != StageAction.REJECT)
          .toList();

  private final World world;
  private final List<Integer> scheduled = new ArrayList<>();
  private final Set<String> accepted = new LinkedHashSet<>();
  private long lastCommand;
  private int open;

  Client(World world) {
    this.world = world;
  }

  void begin() {
    for (int i = world.random.nextInt(3); i > 0; i--) {
      scheduled.add(Jobs.any(world.random));
    }
    for (int i = world.random.nextInt(1, 9); i > 0; i--) {
      String key = "k" + i;
      int job = Jobs.any(world.random);
      open++;
      world.in(world.upTo(World.LOAD - World.seconds(15)), () -> submit(key, job));
    }
    for (int i = world.random.nextInt(6); i > 0; i--) {
      world.in(world.upTo(World.LOAD), this::command);
    }
    for (int i = world.random.nextInt(10); i > 0; i--) {
      world.in(world.upTo(World.LOAD), this::onStage);
    }
  }

  int schedules() {
    return scheduled.size();
  }

  int jobOf(int schedule) {
    return scheduled.get(schedule);
  }

  /** The first instant of a schedule that is later than this one. */
  long firstTick(int schedule, long after) {
    long first = World.BEGIN + PERIOD + World.seconds(schedule);
    long periods = Math.max(0, Math.floorDiv(after - first, PERIOD) + 1);
    return first + periods * PERIOD;
  }

  /** Keys whose submission is in the store as far as the client knows. */
  Set<String> accepted() {
    return accepted;
  }

  boolean isDone() {
    return open == 0;
  }

  private void submit(String key, int job) {
    boolean unknown = world.random.nextInt(5) == 0;
    if (!put(Kind.SUBMIT, key, job, 0) || unknown) {
      world.in(world.upTo(World.seconds(2)), () -> submit(key, job));
      return;
    }
    accepted.add(key);
    open--;
  }

  private boolean put(Kind kind, String key, int job, long run) {
    return put(kind, key, job, run, 0, null);
  }

  private boolean put(Kind kind, String key, int job, long run, int stage, StageAction action) {
    if (world.store.down()) {
      return false;
    }
    long id = ++lastCommand;
    world.say(
        action == null ? kind.name() : action.name(), key, id, action == null ? job : stage, run);
    world.store.inbox.put(id, new Command(id, kind, key, job, run, stage, action));
    world.wakeLeader(World.millis(5));
    return true;
  }

  private void command() {
    List<Run> runs = List.copyOf(world.store.open.values());
    if (runs.isEmpty()) {
      return;
    }
    long run = runs.get(world.random.nextInt(runs.size())).id();
    switch (world.random.nextInt(5)) {
      case 0 -> put(Kind.STOP, null, 0, run);
      case 1 -> put(Kind.KILL, null, 0, run);
      default -> {
        put(Kind.PAUSE, null, 0, run);
        world.in(world.upTo(World.seconds(20)), () -> put(Kind.RESUME, null, 0, run));
      }
    }
  }

  /** A person who looks at one stage of a run, also of one that has ended, and acts on it. */
  private void onStage() {
    List<Run> runs = List.copyOf(world.store.runs.values());
    if (runs.isEmpty()) {
      return;
    }
    Run run = runs.get(world.random.nextInt(runs.size()));
    int stage = world.random.nextInt(run.plan().size());
    List<StageAction> possible =
        ACTIONS.stream().filter(each -> each.possibleIn(run.stages()[stage].state())).toList();
    if (!possible.isEmpty()) {
      StageAction action = possible.get(world.random.nextInt(possible.size()));
      put(Kind.ON_STAGE, null, 0, run.id(), stage, action);
    }
  }

  /** Lets go on what still stands, until nothing does. */
  void comeBack() {
    for (Run run : world.store.open.values()) {
      for (int i = 0; i < run.plan().size(); i++) {
        if (run.stages()[i].state() == StageState.HELD) {
          put(Kind.ON_STAGE, null, 0, run.id(), i, StageAction.RELEASE);
        }
      }
      if (run.state() == RunState.PAUSED) {
        put(Kind.RESUME, null, 0, run.id());
      }
    }
    world.in(World.seconds(5), this::comeBack);
  }
}
