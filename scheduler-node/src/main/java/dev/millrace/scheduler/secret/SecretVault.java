package dev.millrace.scheduler.secret;

import dev.millrace.scheduler.store.SecretRows;
import dev.millrace.wire.Start;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The secrets in the database, sealed with this node's keys. A value leaves it only towards a
 * worker that holds a claim, and to check the signature of a webhook. Any thread.
 */
public final class SecretVault {
  /** With all that one stage refers to, an answer has to fit into a message. */
  public static final int VALUE_CHARS_MAX = 32 * 1024;

  private static final Logger log = LoggerFactory.getLogger(SecretVault.class);
  private static final int ROTATE_MAX = 100;
  private static final byte[] CANARY =
      "the keys of this node are those of its secrets".getBytes(StandardCharsets.UTF_8);

  private final Jdbi jdbi;
  private final MasterKeys keys;

  public SecretVault(Jdbi jdbi, MasterKeys keys) {
    this.jdbi = jdbi;
    this.keys = keys;
  }

  /** A secret cannot be opened: no key here fits. The message names it and never a value. */
  public static final class Locked extends RuntimeException {
    private static final long serialVersionUID = 1;

    Locked(String message) {
      super(message);
    }
  }

  /**
   * What a rotation did.
   *
   * @param resealed secrets that are sealed with the first key now, and were not
   * @param locked names of those that no key here opens
   */
  public record Rotation(String key, int resealed, List<String> locked) {}

  /**
   * Checks the keys of this node against what they have sealed.
   *
   * @throws IllegalStateException when one is another key than its id says, or one is missing
   */
  public void check() {
    jdbi.useTransaction(
        tx -> {
          for (String id : keys.ids()) {
            addKey(tx, id);
            byte[] canary = SecretRows.canary(tx, id).orElseThrow();
            if (keys.open(id, canary, canaryContext(id)).isEmpty()) {
              throw new IllegalStateException(
                  "the key '"
                      + id
                      + "' in MILLRACE_SECRETS_KEYS is not the one that has this id in the"
                      + " database; secrets that it sealed could not be read. Give the right key,"
                      + " or a new key another id");
            }
          }
          SortedMap<String, Long> used = SecretRows.keysInUse(tx);
          used.keySet().removeIf(keys::has);
          if (!used.isEmpty()) {
            throw new IllegalStateException(
                "secrets are stored with keys that this node does not have: "
                    + used
                    + " (id and number of secrets). Add them to MILLRACE_SECRETS_KEYS, behind the"
                    + " first, or start once with all of them and call `millrace secret rotate`");
          }
        });
    log.info("stored secrets keys={}", keys.isEmpty() ? "none; nothing can be stored" : keys.ids());
  }

  /** False when no secret can be stored, because there is no key. */
  public boolean canStore() {
    return !keys.isEmpty();
  }

  /** As {@link MasterKeys#granted}. */
  public Start granted(Start start) {
    return keys.granted(start);
  }

  MasterKeys keys() {
    return keys;
  }

  /** Sets a value; the row as it is then. */
  public SecretRows.Row put(String namespace, String name, String value, String actor) {
    byte[] plain = value.getBytes(StandardCharsets.UTF_8);
    String key = keys.primary();
    return jdbi.inTransaction(
        tx -> {
          addKey(tx, key);
          byte[] first = keys.seal(key, plain, context(namespace, name, 1, key));
          // Somebody may delete it between the two.
          while (!SecretRows.insert(tx, namespace, name, key, first, actor)) {
            Optional<SecretRows.Row> there = SecretRows.lock(tx, namespace, name);
            if (there.isPresent()) {
              int version = there.get().version() + 1;
              byte[] sealed = keys.seal(key, plain, context(namespace, name, version, key));
              SecretRows.change(tx, namespace, name, version, key, sealed, actor);
              break;
            }
          }
          return SecretRows.lock(tx, namespace, name).orElseThrow();
        });
  }

  /** False when there was none. */
  public boolean delete(String namespace, String name) {
    return jdbi.inTransaction(tx -> SecretRows.delete(tx, namespace, name));
  }

  /**
   * What is known of secrets; nothing of it is a value.
   *
   * @param namespace or null for all
   */
  public List<SecretRows.Row> page(
      String namespace, String afterNamespace, String afterName, int limit) {
    return jdbi.withHandle(
        handle -> SecretRows.page(handle, namespace, afterNamespace, afterName, limit));
  }

  /** Those of the names that there are. */
  public List<String> known(String namespace, Collection<String> names) {
    return jdbi.withHandle(
        handle ->
            SecretRows.find(handle, namespace, names).stream().map(SecretRows.Row::name).toList());
  }

  /**
   * The values of those that there are.
   *
   * @throws Locked when one cannot be opened
   */
  public Map<String, String> open(Handle handle, String namespace, Collection<String> names) {
    Map<String, String> values = new LinkedHashMap<>();
    for (SecretRows.Row row : SecretRows.find(handle, namespace, names)) {
      byte[] plain =
          opened(row)
              .orElseThrow(
                  () ->
                      new Locked(
                          "the secret '"
                              + row.name()
                              + "' in namespace '"
                              + row.namespace()
                              + "' cannot be opened with the keys of this node"));
      values.put(row.name(), new String(plain, StandardCharsets.UTF_8));
    }
    return values;
  }

  /** As above, in a transaction of its own. */
  public Map<String, String> open(String namespace, Collection<String> names) {
    return jdbi.withHandle(handle -> open(handle, namespace, names));
  }

  /**
   * Seals with the first key whatever is sealed with another, in many small transactions; what
   * reads meanwhile gets the same values.
   */
  public Rotation rotate() {
    int resealed = 0;
    List<String> locked = new ArrayList<>();
    String[] after = {"", ""};
    while (true) {
      List<SecretRows.Row> done = jdbi.inTransaction(tx -> rotate(tx, after[0], after[1], locked));
      if (done.isEmpty()) {
        return new Rotation(keys.primary(), resealed - locked.size(), List.copyOf(locked));
      }
      resealed += done.size();
      after[0] = done.getLast().namespace();
      after[1] = done.getLast().name();
    }
  }

  private List<SecretRows.Row> rotate(
      Handle tx, String afterNamespace, String afterName, List<String> locked) {
    String key = keys.primary();
    addKey(tx, key);
    List<SecretRows.Row> rows =
        SecretRows.ofOtherKeys(tx, key, afterNamespace, afterName, ROTATE_MAX);
    for (SecretRows.Row row : rows) {
      Optional<byte[]> plain = opened(row);
      if (plain.isEmpty()) {
        locked.add(row.namespace() + "/" + row.name());
        continue;
      }
      byte[] context = context(row.namespace(), row.name(), row.version(), key);
      SecretRows.sealAnew(tx, row, key, keys.seal(key, plain.get(), context));
    }
    return rows;
  }

  private void addKey(Handle tx, String id) {
    SecretRows.addKey(tx, id, keys.seal(id, CANARY, canaryContext(id)));
  }

  private Optional<byte[]> opened(SecretRows.Row row) {
    byte[] context = context(row.namespace(), row.name(), row.version(), row.key());
    return keys.open(row.key(), row.sealed(), context);
  }

  /** A row that was swapped with another, or set back to an older one, does not open. */
  private static byte[] context(String namespace, String name, int version, String key) {
    return bytes("secret", namespace, name, Integer.toString(version), key);
  }

  private static byte[] canaryContext(String key) {
    return bytes("canary", key);
  }

  private static byte[] bytes(String... parts) {
    return String.join("\n", parts).getBytes(StandardCharsets.UTF_8);
  }
}
