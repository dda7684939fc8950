package dev.millrace.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  private static final Map<String, String> NEEDED =
      Map.of(
          "MILLRACE_POSTGRES_URL", "jdbc:postgresql://db/millrace",
          "MILLRACE_RABBITMQ_URL", "amqp://me:s3cret@mq/%2F");

  @TempDir Path folder;

  @Test
  void defaultsAreEnoughBesidesTheUrls() {
    var settings = SchedulerSettings.read(new SettingsInput(NEEDED, Map.of()));
    assertThat(settings.http()).isEqualTo(new HttpSettings("127.0.0.1", 8080, ""));
    assertThat(settings.leader())
        .isEqualTo(
            new LeaderSettings(
                Duration.ofSeconds(6), Duration.ofSeconds(2), Duration.ofMillis(500)));
    assertThat(settings.engine().batchMax()).isEqualTo(2000);
    assertThat(settings.engine().bundleMax()).isEqualTo(64);
    assertThat(settings.jobsDir()).isEmpty();
    var worker = WorkerNodeSettings.read(new SettingsInput(NEEDED, Map.of()));
    assertThat(worker.worker().pools()).containsExactly(new PoolSlots("default", 16));
    assertThat(worker.worker().drainGrace()).isEqualTo(Duration.ofSeconds(30));
    assertThat(worker.worker().allows("command")).isTrue();
    assertThat(worker.worker().fileRoots()).isEmpty();
  }

  @Test
  void flagsAreAboveTheEnvironmentAndThatIsAboveTheFile() throws IOException {
    Path file = folder.resolve("millrace.properties");
    Files.writeString(file, "http.port=1\nhttp.bind=localhost\nengine.batch-max=3\n");
    var environment = new HashMap<>(NEEDED);
    environment.put("MILLRACE_CONFIG", file.toString());
    environment.put("MILLRACE_PORT", "2");
    environment.put("MILLRACE_BIND", "::1");
    var settings = SchedulerSettings.read(new SettingsInput(environment, Map.of("http.port", "3")));
    assertThat(settings.http()).isEqualTo(new HttpSettings("::1", 3, ""));
    assertThat(settings.engine().batchMax()).isEqualTo(3);
  }

  @Test
  void allProblemsComeAtOnce() throws IOException {
    Path file = folder.resolve("bad.properties");
    Files.writeString(file, "http.prot=1\nleader.follower-poll=5\nleader.follower-poll=6\n");
    var environment =
        Map.of(
            "MILLRACE_POSTGRESS_URL", "x",
            "MILLRACE_RABBITMQ_URL", "http://me:s3cret@mq",
            "MILLRACE_BIND", "0.0.0.0",
            "MILLRACE_PORT", "65536",
            "MILLRACE_LEASE_TTL", "3s");
    var problems = problems(environment, Map.of("config", file.toString(), "oops", "1"));
    assertThat(String.join("\n", problems))
        .contains(
            "MILLRACE_POSTGRESS_URL (from environment): unknown setting, did you mean"
                + " 'MILLRACE_POSTGRES_URL'?",
            "http.prot (from file " + file + "): unknown setting, did you mean 'http.port'?",
            "leader.follower-poll (from file " + file + "): '6' has no unit",
            "leader.follower-poll (from file " + file + "): is written a second time",
            "oops (from flag --oops): unknown setting",
            "postgres.url is not set; set MILLRACE_POSTGRES_URL",
            "rabbitmq.url (from environment MILLRACE_RABBITMQ_URL): must start with amqp://",
            "http.port (from environment MILLRACE_PORT): '65536' is not a whole number in 0..65535",
            "leader.lease-ttl must be at least 3 times leader.renew-every")
        .doesNotContain("s3cret");
    assertThat(problems).hasSize(9);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "worker.suspect-after | 3s          | at least 2 times worker.heartbeat-every",
        "worker.lost-after    | 6s          | must be longer than worker.suspect-after",
        "engine.window-max    | 5           | window-min is above",
        "engine.bundle-max    | 65          | in 1..64",
        "rabbitmq.heartbeat   | 1500ms      | whole seconds",
        "rabbitmq.url         | amqp://a:p@b@c/x y | is not a URL at character",
        "rabbitmq.url         | amqp://     | rabbitmq.url",
        "rabbitmq.url         | amqp://h/a/b | %2F",
        "postgres.url         | postgres://x | must start with jdbc:postgresql:",
        "postgres.password    | p           | without a user",
        "http.bind            | ''          | is empty",
        "oidc.issuer          | http://example.org | is no https URL",
        "oidc.roles           | dev=shop    | is not like GROUP=NAMESPACE:ROLE",
        "http.public-url      | ftp://x     | is not like https://",
        "http.token           | a b         | no HTTP header",
        "config               | /no/such/file | cannot be read",
        "artifacts.store      | disk        | is none of postgres, dir:/path and s3",
        "artifacts.store      | dir:x       | needs an absolute path",
        "artifacts.store      | s3          | the store s3 needs artifacts.s3-bucket",
        "artifacts.run-max-bytes | 5        | one artifact may be larger than all",
        "artifacts.s3-endpoint | http://a/b | nothing after the port",
      })
  void aSchedulerIsChecked(String key, String value, String expected) {
    assertThat(problems(NEEDED, Map.of(key, value)))
        .anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "worker.pools    | a            | is not pool=slots",
        "worker.pools    | a=0          | is not pool=slots",
        "worker.pools    | a=1,a=2      | is there twice",
        "worker.pools    | ''           | is not pool=slots",
        "worker.handlers | *,http       | write * alone",
        "worker.handlers | a b          | is not the name of a handler",
        "worker.work-dir | ''           | is empty",
        "worker.output-max-bytes | 1k   | is not a whole number",
        "worker.file-roots | /a,b       | is not absolute",
      })
  void aWorkerIsChecked(String key, String value, String expected) {
    var thrown =
        catchThrowableOfType(
            SettingsException.class,
            () -> WorkerNodeSettings.read(new SettingsInput(NEEDED, Map.of(key, value))));
    assertThat(thrown.problems()).anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @Test
  void namesThatAreNoSettingsAreLeftAlone() {
    var environment = new HashMap<>(NEEDED);
    List.of("TEST_POSTGRES", "HOME", "JAVA_HOME", "RUN", "STAGE", "ATTEMPT", "PARAM_X")
        .forEach(name -> environment.put("MILLRACE_" + name, "x"));
    environment.put("PATH", "/bin");
    assertThat(SchedulerSettings.read(new SettingsInput(environment, Map.of()))).isNotNull();
  }

  @Test
  void keysOfSecretsAreReadInTheirOrderAndNotRepeated() throws Exception {
    String key = Base64.getEncoder().encodeToString(new byte[32]);
    Path file =
        Files.writeString(folder.resolve("keys"), "# of 2027\n\nnew:" + key + "\nold:" + key);
    SecretSettings keys =
        SchedulerSettings.read(
                new SettingsInput(NEEDED, Map.of("secrets.keys-file", file.toString())))
            .secrets();
    assertThat(keys.keys()).extracting(SecretSettings.Key::id).containsExactly("new", "old");
    assertThat(keys.toString()).contains("new:***").doesNotContain("AAAA");
    for (String wrong : List.of(key, "a:AAAA", "a:" + key + ",a:" + key, "a:hunter22", ":" + key)) {
      assertThatThrownBy(
              () ->
                  SchedulerSettings.read(new SettingsInput(NEEDED, Map.of("secrets.keys", wrong))))
          .isInstanceOf(SettingsException.class)
          .hasMessageContaining("secrets.keys")
          .hasMessageNotContaining("AAAA")
          .hasMessageNotContaining("hunter22");
    }
  }

  @Test
  void secretsAreNeverShown() {
    var environment =
        Map.of(
            "MILLRACE_POSTGRES_URL", "jdbc:postgresql://db/x?user=u&password=s3cret&ssl=true",
            "MILLRACE_RABBITMQ_URL", "amqp://me:s3cret%40x@mq/v",
            "MILLRACE_TOKEN", "s3cret-token");
    var input = new SettingsInput(environment, Map.of("http.token", "s3cret"));
    assertThat(SchedulerSettings.read(input).toString() + input)
        .contains("amqp://me:***@mq/v", "password=***&ssl=true", "token=***")
        .doesNotContain("s3cret");
    assertThat(new PostgresSettings("jdbc:postgresql://db/x", "u", "s3cret", 4).toString())
        .doesNotContain("s3cret");
  }

  @Test
  void theKeyOfAnS3StoreIsNeverShown() {
    var flags =
        Map.of(
            "artifacts.store", "s3",
            "artifacts.s3-endpoint", "https://s3.example.org",
            "artifacts.s3-bucket", "bucket",
            "artifacts.s3-access-key", "key",
            "artifacts.s3-secret-key", "s3cret");
    var settings = SchedulerSettings.read(new SettingsInput(NEEDED, flags));
    assertThat(settings.toString())
        .contains("bucket=bucket", "secretKey=***")
        .doesNotContain("s3cret");
  }

  /** Whatever a password is made of, the mask covers it. */
  @Test
  void noPasswordEscapesTheMask() {
    var random = new Random(5);
    for (int round = 0; round < 2_000; round++) {
      var password = new StringBuilder("Zq");
      for (int i = random.nextInt(8); i >= 0; i--) {
        password.append("abz019@:;%!$*+-_.~".charAt(random.nextInt(18)));
      }
      String url = "amqp://user:" + password + "@host:5672/vhost";
      assertThat(Masks.url(url)).isEqualTo("amqp://user:***@host:5672/vhost");
    }
  }

  @Test
  void everyKeyIsInTheTableOnceAndReadable() {
    var keys = SettingsTable.keys();
    assertThat(keys).extracting(SettingsTable.Key::key).doesNotHaveDuplicates();
    assertThat(keys).extracting(SettingsTable.Key::env).doesNotHaveDuplicates();
    assertThat(keys)
        .allSatisfy(
            key -> {
              assertThat(SettingsTable.markdown()).contains("`" + key.key() + "`");
              assertThat(key.meaning()).endsWith(".");
            });
  }

  @Test
  void thePageIsTheTable() throws IOException {
    assertThat(Files.readString(Path.of("../docs/settings.md"))).endsWith(SettingsTable.markdown());
  }

  /** A setting that nobody reads would be accepted and ignored. */
  @Test
  void everyKeyOfTheTableIsRead() {
    for (var key : SettingsTable.keys()) {
      var flags = Map.of(key.key(), "\u0001 impossible");
      boolean noticed =
          key.secret()
              || refuses(flags, true)
              || refuses(flags, false)
              || shown(flags).contains("impossible");
      assertThat(noticed).as(key.key()).isTrue();
    }
  }

  private static boolean refuses(Map<String, String> flags, boolean scheduler) {
    var input = new SettingsInput(NEEDED, flags);
    return catchThrowableOfType(
            SettingsException.class,
            () -> {
              if (scheduler) {
                SchedulerSettings.read(input);
              } else {
                WorkerNodeSettings.read(input);
              }
            })
        != null;
  }

  private static String shown(Map<String, String> flags) {
    var input = new SettingsInput(NEEDED, flags);
    return SchedulerSettings.read(input).toString() + WorkerNodeSettings.read(input);
  }

  private static List<String> problems(Map<String, String> environment, Map<String, String> flags) {
    var thrown =
        catchThrowableOfType(
            SettingsException.class,
            () -> SchedulerSettings.read(new SettingsInput(environment, flags)));
    assertThat(thrown).isNotNull();
    return thrown.problems();
  }
}
