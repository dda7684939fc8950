package dev.millrace.scheduler.store;

import dev.millrace.wire.ArtifactReference;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;

/** The table artifact: what is known of artifacts, wherever their bytes are. Stateless. */
public final class Artifacts {
  private Artifacts() {}

  /** One row; {@code live} is false when its time is over. */
  public record Artifact(
      String id,
      long run,
      String stage,
      int attempt,
      String name,
      String mediaType,
      long size,
      String sha256,
      String state,
      String location,
      Instant createdAt,
      Instant expiresAt,
      boolean live) {
    public boolean stored() {
      return state.equals("STORED");
    }

    public ArtifactReference reference() {
      return new ArtifactReference(id, name, mediaType, size, sha256);
    }
  }

  /** What all artifacts of a run take, those that are still coming included. */
  public record Use(long bytes, int count) {}

  private static final String COLUMNS =
      """
      select id, run, stage, attempt, name, media_type, size, sha256, state, location,
        created_at, expires_at, expires_at > clock_timestamp() as live
      from artifact
      """;

  private static final String FIND = COLUMNS + "where id = any (:ids)";

  private static final String BY_NAME =
      COLUMNS + "where run = :run and stage = :stage and attempt = :attempt and name = :name";

  private static final String OF_RUN =
      COLUMNS
          + """
          where run = :run and state = 'STORED' and expires_at > clock_timestamp()
            and (cast(:after as text) is null
              or (created_at, id) > (select created_at, id from artifact where id = :after))
          order by created_at, id
          limit :limit
          """;

  private static final String DUE =
      COLUMNS
          + """
          where expires_at <= clock_timestamp() and location in ('postgres', :location)
          order by expires_at
          limit :limit
          """;

  /** Two uploads that begin at once must not both see room for themselves. */
  private static final String LOCK_RUN = "select pg_advisory_xact_lock(:space, hashint8(:run))";

  private static final int LOCK_SPACE = 0x6d617274; // "mart"; other users of the database lock too

  private static final String RUN_KNOWN = "select true from run where id = :run";

  private static final String USE =
      """
      select coalesce(sum(size), 0)::bigint as bytes, count(*)::int as count
      from artifact where run = :run and expires_at > clock_timestamp()
      """;

  private static final String INSERT =
      """
      insert into artifact (id, run, stage, attempt, name, media_type, size, sha256, state,
        location, created_at, expires_at)
      values (:id, :run, :stage, :attempt, :name, :mediaType, :size, :sha256, 'UPLOADING',
        :location, clock_timestamp(), clock_timestamp() + make_interval(secs => :seconds))
      """;

  private static final String PROLONG =
      """
      update artifact set expires_at = clock_timestamp() + make_interval(secs => :seconds)
      where id = :id and state = 'UPLOADING' and expires_at > clock_timestamp()
      """;

  private static final String STORED =
      """
      update artifact
      set state = 'STORED', expires_at = clock_timestamp() + make_interval(secs => :seconds)
      where id = :id and state = 'UPLOADING'
      """;

  /** Frees the name and leaves the rest to whoever deletes what has expired: bytes first. */
  private static final String GIVE_UP =
      """
      update artifact set name = '.given-up/' || id, expires_at = clock_timestamp() where id = :id
      """;

  private static final String DELETE = "delete from artifact where id = :id";

  public static List<Artifact> find(Handle handle, Collection<String> ids) {
    return handle
        .createQuery(FIND)
        .bindArray("ids", String.class, List.copyOf(ids))
        .map(ConstructorMapper.of(Artifact.class))
        .list();
  }

  public static Optional<Artifact> find(Handle handle, String id) {
    return find(handle, List.of(id)).stream().findFirst();
  }

  public static Optional<Artifact> find(
      Handle handle, long run, String stage, int attempt, String name) {
    return handle
        .createQuery(BY_NAME)
        .bind("run", run)
        .bind("stage", stage)
        .bind("attempt", attempt)
        .bind("name", name)
        .map(ConstructorMapper.of(Artifact.class))
        .findOne();
  }

  /**
   * Visible artifacts of a run, oldest first.
   *
   * @param after the id of the last one of the page before, or null
   */
  public static List<Artifact> ofRun(Handle handle, long run, String after, int limit) {
    return handle
        .createQuery(OF_RUN)
        .bind("run", run)
        .bind("after", after)
        .bind("limit", limit)
        .map(ConstructorMapper.of(Artifact.class))
        .list();
  }

  /**
   * Those whose time is over, the oldest first.
   *
   * @param location what this node can delete from, beside Postgres
   */
  public static List<Artifact> due(Handle handle, String location, int limit) {
    return handle
        .createQuery(DUE)
        .bind("location", location)
        .bind("limit", limit)
        .map(ConstructorMapper.of(Artifact.class))
        .list();
  }

  /** Only one upload at a time begins in a run, until the transaction ends. */
  public static void lockRun(Handle tx, long run) {
    tx.createQuery(LOCK_RUN).bind("space", LOCK_SPACE).bind("run", run).mapToMap().one();
  }

  public static boolean runKnown(Handle handle, long run) {
    return handle
        .createQuery(RUN_KNOWN)
        .bind("run", run)
        .mapTo(Boolean.class)
        .findOne()
        .isPresent();
  }

  public static Use use(Handle handle, long run) {
    return handle.createQuery(USE).bind("run", run).map(ConstructorMapper.of(Use.class)).one();
  }

  public static void insert(Handle tx, Artifact artifact, Duration uploadTime) {
    tx.createUpdate(INSERT).bindMethods(artifact).bind("seconds", seconds(uploadTime)).execute();
  }

  /** False when the upload is gone or no longer one. */
  public static boolean prolong(Handle handle, String id, Duration uploadTime) {
    return handle
            .createUpdate(PROLONG)
            .bind("id", id)
            .bind("seconds", seconds(uploadTime))
            .execute()
        == 1;
  }

  /** Makes it visible; false when the upload is gone or no longer one. */
  public static boolean store(Handle tx, String id, Duration ttl) {
    return tx.createUpdate(STORED).bind("id", id).bind("seconds", seconds(ttl)).execute() == 1;
  }

  /** Its name is free at once; it is deleted soon. */
  public static void giveUp(Handle tx, String id) {
    tx.createUpdate(GIVE_UP).bind("id", id).execute();
  }

  /** With its chunks. */
  public static void delete(Handle tx, String id) {
    tx.createUpdate(DELETE).bind("id", id).execute();
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1_000.0;
  }
}
