package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.file.FileWalk;
import dev.millrace.scheduler.store.FilesSeen;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offers what a look has found whole to the turn, without what the table has already, and writes
 * down how the look went. One loop's thread.
 */
final class Offering {
  /** Files that one look offers to the turn; further ones follow with the next. */
  static final int FILES_PER_LOOK_MAX = 1_000;

  private static final Logger log = LoggerFactory.getLogger(Offering.class);
  private static final int KEYS_PER_STATEMENT_MAX = 5_000;

  private final FileOffers offers;
  private final Jdbi jdbi;
  private final FileLooks looks;
  private final Runnable nudgeTurn;

  /** Triggers of which the log has told that they have too much of something. */
  private final Set<Long> toldMany = new HashSet<>();

  private final Set<Long> toldLong = new HashSet<>();

  Offering(FileOffers offers, Jdbi jdbi, FileLooks looks, Runnable nudgeTurn) {
    this.offers = offers;
    this.jdbi = jdbi;
    this.looks = looks;
    this.nudgeTurn = nudgeTurn;
  }

  /**
   * After a look.
   *
   * @param found all that is there, and how it was
   * @param whole those of it that are whole
   */
  void looked(FileOffers.Watch watch, FileWalk.Found found, List<FileMark> whole) {
    int waited = offers.waiting(watch.trigger());
    String why = offers.why(watch.trigger());
    List<FileMark> fresh = fresh(watch, whole);
    boolean many = fresh.size() > FILES_PER_LOOK_MAX;
    if (many && toldMany.add(watch.trigger())) {
      log.info(
          "many files are whole at once job={}/{} path={} files={}; {} are taken with each look",
          watch.namespace(),
          watch.name(),
          watch.file().path(),
          fresh.size(),
          FILES_PER_LOOK_MAX);
    } else if (!many) {
      toldMany.remove(watch.trigger());
    }
    List<FileMark> offered = many ? fresh.subList(0, FILES_PER_LOOK_MAX) : fresh;
    offers.offer(watch.trigger(), offered, found.files());
    if (!offered.isEmpty()) {
      nudgeTurn.run();
    }
    looks.looked(watch, found, waited, why);
    if (found.state() == FileWalk.State.READ) {
      looks.remember(watch, found.files());
    }
  }

  /** Of these, those that the table does not have. */
  private List<FileMark> fresh(FileOffers.Watch watch, List<FileMark> whole) {
    List<FileMark> unknown = offers.unknown(watch.trigger(), whole);
    for (Collection<FileMark> page : pages(unknown)) {
      offers.know(
          watch.trigger(), jdbi.withHandle(handle -> FilesSeen.known(handle, watch.whose(), page)));
    }
    return offers.unknown(watch.trigger(), unknown);
  }

  static List<List<FileMark>> pages(List<FileMark> marks) {
    List<List<FileMark>> pages = new ArrayList<>();
    for (int from = 0; from < marks.size(); from += KEYS_PER_STATEMENT_MAX) {
      pages.add(marks.subList(from, Math.min(marks.size(), from + KEYS_PER_STATEMENT_MAX)));
    }
    return pages;
  }

  /** Without those whose path is longer than the table takes. */
  List<FileMark> storable(FileOffers.Watch watch, List<FileMark> files) {
    List<FileMark> storable = files.stream().filter(Offering::isStorable).toList();
    if (storable.size() < files.size() && toldLong.add(watch.trigger())) {
      log.warn(
          "paths of files are too long job={}/{} path={} files={}; with more than {} bytes they"
              + " start no runs",
          watch.namespace(),
          watch.name(),
          watch.file().path(),
          files.size() - storable.size(),
          FilesSeen.PATH_BYTES_MAX);
    }
    return storable;
  }

  private static boolean isStorable(FileMark mark) {
    return mark.path().getBytes(StandardCharsets.UTF_8).length <= FilesSeen.PATH_BYTES_MAX
        && mark.path().indexOf('\0') < 0
        && StandardCharsets.UTF_8.newEncoder().canEncode(mark.path());
  }
}
