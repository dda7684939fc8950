package dev.millrace.scheduler.leader;

import dev.millrace.file.FileMark;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.FileTrigger;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.file.FileOffers;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Makes a run of each file that is offered, once: that it did is written in the transaction of the
 * run. A file that may start no run now (its job is paused, its overlap policy skips) stays what it
 * was, and is offered again. The leader's thread.
 */
final class FileStarts {
  private static final int FILES_PER_PASS_MAX = 500;

  private final Catalog catalog;
  private final Births births;
  private final Gates gates;
  private final Meters meters;
  private final FileOffers offers;

  FileStarts(Catalog catalog, Births births, Gates gates, Meters meters, FileOffers offers) {
    this.catalog = catalog;
    this.births = births;
    this.gates = gates;
    this.meters = meters;
    this.offers = offers;
  }

  /** What became of the offers of a pass, once it is committed. */
  static final class Done {
    private final Map<Long, List<FileMark>> started = new HashMap<>();
    private final Map<Long, String> later = new HashMap<>();
    private int fired;
  }

  void clear() {
    offers.clear();
  }

  void arm(long trigger, Jobs.Row job, FileTrigger file) {
    offers.arm(new FileOffers.Watch(trigger, job.id(), job.namespace(), job.name(), file));
  }

  void disarm(long trigger) {
    offers.disarm(trigger);
  }

  boolean hasNews() {
    return offers.hasNews();
  }

  void fire(Handle tx, Pass pass, long epoch) {
    List<FilesSeen.Fresh> fresh = new ArrayList<>();
    for (FileOffers.Offer offer : offers.look(FILES_PER_PASS_MAX)) {
      fire(tx, pass, offer, fresh);
    }
    FilesSeen.insert(tx, fresh, epoch, pass.now);
    pass.files.fired = fresh.size();
  }

  private void fire(Handle tx, Pass pass, FileOffers.Offer offer, List<FilesSeen.Fresh> fresh) {
    FileOffers.Watch watch = offer.watch();
    Jobs.Row job = catalog.find(tx, watch.job());
    if (job.state() != JobState.SCHEDULED || gates.pausesOf(job) != 0) {
      pass.files.later.put(watch.trigger(), "the job is paused");
      return;
    }
    List<FileMark> started =
        pass.files.started.computeIfAbsent(watch.trigger(), any -> new ArrayList<>());
    Set<FileMark> known = FilesSeen.known(tx, watch.whose(), offer.files());
    started.addAll(known);
    Plan plan = catalog.plan(tx, job.id(), job.version());
    for (FileMark mark : offer.files()) {
      if (known.contains(mark)) {
        continue;
      }
      if (isIn(fresh, watch.whose(), mark)) {
        started.add(mark);
        continue;
      }
      Births.Fresh run =
          births.ofFile(plan, watch.trigger(), watch.file().params(), mark, pass.now);
      switch (births.make(tx, pass, run, FileTrigger.KIND)) {
        case Births.Birth.Made made -> {
          started.add(mark);
          fresh.add(
              new FilesSeen.Fresh(
                  watch.whose(),
                  mark,
                  watch.trigger(),
                  made.draft().run().id(),
                  watch.file().archiveTo()));
        }
        case Births.Birth.Skipped skipped -> {
          // What keeps this one from it keeps the others, too.
          pass.files.later.put(watch.trigger(), skipped.why());
          return;
        }
      }
    }
  }

  /** Two triggers of one job may have found it. */
  private static boolean isIn(List<FilesSeen.Fresh> fresh, FilesSeen.Whose whose, FileMark mark) {
    return fresh.stream().anyMatch(one -> one.mark().equals(mark) && one.whose().equals(whose));
  }

  void committed(Pass pass) {
    pass.files.started.forEach(offers::know);
    pass.files.later.forEach(offers::later);
    if (pass.files.fired > 0) {
      meters.runsCreated(FileTrigger.KIND, pass.files.fired);
    }
    pass.more |= offers.hasNews();
  }
}
