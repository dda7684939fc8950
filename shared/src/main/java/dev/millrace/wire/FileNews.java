package dev.millrace.wire;

import dev.millrace.file.FileMark;
import java.util.List;

/**
 * One message on {@code millrace.files}: what a worker has seen of files, and moved. Immutable.
 *
 * @param worker the id of the worker that speaks
 */
public record FileNews(String worker, List<Seen> seen, List<Moved> moved) {
  /** Paths in one message at the most: each has up to a thousand bytes. */
  public static final int PATHS_MAX = 100;

  public FileNews {
    seen = List.copyOf(seen);
    moved = List.copyOf(moved);
  }

  /**
   * About what one trigger watches, since the last time.
   *
   * @param epoch of the order
   * @param begins nothing was told before, or it is not true any more
   * @param state as {@link dev.millrace.file.FileWalk.State} has it
   * @param problem what is wrong, or null
   * @param found files that are whole now
   * @param gone paths of such files that were told and are gone, or being written
   */
  public record Seen(
      long trigger,
      long epoch,
      boolean begins,
      String state,
      String problem,
      List<FileMark> found,
      List<String> gone) {
    public Seen {
      found = List.copyOf(found);
      gone = List.copyOf(gone);
    }
  }

  /**
   * What became of an order to move a file.
   *
   * @param as where it is now, or null
   * @param problem why it was not moved, or null when it was or is gone
   */
  public record Moved(long order, String as, String problem) {}
}
