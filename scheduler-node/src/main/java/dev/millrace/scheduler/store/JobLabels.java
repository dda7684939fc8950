package dev.millrace.scheduler.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/**
 * What jobs are found by beside their names: the table job_label and the column job.description.
 * Stateless; the leader's transaction.
 */
public final class JobLabels {
  private JobLabels() {}

  /**
   * What the version says that is in force from now on.
   *
   * @param fresh a job that was made in this transaction
   */
  public record Said(
      long job,
      String namespace,
      String name,
      boolean fresh,
      String description,
      Map<String, String> labels) {}

  private static final String CLEAR = "delete from job_label where job = any (:jobs)";

  private static final String INSERT =
      """
      insert into job_label (namespace, key, value, name, job)
      select namespace, key, value, name, job
      from unnest(:namespaces, :keys, :values, :names, :jobs) as u (namespace, key, value, name, job)
      """;

  private static final String DESCRIBE =
      """
      update job j set description = u.description from unnest(:jobs, :descriptions) as u (job, description)
      where j.id = u.job and j.description <> u.description
      """;

  /** An index takes no text that is much longer, and nobody looks for one. */
  private static final int INDEXED_MAX = 256;

  private static String indexed(String text) {
    String storable = Columns.storable(text);
    return storable.codePointCount(0, storable.length()) <= INDEXED_MAX
        ? storable
        : storable.substring(0, storable.offsetByCodePoints(0, INDEXED_MAX));
  }

  private record Row(Said said, String key, String value) {}

  /** Writes it in three statements at the most. */
  public static void write(Handle tx, List<Said> all) {
    List<Long> known = all.stream().filter(said -> !said.fresh()).map(Said::job).toList();
    if (!known.isEmpty()) {
      tx.createUpdate(CLEAR).bindArray("jobs", Long.class, known).execute();
    }
    List<Row> rows = new ArrayList<>();
    for (Said said : all) {
      // Two keys may be one when what cannot be stored is replaced.
      Map<String, String> storable = new TreeMap<>();
      said.labels().forEach((key, value) -> storable.put(indexed(key), indexed(value)));
      storable.forEach((key, value) -> rows.add(new Row(said, key, value)));
    }
    if (!rows.isEmpty()) {
      tx.createUpdate(INSERT)
          .bindArray("namespaces", String.class, rows.stream().map(r -> r.said.namespace).toList())
          .bindArray("keys", String.class, rows.stream().map(Row::key).toList())
          .bindArray("values", String.class, rows.stream().map(Row::value).toList())
          .bindArray("names", String.class, rows.stream().map(r -> r.said.name).toList())
          .bindArray("jobs", Long.class, rows.stream().map(r -> r.said.job).toList())
          .execute();
    }
    List<Said> described =
        all.stream().filter(said -> !said.fresh() || !said.description().isEmpty()).toList();
    if (!described.isEmpty()) {
      tx.createUpdate(DESCRIBE)
          .bindArray("jobs", Long.class, described.stream().map(Said::job).toList())
          .bindArray(
              "descriptions",
              String.class,
              described.stream().map(said -> Columns.storable(said.description())).toList())
          .execute();
    }
  }
}
