package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Patterns;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Rolls jobs back: what an older version said is put in force again, as a new version, so that
 * history only grows. The leader's thread and transaction.
 */
final class VersionDesk {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Catalog catalog;
  private final JobWrites writes;
  private final JobGraph graph;
  private final QuotaDesk quotas;
  private final FileRules files;

  VersionDesk(
      Catalog catalog, JobWrites writes, JobGraph graph, QuotaDesk quotas, FileRules files) {
    this.catalog = catalog;
    this.writes = writes;
    this.graph = graph;
    this.quotas = quotas;
    this.files = files;
  }

  Desk.Applied rollback(Handle tx, Command command, long epoch, long now) {
    Jobs.Row row = catalog.find(tx, command.namespace(), command.job());
    if (row == null) {
      return Desk.unchanged(Desk.noSuchJob(tx, command, "cannot be rolled back"));
    }
    Optional<Outcome> stale = Desk.stale(command, row.name(), row);
    if (stale.isPresent()) {
      return Desk.unchanged(stale.get());
    }
    if (Owners.isFile(row.source())) {
      return Desk.unchanged(
          Desk.refused(
              409,
              "job '"
                  + row.name()
                  + "' is defined by "
                  + Owners.named(row.source())
                  + ", which would put its own version back",
              "put the old definition into that file; `millrace job show --version` prints it"));
    }
    int version = version(command);
    if (version < 1) {
      return Desk.unchanged(
          Desk.refused(422, "a rollback needs the version to go back to", "send {\"version\": 3}"));
    }
    Optional<Jobs.Version> found = Jobs.version(tx, row.id(), version);
    if (found.isEmpty()) {
      return Desk.unchanged(
          Desk.refused(
              404,
              "job '"
                  + row.name()
                  + "' has no version "
                  + version
                  + "; its versions are 1 to "
                  + row.version(),
              "GET /api/v1/jobs/" + row.name() + "/versions lists them"));
    }
    JobBatches.Known known =
        JobBatches.find(tx, List.of(new JobBatches.Name(row.namespace(), row.name())))
            .get(new JobBatches.Name(row.namespace(), row.name()));
    return restored(tx, command, known, found.get(), epoch, now);
  }

  private Desk.Applied restored(
      Handle tx, Command command, JobBatches.Known known, Jobs.Version old, long epoch, long now) {
    Jobs.Row row = known.row();
    Wanted wanted;
    try {
      JobDefinition definition = DefinitionJson.fromJson(old.definition());
      Wanted.checkUsable(definition, now);
      wanted =
          new Wanted(
              definition,
              old.definition(),
              old.hash(),
              old.pattern() == null ? null : new Patterns.Use("", "", old.patternVersion()),
              old.pattern(),
              old.written());
    } catch (RuntimeException e) { // whatever it was, the version stays as it is
      return Desk.unchanged(
          Desk.refused(
              422,
              "version "
                  + old.version()
                  + " of job '"
                  + row.name()
                  + "' cannot be used any more: "
                  + e.getMessage(),
              "change it, and apply it as a new version"));
    }
    if (wanted.isInForce(known)) {
      return Desk.unchanged(
          Desk.refused(
              422,
              old.version() == row.version()
                  ? "job '" + row.name() + "' is at version " + row.version() + " already"
                  : "version "
                      + old.version()
                      + " of job '"
                      + row.name()
                      + "' says the same as version "
                      + row.version()
                      + ", which is in force",
              "GET /api/v1/jobs/" + row.name() + "/diff shows what differs between two versions"));
    }
    Optional<Outcome> no =
        Desk.cycle(graph, wanted.definition()).or(() -> files.refusal(wanted.definition()));
    if (no.isPresent()) {
      return Desk.unchanged(no.get());
    }
    Optional<String> past = Desk.past(tx, row, wanted.definition(), now);
    if (past.isPresent()) {
      return Desk.unchanged(Desk.refused(422, past.get(), Desk.PAST_REMEDY));
    }
    JobDefinition made = wanted.definition();
    Optional<Outcome> over =
        QueueBindings.conflict(tx, made, row.id()).or(() -> quotas.judge(tx, made, false, now));
    if (over.isPresent()) {
      return Desk.unchanged(over.get());
    }
    JobWrites.Change change =
        new JobWrites.Change(wanted, row, row.state(), row.source(), Owners.API, old.version());
    Jobs.Row written = writes.write(tx, List.of(change), command, epoch, now).getFirst();
    Outcome outcome =
        new Outcome(200, Desk.answer(written, true).put("restored", old.version()).toString());
    return new Desk.Applied(outcome, written, wanted.definition());
  }

  private static int version(Command command) {
    try {
      JsonNode version = JSON.readTree(command.body()).path("version");
      return version.canConvertToInt() && version.isIntegralNumber() ? version.asInt() : 0;
    } catch (JsonProcessingException e) {
      return 0; // refused as one that names no version
    }
  }
}
