package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobRef;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Moves jobs along their lifecycle, inside the leader's transaction: pause, resume, stop and
 * archive. A move that is no arrow is refused with both states. The leader's thread.
 */
final class JobMoves {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final Arming arming;
  private final Following following;
  private final Ids ids;

  JobMoves(Catalog catalog, Arming arming, Following following, Ids ids) {
    this.catalog = catalog;
    this.arming = arming;
    this.following = following;
    this.ids = ids;
  }

  Outcome pause(Handle tx, Command command, long epoch, long now) {
    return move(tx, command, JobState.PAUSED, epoch, now);
  }

  /** Lets it start again; one that was stopped has its triggers armed from now on. */
  Outcome resume(Handle tx, Command command, long epoch, long now) {
    Jobs.Row before = catalog.find(tx, command.namespace(), command.job());
    if (before != null && before.state() == JobState.STOPPED) {
      var definition = catalog.plan(tx, before.id(), before.version()).definition();
      Optional<Outcome> conflict = QueueBindings.conflict(tx, definition, before.id());
      if (conflict.isPresent()) {
        return conflict.get(); // another job has taken its queue meanwhile
      }
    }
    Outcome outcome = move(tx, command, JobState.SCHEDULED, epoch, now);
    if (outcome.status() == 200 && before.state() == JobState.STOPPED) {
      var definition = catalog.plan(tx, before.id(), before.version()).definition();
      arming.rearm(tx, catalog.find(tx, before.id()), definition, now);
    }
    return outcome;
  }

  /** Its triggers are disarmed and nobody starts it, until it is resumed; its open runs go on. */
  Outcome stop(Handle tx, Command command, long epoch, long now) {
    Outcome outcome = move(tx, command, JobState.STOPPED, epoch, now);
    if (outcome.status() == 200) {
      arming.disarmAll(tx, List.of(catalog.find(tx, command.namespace(), command.job()).id()));
    }
    return outcome;
  }

  /** Read-only from now on; its open runs go on, its name is free for a new job. */
  Outcome archive(Handle tx, Command command, long epoch, long now) {
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    String source = Desk.text(command.body(), "source");
    if (row == null) {
      return source == null
          ? Desk.noSuchJob(tx, command, "cannot become ARCHIVED again")
          : Desk.noSuchJob(command);
    }
    Optional<Outcome> stale = Desk.stale(command, row.name(), row);
    if (stale.isPresent()) {
      return stale.get();
    }
    if (source != null && !row.source().equals(source)) {
      return Desk.refused(
          409, "job '" + row.name() + "' is defined by " + row.source(), "nothing was removed");
    }
    if (source == null && Owners.isFile(row.source()) && !forced(command)) {
      return Desk.refused(
          409,
          "job '"
              + row.name()
              + "' is defined by "
              + Owners.named(row.source())
              + ", which would bring it back as a new job",
          "remove that file; or stop the job; or send force when nobody watches that directory");
    }
    List<JobRef> others = following.graph().dependents(new JobRef(row.namespace(), row.name()));
    if (source == null && !others.isEmpty() && !forced(command)) {
      return Desk.refused(
          409,
          "job '"
              + row.name()
              + "' is needed by "
              + JobGraph.names(others, row.namespace())
              + ", which would wait for it in vain",
          "change those first; or stop the job; or send force");
    }
    Jobs.Row archived = archive(tx, List.of(row), command, epoch, now).getFirst();
    return new Outcome(200, Desk.answer(archived, true).toString());
  }

  /** Archives jobs, in as many statements for many as for one. */
  List<Jobs.Row> archive(Handle tx, List<Jobs.Row> rows, Command command, long epoch, long now) {
    arming.disarmAll(tx, rows.stream().map(Jobs.Row::id).toList());
    List<Jobs.Row> archived = rows.stream().map(row -> row.in(JobState.ARCHIVED)).toList();
    JobBatches.update(tx, archived, now);
    for (Jobs.Row row : archived) {
      catalog.archived(row);
      following.archived(tx, row.id());
    }
    List<JobBatches.Moved> moves = new ArrayList<>();
    for (Jobs.Row row : rows) {
      String how =
          moves(command, details(row.version(), row.source()), row.state(), JobState.ARCHIVED);
      moves.add(new JobBatches.Moved(ids.next(now), row.id(), how));
    }
    JobBatches.recordMoves(tx, moves, epoch, now);
    return archived;
  }

  private static boolean forced(Command command) {
    try {
      return JSON.readTree(command.body()).path("force").asBoolean();
    } catch (JsonProcessingException e) {
      return false; // who cannot be understood forces nothing
    }
  }

  private Outcome move(Handle tx, Command command, JobState to, long epoch, long now) {
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    if (row == null) {
      return Desk.noSuchJob(tx, command, "cannot become " + to);
    }
    if (row.state() == to) {
      return new Outcome(200, Desk.answer(row, false).toString());
    }
    if (!row.state().canBecome(to)) {
      return Desk.refused(
          409,
          "job '" + row.name() + "' is " + row.state() + " and cannot become " + to,
          row.state().canBecome(JobState.SCHEDULED)
              ? "resume it first"
              : "GET /api/v1/jobs/" + row.name() + " shows it");
    }
    Jobs.Row moved = written(tx, row, to, now);
    catalog.put(moved);
    record(tx, moved, command, epoch, now, row.state(), to);
    return new Outcome(200, Desk.answer(moved, true).toString());
  }

  private static Jobs.Row written(Handle tx, Jobs.Row row, JobState to, long now) {
    Jobs.update(tx, row.id(), to, row.version(), row.source(), now);
    return row.in(to);
  }

  private void record(
      Handle tx, Jobs.Row job, Command command, long epoch, long now, JobState from, JobState to) {
    String how = moves(command, details(job.version(), job.source()), from, to);
    Jobs.recordMove(tx, ids.next(now), job.id(), epoch, now, how);
  }

  /** What an event of a job tells beside its states. */
  static ObjectNode details(int version, String source) {
    return JSON.createObjectNode().put("version", version).put("source", source);
  }

  /**
   * The job's moves as the transition log has them.
   *
   * @param details go with each of them
   * @param along the states that it went through; the first is null for a job that did not exist
   */
  static String moves(Command command, ObjectNode details, JobState... along) {
    var list = JSON.createArrayNode();
    for (int i = 1; i < along.length; i++) {
      list.addArray()
          .add("@job")
          .add(along[i - 1] == null ? null : along[i - 1].name())
          .add(along[i].name())
          .add("command")
          .add(command.actor())
          .add(command.reason())
          .add(details);
    }
    return list.toString();
  }
}
