package dev.millrace.worker.watch;

import dev.millrace.file.FileMark;
import dev.millrace.file.FileWalk;
import dev.millrace.wire.FileNews;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** What the leader was told of one trigger, and what it has to be told. One thread. */
final class Told {
  private final long trigger;
  private final Map<String, FileMark> files = new HashMap<>();
  private long epoch;
  private boolean begun;
  private String state = "";
  private String problem;
  private long atNanos;

  Told(long trigger) {
    this.trigger = trigger;
  }

  /** Nothing that was told counts: it did not arrive, or the leader is another one. */
  void beginAnew(long newEpoch) {
    epoch = newEpoch;
    begun = false;
    files.clear();
  }

  long epoch() {
    return epoch;
  }

  /** When it was last told something; meaningless before it was. */
  long atNanos() {
    return atNanos;
  }

  boolean hasBegun() {
    return begun;
  }

  /**
   * What to say so that the leader knows these whole files, in so many messages as it takes.
   *
   * @param always also when nothing has changed
   */
  List<FileNews.Seen> news(List<FileMark> whole, FileWalk.Found found, boolean always) {
    List<FileMark> fresh = new ArrayList<>();
    Set<String> paths = new HashSet<>();
    for (FileMark mark : whole) {
      paths.add(mark.path());
      if (!mark.equals(files.get(mark.path()))) {
        fresh.add(mark);
      }
    }
    List<String> gone = files.keySet().stream().filter(path -> !paths.contains(path)).toList();
    boolean same = state.equals(found.state().name()) && Objects.equals(problem, found.problem());
    List<FileNews.Seen> news = new ArrayList<>();
    int from = 0;
    int goneFrom = 0;
    while (from < fresh.size()
        || goneFrom < gone.size()
        || (news.isEmpty() && (always || !begun || !same))) {
      int until = Math.min(fresh.size(), from + FileNews.PATHS_MAX);
      int room = FileNews.PATHS_MAX - (until - from);
      int goneUntil = Math.min(gone.size(), goneFrom + room);
      news.add(
          new FileNews.Seen(
              trigger,
              epoch,
              !begun && news.isEmpty(),
              found.state().name(),
              found.problem(),
              fresh.subList(from, until),
              gone.subList(goneFrom, goneUntil)));
      from = until;
      goneFrom = goneUntil;
    }
    return news;
  }

  /** It was said. */
  void said(FileNews.Seen seen, long nanos) {
    begun = true;
    state = seen.state();
    problem = seen.problem();
    seen.found().forEach(mark -> files.put(mark.path(), mark));
    seen.gone().forEach(files::remove);
    atNanos = nanos;
  }
}
