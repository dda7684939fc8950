package dev.millrace.scheduler.store;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;

/**
 * The tables secret and secret_key. What is in them is sealed; nobody opens it here. Stateless; the
 * caller's thread and transaction.
 */
public final class SecretRows {
  private SecretRows() {}

  /**
   * One secret.
   *
   * @param key id of the master key that it is sealed with
   */
  public record Row(
      String namespace,
      String name,
      int version,
      String key,
      byte[] sealed,
      Instant createdAt,
      String createdBy,
      Instant changedAt,
      String changedBy) {}

  /** Who holds the claim of a stage. */
  public record Holder(String state, int attempt, String worker) {}

  private static final String COLUMNS =
      """
      select namespace, name, version, key, sealed, created_at, created_by, changed_at, changed_by from secret
      """;

  private static final String FIND =
      COLUMNS + "where namespace = :namespace and name = any (:names)";

  private static final String FIND_FOR_UPDATE =
      COLUMNS + "where namespace = :namespace and name = :name for update";

  private static final String PAGE =
      COLUMNS
          + """
          where (cast(:namespace as text) is null or namespace = :namespace)
            and (namespace, name) > (:afterNamespace, :afterName)
          order by namespace, name limit :limit
          """;

  private static final String OF_OTHER_KEYS =
      COLUMNS
          + """
          where key <> :key and (namespace, name) > (:afterNamespace, :afterName)
          order by namespace, name limit :limit for update
          """;

  private static final String INSERT =
      """
      insert into secret (namespace, name, version, key, sealed, created_at, created_by, changed_at, changed_by)
      values (:namespace, :name, 1, :key, :sealed, clock_timestamp(), :actor, clock_timestamp(), :actor)
      on conflict do nothing
      """;

  private static final String CHANGE =
      """
      update secret set version = :version, key = :key, sealed = :sealed,
        changed_at = clock_timestamp(), changed_by = :actor
      where namespace = :namespace and name = :name
      """;

  private static final String SEAL_ANEW =
      """
      update secret set key = :key, sealed = :sealed
      where namespace = :namespace and name = :name and version = :version
      """;

  private static final String DELETE =
      "delete from secret where namespace = :namespace and name = :name";

  private static final String KEYS_IN_USE =
      "select key, count(*) from secret group by key order by key";

  private static final String CANARY = "select canary from secret_key where id = :id";

  private static final String ADD_KEY =
      "insert into secret_key (id, canary) values (:id, :canary) on conflict do nothing";

  private static final String HOLDER =
      "select state, attempt, worker from stage where run = :run and name = :stage";

  public static List<Row> find(Handle handle, String namespace, Collection<String> names) {
    return handle
        .createQuery(FIND)
        .bind("namespace", namespace)
        .bindArray("names", String.class, names)
        .map(ConstructorMapper.of(Row.class))
        .list();
  }

  /** The row, locked until the transaction ends. */
  public static Optional<Row> lock(Handle tx, String namespace, String name) {
    return tx.createQuery(FIND_FOR_UPDATE)
        .bind("namespace", namespace)
        .bind("name", name)
        .map(ConstructorMapper.of(Row.class))
        .findOne();
  }

  /**
   * By namespace and name.
   *
   * @param namespace or null for all
   */
  public static List<Row> page(
      Handle handle, String namespace, String afterNamespace, String afterName, int limit) {
    return handle
        .createQuery(PAGE)
        .bind("namespace", namespace)
        .bind("afterNamespace", afterNamespace)
        .bind("afterName", afterName)
        .bind("limit", limit)
        .map(ConstructorMapper.of(Row.class))
        .list();
  }

  /** Those that are not sealed with this key, locked, by namespace and name. */
  public static List<Row> ofOtherKeys(
      Handle tx, String key, String afterNamespace, String afterName, int limit) {
    return tx.createQuery(OF_OTHER_KEYS)
        .bind("key", key)
        .bind("afterNamespace", afterNamespace)
        .bind("afterName", afterName)
        .bind("limit", limit)
        .map(ConstructorMapper.of(Row.class))
        .list();
  }

  /** A new one, version 1; false when it is there. */
  public static boolean insert(
      Handle tx, String namespace, String name, String key, byte[] sealed, String actor) {
    return tx.createUpdate(INSERT)
            .bind("namespace", namespace)
            .bind("name", name)
            .bind("key", key)
            .bind("sealed", sealed)
            .bind("actor", actor)
            .execute()
        == 1;
  }

  /** Another value. */
  public static void change(
      Handle tx,
      String namespace,
      String name,
      int version,
      String key,
      byte[] sealed,
      String actor) {
    tx.createUpdate(CHANGE)
        .bind("namespace", namespace)
        .bind("name", name)
        .bind("version", version)
        .bind("key", key)
        .bind("sealed", sealed)
        .bind("actor", actor)
        .execute();
  }

  /** The same value under another key. */
  public static void sealAnew(Handle tx, Row row, String key, byte[] sealed) {
    tx.createUpdate(SEAL_ANEW)
        .bind("namespace", row.namespace())
        .bind("name", row.name())
        .bind("version", row.version())
        .bind("key", key)
        .bind("sealed", sealed)
        .execute();
  }

  /** False when there was none. */
  public static boolean delete(Handle tx, String namespace, String name) {
    return tx.createUpdate(DELETE).bind("namespace", namespace).bind("name", name).execute() == 1;
  }

  /** How many secrets each key seals. */
  public static SortedMap<String, Long> keysInUse(Handle handle) {
    SortedMap<String, Long> keys = new TreeMap<>();
    handle
        .createQuery(KEYS_IN_USE)
        .map((row, context) -> keys.put(row.getString(1), row.getLong(2)))
        .list();
    return keys;
  }

  public static Optional<byte[]> canary(Handle handle, String key) {
    return handle.createQuery(CANARY).bind("id", key).mapTo(byte[].class).findOne();
  }

  /** Remembers a key, unless it is known. */
  public static void addKey(Handle tx, String key, byte[] canary) {
    tx.createUpdate(ADD_KEY).bind("id", key).bind("canary", canary).execute();
  }

  /** As the stage's row has it now. */
  public static Optional<Holder> holder(Handle handle, long run, String stage) {
    return handle
        .createQuery(HOLDER)
        .bind("run", run)
        .bind("stage", stage)
        .map(ConstructorMapper.of(Holder.class))
        .findOne();
  }
}
