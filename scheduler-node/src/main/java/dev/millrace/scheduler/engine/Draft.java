package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;

/**
 * A run while the engine works on it: the state before, the state so far, and the moves that lead
 * there. Confined to one thread; made by {@link Engine} and read by the leader's turn.
 */
public final class Draft {
  private static final String OF_ITEM = ",{\"item\":true}";
  private final Run before;
  private Run run;
  private Stage[] stages;
  private boolean ownStages;
  private boolean sealed;
  private final StringBuilder moves = new StringBuilder(256);
  private final BitSet changed = new BitSet();
  private List<Wish> wishes = List.of();
  private List<Superseded> superseded = List.of();
  private Run outer;

  /**
   * @param before the stored run, or null for one that is new
   * @param run the run to start from
   */
  Draft(Run before, Run run) {
    this.before = before;
    this.run = run;
    this.stages = run.stages();
    this.ownStages = before == null;
  }

  public static Draft of(Run stored) {
    return new Draft(stored, stored);
  }

  /** True when the run is not in Postgres yet. */
  public boolean isNew() {
    return before == null;
  }

  public boolean changed() {
    return moves.length() > 0 || !changed.isEmpty() || (before != null && runChanged());
  }

  /** True when the run's own row must be written. */
  public boolean runChanged() {
    return before == null
        || before.state() != run.state()
        || before.startedAt() != run.startedAt()
        || before.finishedAt() != run.finishedAt()
        || !before.clock().equals(run.clock());
  }

  /** From now on this draft only tells; whoever writes it may be on another thread. */
  public void seal() {
    run(); // puts the run and its stages together
    sealed = true;
  }

  public boolean sealed() {
    return sealed;
  }

  /** True when a stored run reaches its end in this draft. */
  public boolean ends() {
    return before != null && !before.state().isFinal() && run.state().isFinal();
  }

  /** True when a run that had ended goes on in this draft. */
  public boolean reopens() {
    return before != null && before.state().isFinal() && !run.state().isFinal();
  }

  /** True when the run has ended in this draft; whoever waits for it is to be told. */
  public boolean ended() {
    return run.state().isFinal() && (before == null || !before.state().isFinal());
  }

  /** The run that this one's item belongs to, where expressions read from it. */
  public void outer(Run run) {
    outer = run;
  }

  public boolean hasOuter() {
    return outer != null;
  }

  Run outer() {
    return outer;
  }

  /** The run as it is stored, or null for one that is new. */
  public Run before() {
    return before;
  }

  /** The run as it is now; changes that follow show in its stages. They must not be written. */
  public Run run() {
    if (stages != run.stages()) {
      run = run.with(stages);
    }
    return run;
  }

  /** Indexes of the stages whose rows must be written; for a new run that is all of them. */
  public BitSet changedStages() {
    return changed;
  }

  /** The stage as it is stored, or null for a new run. */
  public Stage stageBefore(int index) {
    return before == null ? null : before.stages()[index];
  }

  public Stage stage(int index) {
    return stages[index];
  }

  /**
   * All moves so far: a JSON list of [subject, from, to, cause, actor, reason, details], trailing
   * nulls left out. A move of a run of items says so in its details: followers of the log know no
   * more of a run than its moves.
   */
  public String movesJson() {
    return "[" + moves + "]";
  }

  public boolean hasMoves() {
    return moves.length() > 0;
  }

  public List<Wish> wishes() {
    return wishes;
  }

  /** Takes the wishes out that are done in the same transaction; the others stay. */
  public List<Wish> takeWishesNow() {
    List<Wish> taken = wishes.stream().filter(wish -> !isForLater(wish)).toList();
    if (!taken.isEmpty()) {
      wishes = new ArrayList<>(wishes.stream().filter(Draft::isForLater).toList());
    }
    return taken;
  }

  private static boolean isForLater(Wish wish) {
    return wish instanceof Wish.Cancel;
  }

  public List<Superseded> superseded() {
    return superseded;
  }

  Plan plan() {
    return run.plan();
  }

  RunState state() {
    return run.state();
  }

  RunClock clock() {
    return run.clock();
  }

  /** Replaces the run's clock without a move. */
  void put(RunClock clock) {
    refuseIfSealed();
    run = run.with(clock);
  }

  /** The stages as they are now. The caller must not change the array. */
  Stage[] stages() {
    return stages;
  }

  /** Records something that is no move: a deadline that passed, a duration out of its bounds. */
  void note(String subject, String cause, String actor, String reason) {
    record(subject, null, null, cause, actor, reason);
  }

