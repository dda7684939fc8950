package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.QuotaRows;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** Sets quotas, and judges jobs by them. Inside the leader's transaction; the leader's thread. */
final class QuotaDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int OVER = 429;

  /** Of a trigger that does not tick at equal intervals, so many are looked at. */
  private static final int TICKS_JUDGED = 50;

  private final Quotas quotas;
  private final Meters meters;

  QuotaDesk(Quotas quotas, Meters meters) {
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

  /** A definition that is about to be in force; {@code fresh} when there is no such job yet. */
  record Job(JobDefinition definition, boolean fresh) {}

  /** What its namespace's quota forbids of one definition. */
  Optional<Outcome> judge(Handle tx, JobDefinition definition, boolean fresh, long now) {
    Over over = judge(tx, List.of(new Job(definition, fresh)), Map.of(), now).get(0);
    return over == null
        ? Optional.empty()
        : Optional.of(Desk.refused(OVER, over.detail, over.remedy));
  }

  /** Why a definition is over its quota. */
  record Over(String detail, String remedy) {}

  /**
   * What quotas forbid of definitions that come into force together, by their places in the list.
   *
   * @param gone how many jobs of a namespace go at the same time
   */
  Map<Integer, Over> judge(Handle tx, List<Job> jobs, Map<String, Integer> gone, long now) {
    Map<Integer, Over> found = new HashMap<>();
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; quotas.any() && i < jobs.size(); i++) {
      JobDefinition definition = jobs.get(i).definition();
      String namespace = definition.namespace();
      QuotaRows.Row quota = quotas.of(namespace);
      if (quota == null) {
        continue;
      }
      if (quota.jobs() != null && jobs.get(i).fresh()) {
        int count =
            counts.computeIfAbsent(
                namespace, name -> QuotaRows.countJobs(tx, name) - gone.getOrDefault(name, 0));
        if (count >= quota.jobs()) {
          found.put(i, tooMany(namespace, count, quota.jobs()));
          continue;
        }
        counts.put(namespace, count + 1);
      }
      if (quota.minIntervalMillis() != null) {
        Optional<String> why =
            tooOften(definition, Duration.ofMillis(quota.minIntervalMillis()), now);
        if (why.isPresent()) {
          found.put(i, tooOften(namespace, why.get()));
        }
      }
    }
    return found;
  }

  private Over tooMany(String namespace, int count, int quota) {
    meters.quotaRefused("jobs");
    return new Over(
        "namespace '" + namespace + "' has " + count + " jobs, its quota is " + quota,
        "archive some, or have the quota raised");
  }

  private Over tooOften(String namespace, String why) {
    meters.quotaRefused("min-interval");
    return new Over(
        why + " of namespace '" + namespace + "'",
        "let it tick less often, or have the quota changed");
  }

  private static Optional<String> tooOften(JobDefinition job, Duration least, long now) {
    for (int i = 0; i < job.triggers().size(); i++) {
      TriggerDefinition trigger = job.triggers().get(i);
      Schedule schedule = Schedule.of(job, trigger);
      Instant before = null;
      Optional<Instant> tick = next(schedule, Instant.ofEpochMilli(now / 1_000));
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
        tick = next(schedule, before);
      }
    }
    return Optional.empty();
  }

  private static Optional<Instant> next(Schedule schedule, Instant after) {
    return schedule.nextFiring(after).map(Tick::instant);
  }
}
