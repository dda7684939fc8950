package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.JobLabels;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Puts definitions in force: jobs, versions, triggers and the log, in as many statements for a
 * thousand jobs as for one. Whether it may is decided before. The leader's thread and transaction.
 */
final class JobWrites {
  private final Catalog catalog;
  private final Arming arming;
  private final Following following;
  private final Ids ids;

  JobWrites(Catalog catalog, Arming arming, Following following, Ids ids) {
    this.catalog = catalog;
    this.arming = arming;
    this.following = following;
    this.ids = ids;
  }

  /**
   * One definition to be put in force.
   *
   * @param before the job as it is, or null for a new one
   * @param state of the new job, or that which the old one keeps
   * @param owner who owns the job from now on
   * @param source the way the definition came
   * @param restored the version that it is a copy of, or null
   */
  record Change(
      Wanted wanted,
      Jobs.Row before,
      JobState state,
      String owner,
      String source,
      Integer restored) {
    static Change fresh(Wanted wanted, JobState state, String source) {
      return new Change(wanted, null, state, source, source, null);
    }

    static Change of(Wanted wanted, Jobs.Row before, String owner, String source) {
      return new Change(wanted, before, before.state(), owner, source, null);
    }
  }

  /** The jobs as they are now, in the order of the changes. */
  List<Jobs.Row> write(Handle tx, List<Change> changes, Command command, long epoch, long now) {
    List<Jobs.Row> fresh = new ArrayList<>();
    List<Jobs.Row> changed = new ArrayList<>();
    for (Change change : changes) {
      JobBatches.Name name = change.wanted.name();
      if (change.before == null) {
        fresh.add(new Jobs.Row(0, name.namespace(), name.name(), change.state, 1, change.owner));
      } else {
        changed.add(change.before.at(change.before.version() + 1, change.owner));
      }
    }
    var made = JobBatches.insert(tx, fresh, now).iterator();
    JobBatches.update(tx, changed, now);
    var kept = changed.iterator();
    List<Jobs.Row> rows = new ArrayList<>();
    List<JobBatches.Version> versions = new ArrayList<>();
    List<JobBatches.Moved> moves = new ArrayList<>();
    List<Arming.Job> armed = new ArrayList<>();
    List<JobLabels.Said> said = new ArrayList<>();
    for (Change change : changes) {
      Jobs.Row row = change.before == null ? made.next() : kept.next();
      rows.add(row);
      catalog.put(row);
      following.applied(tx, row, change.wanted.definition());
      versions.add(version(change, row, command));
      said.add(said(change, row));
      moves.add(new JobBatches.Moved(ids.next(now), row.id(), moves(change, row, command)));
      if (row.state() != JobState.STOPPED) { // else they are armed when it is resumed
        armed.add(new Arming.Job(row, change.wanted.definition(), change.before == null));
      }
    }
    JobBatches.insertVersions(tx, versions, now);
    JobLabels.write(tx, said);
    JobBatches.recordMoves(tx, moves, epoch, now);
    arming.arm(tx, armed, now);
    return rows;
  }

  private static JobLabels.Said said(Change change, Jobs.Row row) {
    JobDefinition definition = change.wanted.definition();
    return new JobLabels.Said(
        row.id(),
        row.namespace(),
        row.name(),
        change.before == null,
        definition.description(),
        definition.labels());
  }

  private static JobBatches.Version version(Change change, Jobs.Row row, Command command) {
    Wanted wanted = change.wanted;
    return new JobBatches.Version(
        row.id(),
        row.version(),
        wanted.json(),
        wanted.hash(),
        command.actor(),
        command.reason(),
        change.source,
        change.restored,
        wanted.pattern(),
        wanted.patternVersion(),
        wanted.written());
  }

  /** A job that is made goes through CREATED; one that is changed stays in its state. */
  private static String moves(Change change, Jobs.Row row, Command command) {
    ObjectNode details = JobMoves.details(row.version(), change.source);
    if (change.restored != null) {
      details.put("restored", change.restored);
    }
    return change.before == null
        ? JobMoves.moves(command, details, null, JobState.CREATED, row.state())
        : JobMoves.moves(command, details, row.state(), row.state());
  }
}
