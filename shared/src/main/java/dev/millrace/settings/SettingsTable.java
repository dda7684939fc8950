package dev.millrace.settings;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Every setting there is, with its file key, its environment name and its default: the one table
 * that reading and {@code docs/settings.md} come from. Stateless, any thread.
 */
public final class SettingsTable {
  /**
   * One setting.
   *
   * @param key in the properties file, and as a flag
   * @param env in the environment
   * @param standard the default as text, or null when there is none
   * @param secret its value is never shown
   * @param meaning one sentence
   */
  public record Key(String key, String env, String standard, boolean secret, String meaning) {}

  /** Names of the environment that are no settings: given to stages, to launchers, to tests. */
  private static final Set<String> NOT_SETTINGS =
      Set.of(
          "MILLRACE_HOME",
          "MILLRACE_JAVA_HOME",
          "MILLRACE_JAVA_OPTS",
          "MILLRACE_CONFIG",
          "MILLRACE_LOG",
          "MILLRACE_SERVER",
          "MILLRACE_CONFIG_DIR",
          "MILLRACE_API",
          "MILLRACE_RUN",
          "MILLRACE_STAGE",
          "MILLRACE_ATTEMPT",
          "MILLRACE_JOB",
          "MILLRACE_NAMESPACE",
          "MILLRACE_PARAMS",
          "MILLRACE_INPUTS",
          "MILLRACE_OUTPUT",
          "MILLRACE_ARTIFACTS",
          "MILLRACE_CHECKPOINT",
          "MILLRACE_PROGRESS",
          "MILLRACE_REPORTS",
          "MILLRACE_ITEM",
          "MILLRACE_INDEX",
          "MILLRACE_PARAMS_FILE",
          "MILLRACE_INPUTS_FILE",
          "MILLRACE_CHECKPOINT_FILE",
          "MILLRACE_ITEM_FILE",
          "MILLRACE_PROCESS_TREE",
          "MILLRACE_SCHEDULED_FOR",
          "MILLRACE_TRACEPARENT");

  private static final List<String> NOT_SETTINGS_PREFIXES =
      List.of("MILLRACE_TEST_", "MILLRACE_PARAM_");

