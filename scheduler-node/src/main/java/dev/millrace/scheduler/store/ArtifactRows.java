package dev.millrace.scheduler.store;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/** The table artifact_chunk. A chunk that is there never changes. Stateless. */
public final class ArtifactRows {
  private ArtifactRows() {}

  public record Row(String artifact, int number, byte[] bytes) {}

  private static final Comparator<Row> KEY_ORDER =
      Comparator.comparing(Row::artifact).thenComparingInt(Row::number);

  private static final String INSERT =
      """
      insert into artifact_chunk (artifact, number, bytes)
      select id, :number, :bytes from artifact where id = :artifact and state = 'UPLOADING'
      on conflict do nothing
      """;

  private static final String READ =
      "select bytes from artifact_chunk where artifact = :artifact and number = :number";

  private static final String MISSING =
      """
      select number from generate_series(0, :count - 1) as expected (number)
      where not exists (
        select from artifact_chunk c where c.artifact = :artifact and c.number = expected.number)
      order by number
      limit :limit
      """;

  private static final String DELETE = "delete from artifact_chunk where artifact = :artifact";

  /** In the order of the key: two nodes that get the same chunks must not wait for each other. */
  public static void insert(Handle tx, List<Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    PreparedBatch batch = tx.prepareBatch(INSERT);
    for (Row row : rows.stream().sorted(KEY_ORDER).toList()) {
      batch
          .bind("artifact", row.artifact())
          .bind("number", row.number())
          .bind("bytes", row.bytes())
          .add();
    }
    batch.execute();
  }

  public static Optional<byte[]> read(Handle handle, String artifact, int number) {
    return handle
        .createQuery(READ)
        .bind("artifact", artifact)
        .bind("number", number)
        .mapTo(byte[].class)
        .findOne();
  }

  /** The first numbers below the count that are not there. */
  public static List<Integer> missing(Handle handle, String artifact, int count, int limit) {
    return handle
        .createQuery(MISSING)
        .bind("artifact", artifact)
        .bind("count", count)
        .bind("limit", limit)
        .mapTo(Integer.class)
        .list();
  }

  public static void delete(Handle tx, String artifact) {
    tx.createUpdate(DELETE).bind("artifact", artifact).execute();
  }
}
