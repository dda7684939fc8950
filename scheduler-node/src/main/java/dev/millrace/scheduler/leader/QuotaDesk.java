package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.Schedule;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.QuotaRows;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Sets quotas, and judges jobs by them. Inside the leader's transaction; the leader's thread. */
final class QuotaDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int OVER = 429;

  /** Of a trigger that does not tick at equal intervals, so many are looked at. */
  private static final int TICKS_JUDGED = 50;

  private final Catalog catalog;
  private final Quotas quotas;
  private final Meters meters;

  QuotaDesk(Catalog catalog, Quotas quotas, Meters meters) {
    this.catalog = catalog;
    this.quotas = quotas;
    this.meters = meters;
  }

  Outcome put(Handle tx, Pass pass, Command command) {
    QuotaRows.Row row;
    try {
      row = row(command.namespace(), JSON.readTree(command.body()));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      return Desk.refused(422, "the quota cannot be read: " + e.getMessage(), "correct it");
    }
    QuotaRows.put(tx, row, command.actor(), pass.now);
    quotas.changed(tx, pass);
    ObjectNode body = JSON.createObjectNode().put("namespace", command.namespace());
    return new Outcome(200, body.put("changed", true).toString());
  }

  private static QuotaRows.Row row(String namespace, JsonNode body) {
    return new QuotaRows.Row(
        namespace,
        number(body, "jobs", 0),
        number(body, "queued", 0),
        number(body, "running", 1),
        number(body, "runsPerDay", 0),
        number(body, "payloadBytes", 2),
        body.hasNonNull("minIntervalMillis") ? atLeast(body, "minIntervalMillis", 1) : null,
        body.path("whenOver").asText().equals("wait"));
  }

  private static Integer number(JsonNode body, String name, int least) {
    return body.hasNonNull(name) ? (Integer) (int) atLeast(body, name, least) : null;
  }

  private static long atLeast(JsonNode body, String name, long least) {
    long value = body.get(name).asLong(-1);
    if (value < least || value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(name + " is not a number from " + least);
    }
    return value;
  }

  /** What of a definition its namespace's quota forbids, or null. */
  Outcome judge(Handle tx, Command command, long now) {
    if (!quotas.any()) {
      return null;
    }
    JobDefinition job = definition(command);
    QuotaRows.Row quota = job == null ? null : quotas.of(job.namespace());
    if (quota == null) {
      return null; // what cannot be read is refused where it is applied
    }
    if (quota.jobs() != null && catalog.find(tx, job.namespace(), job.id()) == null) {
      int jobs = QuotaRows.countJobs(tx, job.namespace());
      if (jobs >= quota.jobs()) {
        return over(
            "jobs",
            "namespace '"
                + job.namespace()
                + "' has "
                + jobs
                + " jobs, its quota is "
                + quota.jobs(),
            "archive some, or have the quota raised");
      }
    }
    Optional<String> tooOften =
        quota.minIntervalMillis() == null
            ? Optional.empty()
            : tooOften(job, Duration.ofMillis(quota.minIntervalMillis()), now);
    return tooOften
        .map(
            why ->
                over(
                    "min-interval",
                    why + " of namespace '" + job.namespace() + "'",
                    "let it tick less often, or have the quota changed"))
        .orElse(null);
  }

  private static JobDefinition definition(Command command) {
    try {
      return DefinitionJson.fromJson(JSON.readTree(command.body()).path("definition").toString());
    } catch (JsonProcessingException | RuntimeException e) {
      return null;
    }
  }

  private Outcome over(String limit, String detail, String remedy) {
    meters.quotaRefused(limit);
    return Desk.refused(OVER, detail, remedy);
  }

  private static Optional<String> tooOften(JobDefinition job, Duration least, long now) {
    for (int i = 0; i < job.triggers().size(); i++) {
      TriggerDefinition trigger = job.triggers().get(i);
      Schedule schedule = Schedule.of(trigger);
      Instant before = null;
      Optional<Instant> tick = schedule.next(Instant.ofEpochMilli(now / 1_000));
      for (int n = 0; n < TICKS_JUDGED && tick.isPresent(); n++) {
        if (before != null && Duration.between(before, tick.get()).compareTo(least) < 0) {
          return Optional.of(
              "triggers["
                  + i
                  + "] ticks at "
                  + before
                  + " and at "
                  + tick.get()
                  + ", which is nearer than the least interval "
                  + least);
        }
        before = tick.get();
        tick = schedule.next(before);
      }
    }
    return Optional.empty();
  }
}