  private static final List<Key> KEYS =
      List.of(
          key("postgres.url", "POSTGRES_URL", null, "JDBC URL of the database."),
          key("postgres.user", "POSTGRES_USER", "", "Database user, unless the URL names it."),
          secret("postgres.password", "POSTGRES_PASSWORD", "Password of that user."),
          key("postgres.pool-size", "POSTGRES_POOL_SIZE", "8", "Connections per node, 2..100."),
          key("rabbitmq.url", "RABBITMQ_URL", null, "AMQP URL of the broker, with its login."),
          key("rabbitmq.heartbeat", "RABBITMQ_HEARTBEAT", "10s", "AMQP heartbeat, whole seconds."),
          key(
              "rabbitmq.connect-timeout",
              "RABBITMQ_CONNECT_TIMEOUT",
              "5s",
              "Limit of a connect, and of the login after it."),
          key("http.bind", "BIND", "127.0.0.1", "Address the API listens on."),
          key("http.port", "PORT", "8080", "Port of the API; 0 takes a free one."),
          secret("http.token", "TOKEN", "A token that is admin of everything, besides those made."),
          key(
              "http.requests-per-second",
              "REQUESTS_PER_SECOND",
              "5000",
              "Most of one caller to one node; more is answered 429."),
          key(
              "http.public-url",
              "PUBLIC_URL",
              "",
              "Where people reach the API behind a proxy, such as https://jobs.example.org."),
          key("audit.keep", "AUDIT_KEEP", "400d", "The audit log is kept so long, by months."),
          key("oidc.issuer", "OIDC_ISSUER", "", "URL of the OIDC issuer; empty switches it off."),
          key("oidc.client-id", "OIDC_CLIENT_ID", "", "This client there; the audience of tokens."),
          secret("oidc.client-secret", "OIDC_CLIENT_SECRET", "Empty for a public client."),
          key("oidc.name", "OIDC_NAME", "OIDC", "What the login button calls the issuer."),
          key("oidc.claim", "OIDC_CLAIM", "groups", "The claim that oidc.roles is about."),
          key(
              "oidc.roles",
              "OIDC_ROLES",
              "",
              "VALUE=NAMESPACE:ROLE, with commas between; values exactly, `*` is every namespace."),
          key("jobs.dir", "JOBS_DIR", "", "Folder whose job files are loaded and watched."),
          key(
              "scheduler.file-roots",
              "SCHEDULER_FILE_ROOTS",
              "",
              "Folders, with commas between, where triggers may look for files; none if empty."),
          key(
              "leader.lease-ttl",
              "LEASE_TTL",
              "6s",
              "A leader that is silent so long is replaced."),
          key("leader.renew-every", "LEASE_RENEW_EVERY", "2s", "How often the leader renews."),
          key("leader.follower-poll", "FOLLOWER_POLL", "500ms", "How often a follower looks."),
          key("engine.batch-max", "ENGINE_BATCH_MAX", "2000", "Facts in one transaction."),
          key(
              "engine.window-min",
              "ENGINE_WINDOW_MIN",
              "64",
              "Least stages per pool at the broker."),
          key("engine.window-max", "ENGINE_WINDOW_MAX", "20000", "Most stages per pool there."),
          key("engine.bundle-max", "ENGINE_BUNDLE_MAX", "64", "Starts in one message, 1..64."),
          key(
              "artifacts.store",
              "ARTIFACTS_STORE",
              "postgres",
              "Where bytes of artifacts are kept: postgres, dir:/path (one for all nodes) or s3."),
          key("artifacts.ttl", "ARTIFACTS_TTL", "7d", "Artifacts are kept so long."),
          key("artifacts.max-bytes", "ARTIFACTS_MAX_BYTES", "67108864", "Most of one artifact."),
          key(
              "artifacts.run-max-bytes",
              "ARTIFACTS_RUN_MAX_BYTES",
              "268435456",
              "Most of all artifacts of one run."),
          key("artifacts.s3-endpoint", "ARTIFACTS_S3_ENDPOINT", "", "URL of the S3 store."),
          key("artifacts.s3-bucket", "ARTIFACTS_S3_BUCKET", "", "Bucket; it must exist."),
          key("artifacts.s3-region", "ARTIFACTS_S3_REGION", "us-east-1", "Region to sign for."),
          key("artifacts.s3-access-key", "ARTIFACTS_S3_ACCESS_KEY", "", "Access key of S3."),
          secret("artifacts.s3-secret-key", "ARTIFACTS_S3_SECRET_KEY", "Secret key of S3."),
          key(
              "artifacts.s3-path-style",
              "ARTIFACTS_S3_PATH_STYLE",
              "true",
              "The bucket is in the path; false puts it before the host's name."),
          key(
              "events.amqp",
              "EVENTS_AMQP",
              "on",
              "Whether the leader publishes events to millrace.events: on or off."),
          key(
              "events.clients-max",
              "EVENTS_CLIENTS_MAX",
              "1000",
              "Clients that follow events on one node (SSE and WebSocket)."),
          key(
              "events.clients-per-principal",
              "EVENTS_CLIENTS_PER_PRINCIPAL",
              "100",
              "The same of one principal; more are answered 429."),
          secret(
              "secrets.keys",
              "SECRETS_KEYS",
              "Keys of stored secrets as id:base64, with commas between; the first one seals."),
          key("secrets.keys-file", "SECRETS_KEYS_FILE", "", "A file with one such key a line."),
          key("worker.heartbeat-every", "HEARTBEAT_EVERY", "2s", "Workers report so often."),
          key("worker.suspect-after", "SUSPECT_AFTER", "6s", "Silent so long is suspect."),
          key("worker.lost-after", "LOST_AFTER", "10s", "Silent so long is lost."),
          key("worker.pools", "POOLS", "default=16", "Pools and slots: scraper=200,nas=4."),
          key("worker.handlers", "HANDLERS", "*", "Handlers it may run, or * for all it has."),
          key("worker.drain-grace", "DRAIN_GRACE", "30s", "Running stages may end so long."),
          key("worker.work-dir", "WORK_DIR", "work", "Folder for the work folders of stages."),
          key(
              "worker.output-max-bytes",
              "OUTPUT_MAX_BYTES",
              "1048576",
              "Log kept of one attempt; further lines are counted and said so."),
          key(
              "worker.file-roots",
              "FILE_ROOTS",
              "",
              "Folders, with commas between, below which wait.file may look; none when empty."),
          key(
              "worker.secret-env",
              "SECRET_ENV",
              "",
              "Variables that ${env:NAME} may name: DB_PASSWORD,SHOP_*; none when empty."),
          key(
              "worker.secret-dirs",
              "SECRET_DIRS",
              "",
              "Folders, with commas between, that ${file:path} may read; none when empty."));

  private static final Map<String, Key> BY_KEY = new LinkedHashMap<>();
  private static final Map<String, Key> BY_ENV = new LinkedHashMap<>();

  static {
    for (Key key : KEYS) {
      BY_KEY.put(key.key(), key);
      BY_ENV.put(key.env(), key);
    }
  }

  private SettingsTable() {}

  /** In the order of the documentation. */
  public static List<Key> keys() {
    return KEYS;
  }

  /** The body of {@code docs/settings.md}. */
  public static String markdown() {
    StringBuilder text = new StringBuilder();
    text.append("| file key, flag | environment | default | meaning |\n|---|---|---|---|\n");
    for (Key key : KEYS) {
      String standard =
          key.standard() == null
              ? "required"
              : key.standard().isEmpty() ? "" : code(key.standard());
      text.append("| ").append(code(key.key())).append(" | ").append(code(key.env()));
      text.append(" | ").append(standard).append(" | ").append(key.meaning());
      text.append(key.secret() ? " Secret. |\n" : " |\n");
    }
    return text.toString();
  }

  static Key byKey(String key) {
    return BY_KEY.get(key);
  }

  static Key byEnv(String env) {
    return BY_ENV.get(env);
  }

  static Set<String> keyNames() {
    return BY_KEY.keySet();
  }

  static Set<String> envNames() {
    return BY_ENV.keySet();
  }

  /** Ours by prefix, and neither a setting nor one of the names that are something else. */
  static boolean isUnknownEnv(String env) {
    return env.startsWith("MILLRACE_")
        && !BY_ENV.containsKey(env)
        && !NOT_SETTINGS.contains(env)
        && NOT_SETTINGS_PREFIXES.stream().noneMatch(env::startsWith);
  }

  private static String code(String text) {
    return "`" + text + "`";
  }

  private static Key key(String key, String env, String standard, String meaning) {
    return new Key(key, "MILLRACE_" + env, standard, false, meaning);
  }

  private static Key secret(String key, String env, String meaning) {
    return new Key(key, "MILLRACE_" + env, "", true, meaning);
  }
}