  void wish(Wish wish) {
    if (wishes.isEmpty()) {
      wishes = new ArrayList<>();
    }
    wishes.add(wish);
  }

  void supersede(Superseded attempt) {
    if (superseded.isEmpty()) {
      superseded = new ArrayList<>();
    }
    superseded.add(attempt);
  }

  /** Replaces a stage without a move: a checkpoint, a due instant. */
  void put(int index, Stage stage) {
    refuseIfSealed();
    if (!ownStages) {
      stages = Arrays.copyOf(stages, stages.length);
      ownStages = true;
    }
    stages[index] = stage;
    changed.set(index);
  }

  /** Moves a stage and records it. */
  void move(int index, Stage to, String cause, String actor, String reason) {
    Stage from = stages[index];
    if (!from.state().canBecome(to.state())) {
      throw new IllegalStateException(
          "stage "
              + plan().stage(index).id()
              + " of run "
              + new RunId(run.id())
              + " moved "
              + from.state()
              + " -> "
              + to.state()
              + "; refusing. The run stays as it is.");
    }
    put(index, to);
    record(plan().stage(index).id(), from.state().name(), to.state().name(), cause, actor, reason);
  }

  /** Records that a stage came to be. */
  void born(int index, String cause, String actor) {
    changed.set(index);
    record(plan().stage(index).id(), null, StageState.WAITING.name(), cause, actor, null);
  }

  void runBorn(String cause, String actor, String reason) {
    record("", null, run.state().name(), cause, actor, reason);
  }

  /**
   * The reason of a stop is kept with the run, also when there was nothing in flight to wait for.
   */
  void moveRun(RunState to, String cause, String actor, String reason, long now) {
    RunState from = run.state();
    if (!from.canBecome(to)) {
      throw new IllegalStateException(
          "run "
              + new RunId(run.id())
              + " moved "
              + from
              + " -> "
              + to
              + "; refusing. The run stays as it is.");
    }
    long startedAt = to == RunState.RUNNING && run.startedAt() == 0 ? now : run.startedAt();
    String stopped =
        to == RunState.STOPPING || (to == RunState.CANCELLED && reason != null)
            ? reason
            : run.stopReason();
    if (from == RunState.PAUSED) {
      put(run.clock().unpaused(run.startedAt(), now));
    }
    run = run.at(to, startedAt, to.isFinal() ? now : 0, stopped);
    record("", from.name(), to.name(), cause, actor, reason);
  }

  /** An attempt is under way while the run is paused: it has started all the same. */
  void started(long at) {
    if (run.startedAt() == 0) {
      refuseIfSealed();
      run = run.at(run.state(), at, run.finishedAt(), run.stopReason());
    }
  }

  Iterable<StageState> stageStates() {
    return () ->
        new Iterator<>() {
          private int next;

          @Override
          public boolean hasNext() {
            return next < stages.length;
          }

          @Override
          public StageState next() {
            return stages[next++].state();
          }
        };
  }

  private void refuseIfSealed() {
    if (sealed) {
      throw new IllegalStateException(
          "run " + new RunId(run.id()) + " is being written and changed; refusing both");
    }
  }

  private void record(
      String subject, String from, String to, String cause, String actor, String reason) {
    refuseIfSealed();
    if (moves.length() > 0) {
      moves.append(',');
    }
    moves.append('[');
    quote(subject);
    moves.append(',');
    name(from);
    moves.append(',');
    name(to);
    moves.append(',');
    name(cause);
    if (actor != null || reason != null) {
      moves.append(',');
      quote(actor);
    }
    if (reason != null) {
      moves.append(',');
      quote(reason);
    }
    if (subject.isEmpty() && run.plan().part() != Plan.WHOLE) {
      moves.append(actor == null && reason == null ? ",null,null" : reason == null ? ",null" : "");
      moves.append(OF_ITEM);
    }
    moves.append(']');
  }

  /** A name of our own: nothing in it needs escaping. */
  private void name(String name) {
    if (name == null) {
      moves.append("null");
    } else {
      moves.append('"').append(name).append('"');
    }
  }

  private void quote(String text) {
    if (text == null) {
      moves.append("null");
      return;
    }
    moves.append('"');
    if (isPlain(text)) {
      moves.append(text);
    } else {
      appendEscaped(text);
    }
    moves.append('"');
  }

  /** Nearly every text is; then it is copied at once instead of character by character. */
  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\' || c < 0x20) {
        return false;
      }
    }
    return true;
  }

  private void appendEscaped(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        moves.append('\\').append(c);
      } else if (c < 0x20) {
        moves.append(String.format("\\u%04x", (int) c));
      } else {
        moves.append(c);
      }
    }
  }
}
