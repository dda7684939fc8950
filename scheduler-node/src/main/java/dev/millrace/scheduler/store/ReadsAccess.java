package dev.millrace.scheduler.store;

import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** To which namespace rows belong: one read by a primary key. Stateless; the caller's thread. */
public final class ReadsAccess {
  private ReadsAccess() {}

  private static final String RUN =
      "select j.namespace from run r join job j on j.id = r.job where r.id = :id";
  private static final String START = "select namespace from start_later where run = :id";
  private static final String ARTIFACT =
      """
      select j.namespace from artifact a join run r on r.id = a.run join job j on j.id = r.job where a.id = :id
      """;
  private static final String DEAD_LETTER = "select namespace from dead_letter where id = :id";
  private static final String REDRIVE = "select namespace from redrive_batch where id = :id";
  private static final String BULK = "select namespace from bulk_operation where id = :id";

  private static final String BACKFILL =
      "select j.namespace from backfill b join job j on j.id = b.job where b.id = :id";

  /** Of a run, or of a start that waits to become one. */
  public static Optional<String> ofRun(Handle handle, long run) {
    return read(handle, RUN, run).or(() -> ofStart(handle, run));
  }

  public static Optional<String> ofStart(Handle handle, long run) {
    return read(handle, START, run);
  }

  public static Optional<String> ofArtifact(Handle handle, String id) {
    return handle.createQuery(ARTIFACT).bind("id", id).mapTo(String.class).findOne();
  }

  public static Optional<String> ofDeadLetter(Handle handle, long id) {
    return read(handle, DEAD_LETTER, id);
  }

  public static Optional<String> ofRedrive(Handle handle, long id) {
    return read(handle, REDRIVE, id);
  }

  public static Optional<String> ofBulk(Handle handle, long id) {
    return read(handle, BULK, id);
  }

  public static Optional<String> ofBackfill(Handle handle, long id) {
    return read(handle, BACKFILL, id);
  }

  private static Optional<String> read(Handle handle, String sql, long id) {
    return handle.createQuery(sql).bind("id", id).mapTo(String.class).findOne();
  }
}
