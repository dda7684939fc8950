package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.file.FileWaits;
import dev.millrace.scheduler.store.FileWaitRows;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Stages that wait for files on the scheduler's nodes: who waits is written down with the run, and
 * a new leader begins to look anew. The leader's thread.
 */
final class FileStages {
  private static final int ENDS_PER_PASS_MAX = 500;

  private final Drafts drafts;
  private final FileWaits waits;

  FileStages(Drafts drafts, FileWaits waits) {
    this.drafts = drafts;
    this.waits = waits;
  }

  void load(Handle tx) {
    waits.clear();
    for (FileWaitRows.Row row : FileWaitRows.all(tx)) {
      FileWaits.Key key = new FileWaits.Key(row.run(), row.stage(), row.attempt());
      try {
        waits.add(FileWaits.read(key, row.spec()));
      } catch (IllegalArgumentException wrong) { // to another version it was right
        waits.end(new FileWaits.End(key, null, wrong.getMessage()));
      }
    }
  }

  boolean hasNews() {
    return waits.hasNews();
  }

  /**
   * A stage begins to wait.
   *
   * @return false when it cannot, and has failed
   */
  boolean watch(Handle tx, Pass pass, Draft draft, Wish.WatchFiles wish) {
    long run = draft.run().id();
    FileWaits.Wait wait;
    try {
      wait = FileWaits.read(new FileWaits.Key(run, wish.stage(), wish.attempt()), wish.withJson());
    } catch (IllegalArgumentException wrong) {
      Fact no = new Fact.FilesFound(wish.stage(), wish.attempt(), null, wrong.getMessage());
      Engine.apply(draft, no, pass.now, 0);
      return false;
    }
    FileWaitRows.put(tx, new FileWaitRows.Row(run, wish.stage(), wish.attempt(), wish.withJson()));
    waits.add(wait);
    return true;
  }

  /** What a stage that has ended no longer waits for. */
  void forget(Handle tx, long run, int stage) {
    FileWaitRows.forget(tx, run, stage);
    waits.forget(run, stage);
  }

  /** Takes up what was found. */
  void found(Handle tx, Pass pass) {
    List<FileWaits.End> ends = waits.look(ENDS_PER_PASS_MAX);
    drafts.open(tx, pass, ends.stream().map(end -> end.key().run()).toList());
    for (FileWaits.End end : ends) {
      Draft draft = pass.drafts.get(end.key().run());
      if (draft != null && !draft.sealed()) {
        Fact found =
            new Fact.FilesFound(
                end.key().stage(), end.key().attempt(), end.output(), end.problem());
        Engine.apply(draft, found, pass.now, 0);
      }
      pass.filesFound.add(end);
    }
  }

  void committed(Pass pass) {
    waits.done(pass.filesFound);
  }
}
