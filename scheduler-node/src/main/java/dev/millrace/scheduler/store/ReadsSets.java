package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * What a plan reads: what is in force of many jobs, what a set applied last, and who came between.
 * Stateless; the caller's thread.
 */
public final class ReadsSets {
  private ReadsSets() {}

  /**
   * The version in force of a job, and the newest one that a set applied.
   *
   * @param applied null when the set has applied none
   */
  public record InForce(
      long job,
      int version,
      String definition,
      String hash,
      String actor,
      String reason,
      String source,
      Instant createdAt,
      Integer applied,
      String appliedHash) {
    /** True when somebody else changed what the job says since the set was applied. */
    public boolean drifted() {
      return applied != null && version > applied && !hash.equals(appliedHash);
    }
  }

  /** A set, with how many jobs it owns and when one of them was changed last. */
  public record Set(String source, int jobs, Instant changedAt) {}

  private static final String IN_FORCE =
      """
      select j.id, v.version, v.definition, v.hash, v.actor, v.reason, v.source, v.created_at,
        a.version as applied, a.hash as applied_hash
      from unnest(:jobs) as k (id)
      join job j on j.id = k.id
      join job_version v on v.job = j.id and v.version = j.version
      left join lateral (
        select w.version, w.hash from job_version w where w.job = j.id and w.source = :source
        order by w.version desc limit 1
      ) a on true
      """;

  private static final String ARCHIVED =
      """
      select k.namespace, k.name, g.updated_at
      from unnest(:namespaces, :names) as k (namespace, name)
      cross join lateral (
        select j.updated_at from job j
        where j.namespace = k.namespace and j.name = k.name and j.state = 'ARCHIVED' and j.source = :source
        order by j.id desc limit 1
      ) g
      """;

  private static final String SETS =
      """
      select source, count(*) as jobs, max(updated_at) as changed_at
      from job where source like 'set:%' and state <> 'ARCHIVED' and source > :after
        and (:all or namespace = any (:seen))
      group by source order by source limit :limit
      """;

  /** By job. */
  public static Map<Long, InForce> inForce(Handle handle, List<Long> jobs, String source) {
    Map<Long, InForce> found = new HashMap<>();
    handle
        .createQuery(IN_FORCE)
        .bindArray("jobs", Long.class, jobs)
        .bind("source", source)
        .map(
            (row, context) ->
                new InForce(
                    row.getLong("id"),
                    row.getInt("version"),
                    row.getString("definition"),
                    row.getString("hash"),
                    row.getString("actor"),
                    row.getString("reason"),
                    row.getString("source"),
                    instant(row, "created_at"),
                    integer(row, "applied"),
                    row.getString("applied_hash")))
        .forEach(one -> found.put(one.job(), one));
    return found;
  }

  /** When jobs of these names, which this source owned, were archived. */
  public static Map<JobBatches.Name, Instant> archived(
      Handle handle, List<JobBatches.Name> names, String source) {
    Map<JobBatches.Name, Instant> found = new HashMap<>();
    handle
        .createQuery(ARCHIVED)
        .bindArray(
            "namespaces", String.class, names.stream().map(JobBatches.Name::namespace).toList())
        .bindArray("names", String.class, names.stream().map(JobBatches.Name::name).toList())
        .bind("source", source)
        .map(
            (row, context) ->
                found.put(
                    new JobBatches.Name(row.getString("namespace"), row.getString("name")),
                    instant(row, "updated_at")))
        .list();
    return found;
  }

  /**
   * All sets that own a living job, by name.
   *
   * @param seen only with their jobs in these namespaces; null for all
   */
  public static List<Set> sets(Handle handle, String after, Collection<String> seen, int limit) {
    return handle
        .createQuery(SETS)
        .bind("all", seen == null)
        .bindArray("seen", String.class, seen == null ? List.of() : List.copyOf(seen))
        .bind("after", after)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Set(row.getString("source"), row.getInt("jobs"), instant(row, "changed_at")))
        .list();
  }
}
