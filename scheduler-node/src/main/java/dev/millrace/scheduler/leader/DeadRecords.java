package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Superseded;
import dev.millrace.scheduler.store.DeadLetters;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Keeps the dead letters true to the stages: one for each that failed for good in a pass, and none
 * open for a stage that is not FAILED any more. The leader's thread and transaction; keeps nothing
 * between passes.
 */
final class DeadRecords {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> FAILED_OUTCOMES = Set.of("failed", "timed-out", "lost");

  /** A pass in which more fails keeps less of each message. */
  private static final int PASS_BYTES_MAX = 16 * 1024 * 1024;

  private static final int SHORT_BYTES_MAX = 2 * 1024;
  private static final String UNKNOWN = "unknown";
  private static final String QUEUE_TIMEOUT = "queue-timeout";

  private final Ids ids;
  private final Meters meters;

  DeadRecords(Ids ids, Meters meters) {
    this.ids = ids;
    this.meters = meters;
  }

  /** True when a stage becomes FAILED in this draft, or does not stay it: its letter goes along. */
  static boolean concerns(Draft draft) {
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      Stage before = draft.stageBefore(i);
      if (draft.stage(i).state() == StageState.FAILED
          || (before != null && before.state() == StageState.FAILED)) {
        return true;
      }
    }
    return false;
  }

  /** When all is decided: closes and writes what the pass means for letters. */
  void flush(Handle tx, Pass pass) {
    closeLeft(tx, pass);
    writeFresh(tx, pass);
  }

  private void closeLeft(Handle tx, Pass pass) {
    List<DeadLetters.Left> stages = new ArrayList<>();
    List<DeadLetters.Left> parents = new ArrayList<>();
    for (Draft draft : pass.drafts.values()) {
      if (draft.isNew() || !concerns(draft)) {
        continue;
      }
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        if (draft.stageBefore(i).state() == StageState.FAILED && !isSameFailure(draft, i)) {
          DeadLetters.Left left = left(draft, i);
          stages.add(left);
          if (draft.run().plan().stage(i).ledByLeader()) {
            parents.add(left);
          }
        }
      }
    }
    int closed = DeadLetters.closeOfStages(tx, stages, pass.now);
    closed += DeadLetters.closeOfParents(tx, parents, pass.now);
    meters.deadLettersClosed("BY_STAGE", closed);
  }

  private static boolean isSameFailure(Draft draft, int index) {
    return draft.stage(index).state() == StageState.FAILED
        && draft.stage(index).finishedAt() == draft.stageBefore(index).finishedAt();
  }

  private static DeadLetters.Left left(Draft draft, int index) {
    String actor = null;
    String reason = null;
    String id = draft.run().plan().stage(index).id();
    for (JsonNode move : moves(draft)) {
      boolean leaves =
          move.path(0).asText().equals(id)
              && move.path(1).asText().equals(StageState.FAILED.name());
      if (leaves) {
        actor = move.path(4).textValue();
        reason = move.path(5).textValue();
      }
    }
    String note = noteOf(draft.stage(index).state()) + (reason == null ? "" : ": " + reason);
    return new DeadLetters.Left(
        draft.run().id(), index, stateOf(draft.stage(index).state()), actor, note);
  }

  private static JsonNode moves(Draft draft) {
    try {
      return JSON.readTree(draft.movesJson());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the moves of a draft are JSON", e);
    }
  }

  /** What becomes of a letter whose stage is in this state now. */
  static String stateOf(StageState now) {
    return now == StageState.ACKNOWLEDGED || now == StageState.COMPLETED
        ? DeadLetters.DISCARDED
        : DeadLetters.REDRIVEN;
  }

  static String noteOf(StageState now) {
    return switch (now) {
      case ACKNOWLEDGED -> "its stage was acknowledged";
      case COMPLETED -> "its stage was completed";
      default -> "its stage was started again";
    };
  }

  private void writeFresh(Handle tx, Pass pass) {
    List<Pass.Dead> dead = stillFailed(pass);
    if (dead.isEmpty()) {
      return;
    }
    long[] earlier = earlierFailures(tx, dead);
    List<DeadLetters.Fresh> letters = new ArrayList<>(dead.size());
    List<DeadLetters.Left> again = new ArrayList<>(dead.size());
    long bytesLeft = PASS_BYTES_MAX;
    for (int i = 0; i < earlier.length; i++) {
      DeadLetters.Fresh letter =
          letter(
              dead.get(i),
              earlier[i],
              bytesLeft > 0 ? DeadMessage.BYTES_MAX : SHORT_BYTES_MAX,
              pass.now);
      bytesLeft -= letter.message().length();
      letters.add(letter);
      again.add(
          new DeadLetters.Left(
              letter.place().run(),
              letter.place().index(),
              DeadLetters.REDRIVEN,
              null,
              "its stage failed again"));
    }
    // There is at most one open letter of a stage, whatever happened to the one before.
    DeadLetters.closeOfStages(tx, again, pass.now);
    DeadLetters.insert(tx, letters);
    letters.forEach(letter -> meters.deadLetter(letter.reason()));
  }

  /** What a person put right in the same pass needs no letter. */
  private static List<Pass.Dead> stillFailed(Pass pass) {
    Set<Pass.Dead> seen = new HashSet<>();
    List<Pass.Dead> dead = new ArrayList<>(pass.dead.size());
    for (Pass.Dead one : pass.dead) {
      if (one.draft().stage(one.stage()).state() == StageState.FAILED && seen.add(one)) {
        dead.add(one);
      }
    }
    return dead;
  }

  /** When each failed first, as far as that is not its last failure; 0 where it is. */
  private static long[] earlierFailures(Handle tx, List<Pass.Dead> dead) {
    long[] first = new long[dead.size()];
    List<DeadLetters.Earlier> asked = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < first.length; i++) {
      Draft draft = dead.get(i).draft();
      Stage stage = draft.stage(dead.get(i).stage());
      // Who waited too long in the queue did not fail once more.
      boolean lastWasAnAttempt = stage.queuedAt() != 0 && !QUEUE_TIMEOUT.equals(stage.errorClass());
      int count = stage.failures() + stage.lost() - (lastWasAnAttempt ? 1 : 0);
      int before = lastWasAnAttempt ? stage.attempt() : stage.attempt() + 1;
      for (Superseded old : draft.superseded()) { // not stored yet
        if (old.index() == dead.get(i).stage()) {
          before = Math.min(before, old.stage().attempt());
          if (FAILED_OUTCOMES.contains(old.outcome())) {
            count--;
            first[i] = first[i] == 0 ? old.finishedAt() : Math.min(first[i], old.finishedAt());
          }
        }
      }
      if (count > 0) {
        asked.add(new DeadLetters.Earlier(draft.run().id(), dead.get(i).stage(), before, count));
        places.add(i);
      }
    }
    long[] stored = DeadLetters.firstFailures(tx, asked);
    for (int i = 0; i < stored.length; i++) {
      first[places.get(i)] = stored[i] == 0 ? first[places.get(i)] : stored[i];
    }
    return first;
  }

  private DeadLetters.Fresh letter(Pass.Dead dead, long earlier, int bytesMax, long now) {
    Draft draft = dead.draft();
    Run run = draft.run();
    Stage stage = draft.stage(dead.stage());
    StageDefinition definition = run.plan().stage(dead.stage());
    Run.Parent parent = run.parent();
    DeadMessage.Content content = DeadMessage.of(draft, dead.stage(), bytesMax);
    String job = run.plan().definition().id();
    return new DeadLetters.Fresh(
        ids.next(now),
        new DeadLetters.Place(
            run.id(),
            dead.stage(),
            definition.id(),
            stage.attempt(),
            parent == null ? 0 : parent.run(),
            parent == null ? 0 : parent.stage(),
            parent == null ? DeadLetters.NO_ITEM : parent.item()),
        run.plan().definition().namespace(),
        job,
        run.plan().version(),
        definition.handler(),
        definition.pool(),
        content.json(),
        stage.errorClass() == null ? UNKNOWN : stage.errorClass(),
        content.error(),
        Fingerprint.of(job, definition.id(), stage.errorClass(), content.error()),
        stage.failures() + stage.lost(),
        stage.worker(),
        earlier == 0 ? stage.finishedAt() : earlier,
        stage.finishedAt());
  }
}
