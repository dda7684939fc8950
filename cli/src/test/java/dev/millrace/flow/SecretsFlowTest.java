package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.scheduler.secret.MasterKeys;
import dev.millrace.secret.SealedAnswer;
import dev.millrace.settings.SecretSettings;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.SecretAnswer;
import dev.millrace.wire.SecretCodec;
import dev.millrace.wire.SecretRequest;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartSecrets;
import dev.millrace.worker.SecretSources;
import dev.millrace.worker.WorkerNode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Secrets reach the stages that refer to them, and nothing else: real servers, real programs. */
class SecretsFlowTest {
  private static final String STORED = "st0red/S3CRET+of=the store";
  private static final String VARIABLE = "var14ble-of-the-worker";
  private static final String FILE = "f1le-of-the-worker";
  private static final String PARAM = "p4ram-that-somebody-gave";
  private static final List<String> VALUES = List.of(STORED, VARIABLE, FILE, PARAM);

  private static final String KEY_1 = "k1:" + base64((byte) 1);
  private static final String KEY_2 = "k2:" + base64((byte) 2);
  private static final String KEY_1_WRONG = "k1:" + base64((byte) 3);

  @TempDir Path folder;
  private Flow flow;
  private HttpServer echo;
  private final ConcurrentLinkedQueue<String> authorizations = new ConcurrentLinkedQueue<>();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

  private static String base64(byte value) {
    byte[] bytes = new byte[32];
    java.util.Arrays.fill(bytes, value);
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static Logger root() {
    return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  @BeforeEach
  void start() throws Exception {
    logged.start();
    root().addAppender(logged);
    flow = new Flow(folder.resolve("work"));
    Files.createDirectories(folder.resolve("secrets/deep"));
    Files.writeString(folder.resolve("secrets/deep/token"), FILE + "\n");
    Files.writeString(folder.resolve("outside"), "nobody-may-read-this");
    Files.createSymbolicLink(folder.resolve("secrets/link"), folder.resolve("outside"));
    echo = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    echo.createContext(
        "/",
        exchange -> {
          String authorization = exchange.getRequestHeaders().getFirst("Authorization");
          authorizations.add(authorization);
          // It stands where the worker cuts the answer, and at its beginning.
          byte[] body =
              ("you said "
                      + authorization
                      + "x".repeat(49_100)
                      + authorization
                      + "y".repeat(99_000))
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Location", "/?token=" + authorization);
          exchange.sendResponseHeaders(
              exchange.getRequestURI().getPath().equals("/no") ? 500 : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    echo.start();
  }

  @AfterEach
  void stop() {
    flow.close();
    echo.stop(0);
    root().detachAppender(logged);
  }

  private SchedulerNode scheduler(String keys) throws Exception {
    SchedulerNode node = flow.scheduler("a", 0, Map.of("secrets.keys", keys));
    flow.leads(node);
    return node;
  }

  private WorkerNode worker(String pool) throws Exception {
    return flow.worker(
        pool,
        new SecretSources(
            List.of("SHOP_*"),
            List.of(folder.resolve("secrets")),
            name -> Map.of("SHOP_KEY", VARIABLE, "OTHER", "no-business-of-jobs").get(name)));
  }

  private void set(SchedulerNode node, String name, String value) throws Exception {
    String body = "{\"value\":\"" + value + "\"}";
    JsonNode answer = flow.send(node, "PUT", "/api/v1/secrets/" + name, "application/json", body);
    assertThat(answer.path("httpStatus").asInt()).as("%s", answer).isIn(200, 201);
    assertThat(answer.toString()).doesNotContain(value);
  }

  private String url(String path) {
    return "http://127.0.0.1:" + echo.getAddress().getPort() + path;
  }

  private static String sha256(String text) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** No value in any form that a log or a table may have it in. */
  private static void assertSecret(String where, String text) {
    for (String value : VALUES) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      for (String form :
          List.of(
              value,
              value.substring(0, 8),
              value.substring(value.length() - 8),
              value.replace("/", "\\/"),
              java.net.URLEncoder.encode(value, StandardCharsets.UTF_8),
              HexFormat.of().formatHex(bytes),
              Base64.getEncoder().encodeToString(bytes))) {
        int at = text.indexOf(form);
        assertThat(at < 0 ? "" : text.substring(Math.max(0, at - 200), at + form.length()))
            .as(where)
            .isEmpty();
      }
    }
  }

  private String logs() {
    StringBuilder text = new StringBuilder();
    for (ILoggingEvent event : List.copyOf(logged.list)) {
      text.append(event.getFormattedMessage()).append('\n');
      for (var at = event.getThrowableProxy(); at != null; at = at.getCause()) {
        text.append(at.getMessage()).append('\n');
      }
    }
    return text.toString();
  }

  private static final String WIDE =
      """
      id: wide
      params: {token: {type: string, secret: true}, who: string}
      stages:
        - id: command
          run: command
          with:
            env: {A: "${secret:db}", B: "${env:SHOP_KEY}", C: "pre-${{ params.who }}-${file:deep/token}"}
            shell: |
              hash() { printf %%s "$1" | sha256sum | cut -d' ' -f1; }
              echo "a=$A b=$B c=$C d=$MILLRACE_PARAM_TOKEN"
              echo "$A" | base64; printf '{"x":"%%s"}\\n' "$A" >&2
              head -c 8180 /dev/zero | tr '\\0' x; echo "$A tail"
              printf '%%s' "$A" | cut -c1-10 | tr -d '\\n'; sleep 0.2; printf '%%s\\n' "$A" | cut -c11-
              head -c 1048560 /dev/zero | tr '\\0' y | fold -w 4000; echo "$A$B"; echo "$B$A"
              echo "{\\"percent\\":50,\\"message\\":\\"at $B\\",\\"checkpoint\\":{\\"k\\":\\"$A\\"}}" >> $MILLRACE_REPORTS
              echo "{\\"a\\":\\"$(hash "$A")\\",\\"b\\":\\"$(hash "$B")\\",\\"c\\":\\"$(hash "$C")\\",\\"raw\\":\\"$A\\",\\"$B\\":1,\\"p\\":\\"$MILLRACE_PARAM_TOKEN\\"}" > $MILLRACE_OUTPUT
        - id: http
          run: http
          with:
            url: "%s"
            headers: {Authorization: "${secret:db}|${env:SHOP_KEY}|${file:deep/token}"}
        - id: fails
          run: http
          retry: {max-attempts: 1}
          with: {url: "%s?token=${env:SHOP_KEY}", headers: {Authorization: "${secret:db}"}}
      """;

  @Test
  void everyProviderReachesItsStageAndNoValueIsAtRest() throws Exception {
    SchedulerNode node = scheduler(KEY_1);
    worker("default");
    JsonNode early = flow.apply(node, WIDE.formatted(url("/"), url("/early")));
    assertThat(early.path("note").asText()).contains("not set in namespace 'default': db;");
    set(node, "db", STORED);
    JsonNode applied = flow.apply(node, WIDE.formatted(url("/"), url("/no")));
    assertThat(applied.path("note").asText()).doesNotContain("not set");
    assertThat(applied.path("httpStatus").asInt()).as("%s", applied).isIn(200, 201);
    String params = "{\"params\":{\"token\":\"%s\",\"who\":\"${secret:db}\"}}".formatted(PARAM);
    String run =
        flow.send(node, "POST", "/api/v1/jobs/wide/runs", "application/json", params)
            .path("id")
            .asText();
    flow.awaitRun(run, "FAILED");
    await()
        .atMost(Flow.SOON)
        .until(
            () ->
                flow.one("select count(*) from stage_log where text like '%more lines%'")
                    .equals("1"));

    assertThat(authorizations)
        .containsExactlyInAnyOrder(STORED + "|" + VARIABLE + "|" + FILE, STORED);
    String output = flow.stage(run, "command", "output");
    assertThat(output)
        .contains(sha256(STORED), sha256(VARIABLE), sha256("pre-${secret:db}-" + FILE))
        .contains("\"raw\":\"***\"", "\"***\":1", "\"p\":\"***\"");
    assertThat(flow.stage(run, "command", "checkpoint")).isEqualTo("{\"k\":\"***\"}");
    assertThat(flow.stage(run, "http", "output")).contains("you said ***|***|***xxxx", "truncated");
    assertThat(flow.stage(run, "fails", "error")).contains("/no?token=*** answered 500");

    // A secret parameter is kept with its run, unlike what a reference stands for.
    String rows = flow.everyRow().replaceAll("(?m)^(run_.*)" + PARAM, "$1");
    assertSecret("the database", rows);
    assertSecret("the log of this process", logs());
    for (String path :
        List.of(
            "/runs/" + run,
            "/runs/" + run + "/history",
            "/runs/" + run + "/logs",
            "/runs/" + run + "/timeline",
            "/runs/" + run + "/trace",
            "/runs/" + run + "/why",
            "/runs/" + run + "/stages/command/logs",
            "/runs/" + run + "/stages/command",
            "/jobs/wide",
            "/jobs/wide/versions",
            "/runs",
            "/dead-letters",
            "/secrets",
            "/workers")) {
      JsonNode answer = flow.get(node, "/api/v1" + path);
      assertSecret("GET " + path, answer.toString());
    }
    String letter =
        flow.get(node, "/api/v1/dead-letters").path("items").path(0).path("id").asText();
    JsonNode dead = flow.get(node, "/api/v1/dead-letters/" + letter);
    assertThat(dead.toString()).contains("${secret:db}");
    assertSecret("the dead letter", dead.toString());
    assertSecret("the broker", flow.everyMessage());
  }

  private static final String WAITS =
      """
      id: waits
      stages:
        - id: a
          run: command
          with:
            env: {A: "${secret:db}"}
            argv: [sh, -c, 'until [ -e "%s" ]; do sleep 0.05; done']
      """;

  @Test
  void whoeverDoesNotHoldTheClaimIsRefused() throws Exception {
    SchedulerNode node = scheduler(KEY_1);
    WorkerNode worker = worker("default");
    set(node, "db", STORED);
    set(node, "other", "an0ther-secret");
    Path end = folder.resolve("end");
    flow.apply(node, WAITS.formatted(end));
    String run = flow.run(node, "waits");
    await().atMost(Flow.SOON).until(() -> "RUNNING".equals(flow.stage(run, "a", "state")));

    Claim claim = new Claim(RunId.parse(run), "a", 1);
    List<String> names = List.of("db");
    String grant = grant(KEY_1, claim, names);
    assertThat(ask(claim, worker.id(), "default", names, grant).get("db")).isEqualTo(STORED);
    assertThat(refusal(claim, "another-worker", "default", names, grant)).startsWith("NOT_HELD");
    assertThat(refusal(claim, worker.id(), "shop", names, grant)).startsWith("GRANT");
    assertThat(refusal(claim, worker.id(), "default", List.of("db", "other"), grant))
        .startsWith("GRANT");
    assertThat(refusal(claim, worker.id(), "default", List.of("other"), grant)).startsWith("GRANT");
    assertThat(refusal(claim, worker.id(), "default", names, "AAAA")).startsWith("GRANT");
    assertThat(refusal(claim, worker.id(), "default", names, grant(KEY_2, claim, names)))
        .startsWith("GRANT");
    Claim next = new Claim(claim.run(), "a", 2);
    assertThat(refusal(next, worker.id(), "default", names, grant)).startsWith("GRANT");
    assertThat(refusal(next, worker.id(), "default", names, grant(KEY_1, next, names)))
        .startsWith("NOT_HELD");
    Files.createFile(end);
    flow.awaitRun(run, "COMPLETED");
    assertThat(refusal(claim, worker.id(), "default", names, grant)).startsWith("NOT_HELD");
    assertSecret("the database", flow.everyRow());
  }

  private static String grant(String key, Claim claim, List<String> names) {
    byte[] bytes = Base64.getDecoder().decode(key.substring(3));
    MasterKeys keys =
        new MasterKeys(
            new SecretSettings(List.of(new SecretSettings.Key(key.substring(0, 2), bytes))));
    Start start =
        new Start(
            claim,
            "j",
            "default",
            "h",
            "{}",
            "{}",
            "{}",
            null,
            null,
            null,
            null,
            null,
            -1,
            null,
            new StartSecrets(List.of("/a"), names, List.of(), null));
    return keys.granted(start).secrets().grant();
  }

  private String refusal(
      Claim claim, String worker, String namespace, List<String> names, String grant)
      throws Exception {
    return ask(claim, worker, namespace, names, grant).get("refused");
  }

  /** As a worker asks; values by name, or what was refused. */
  private Map<String, String> ask(
      Claim claim, String worker, String namespace, List<String> names, String grant)
      throws Exception {
    KeyPair keys = SealedAnswer.newKeys();
    try (Channel channel = flow.amqp().createChannel()) {
      String answers = channel.queueDeclare().getQueue();
      byte[] request =
          SecretCodec.encode(
              new SecretRequest(
                  claim, worker, namespace, names, grant, SealedAnswer.publicKey(keys)));
      channel.basicPublish(
          "",
          Entities.SECRETS,
          new AMQP.BasicProperties.Builder().replyTo(answers).build(),
          request);
      List<GetResponse> got = new ArrayList<>();
      await()
          .atMost(Flow.SOON)
          .until(
              () -> {
                GetResponse one = channel.basicGet(answers, true);
                return one != null && got.add(one);
              });
      byte[] body = got.getFirst().getBody();
      assertSecret("an answer", new String(body, StandardCharsets.UTF_8));
      return switch (((Decoded.Ok<SecretAnswer>) SecretCodec.decodeAnswer(body)).value()) {
        case SecretAnswer.Refused refused ->
            Map.of("refused", refused.why() + " " + refused.message());
        case SecretAnswer.Sealed sealed -> {
          byte[] plain =
              new SealedAnswer(sealed.key(), sealed.sealed())
                  .open(keys, SecretCodec.context(claim, worker, namespace))
                  .orElseThrow();
          JsonNode values = new com.fasterxml.jackson.databind.ObjectMapper().readTree(plain);
          yield Map.of("db", values.path("db").asText());
        }
      };
    }
  }

  private static final String ONE =
      """
      id: %s
      stages:
        - {id: a, run: command, retry: {max-attempts: 1}, with: {env: {A: "%s"}, shell: '[ "$A" = "%s" ]'}}
      """;

  @Test
  void whatCannotBeHadFailsTheAttemptAndSaysWhat() throws Exception {
    SchedulerNode node = scheduler(KEY_1);
    worker("default");
    for (String[] each :
        new String[][] {
          {"${secret:gone}", "secret gone: there is no secret 'gone' in namespace 'default'"},
          {"${env:OTHER}", "${env:OTHER}: this worker does not give it away"},
          {"${env:SHOP_NONE}", "${env:SHOP_NONE}: the variable is not set"},
          {"${file:link}", "${file:link}: there is no such file in the folders"},
          {"${file:../outside}", "${file:../outside}: there is no such file in the folders"},
          {"${file:" + folder.resolve("outside") + "}", "there is no such file in the folders"}
        }) {
      flow.apply(node, ONE.formatted("bad", each[0], "x"));
      String run = flow.run(node, "bad");
      flow.awaitRun(run, "FAILED");
      assertThat(flow.stage(run, "a", "error_class")).isEqualTo("secret");
      assertThat(flow.stage(run, "a", "error")).contains(each[1]);
    }
  }

  @Test
  void itemsAndStagesOfGroupsHaveThemToo() throws Exception {
    SchedulerNode node = scheduler(KEY_1);
    worker("default");
    set(node, "db", STORED);
    flow.apply(
        node,
        """
        id: many
        stages:
          - id: each
            run: command
            for-each: ${{ [1, 2, 3] }}
            with: {env: {A: "${{ item }}${secret:db}"}, shell: '[ "$A" = "${MILLRACE_ITEM}%1$s" ]'}
          - id: group
            run: group
            needs: [each]
            stages:
              - {id: inner, run: command, with: {env: {A: "${secret:db}"}, shell: '[ "$A" = "%1$s" ]'}}
        """
            .formatted(STORED));
    flow.awaitRun(flow.run(node, "many"), "COMPLETED");
  }

  @Test
  void keysRotateWhileRunsFlow() throws Exception {
    SchedulerNode first = scheduler(KEY_1);
    worker("default");
    set(first, "db", STORED);
    for (int i = 0; i < 250; i++) {
      set(first, "more-" + i, "value-number-" + i);
    }
    flow.apply(first, ONE.formatted("one", "${secret:db}", STORED));
    flow.awaitRun(flow.run(first, "one"), "COMPLETED");
    first.close();
    SchedulerNode second = scheduler(KEY_2 + "," + KEY_1);
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      runs.add(flow.run(second, "one"));
    }
    JsonNode rotated = flow.post(second, "/api/v1/secrets/rotate");
    assertThat(rotated.path("resealed").asInt()).as("%s", rotated).isEqualTo(251);
    for (int i = 0; i < 10; i++) {
      runs.add(flow.run(second, "one"));
    }
    runs.forEach(run -> flow.awaitRun(run, "COMPLETED"));
    assertThat(flow.post(second, "/api/v1/secrets/rotate").path("resealed").asInt()).isZero();
    assertThat(flow.one("select count(*) from secret where key = 'k2' and version = 1"))
        .isEqualTo("251");
    second.close();
    SchedulerNode third = scheduler(KEY_2);
    flow.awaitRun(flow.run(third, "one"), "COMPLETED");
  }

  @Test
  void aNodeWithAnotherKeyOrWithoutOneDoesNotStart() throws Exception {
    SchedulerNode node = scheduler(KEY_1);
    set(node, "db", STORED);
    assertThatThrownBy(() -> flow.scheduler("b", 0, Map.of("secrets.keys", KEY_1_WRONG)))
        .hasMessageContaining("the key 'k1' in MILLRACE_SECRETS_KEYS is not the one");
    assertThatThrownBy(() -> flow.scheduler("c", 0, Map.of("secrets.keys", KEY_2)))
        .hasMessageContaining("secrets are stored with keys that this node does not have: {k1=1}");
    assertThatThrownBy(() -> flow.scheduler("d", 0, Map.of()))
        .hasMessageContaining("secrets are stored with keys that this node does not have: {k1=1}");
  }

  @Test
  void withoutKeysNothingIsStored() throws Exception {
    SchedulerNode node = flow.scheduler("a");
    flow.leads(node);
    worker("default");
    JsonNode refused =
        flow.send(
            node, "PUT", "/api/v1/secrets/db", "application/json", "{\"value\":\"hunter22\"}");
    assertThat(refused.path("httpStatus").asInt()).isEqualTo(409);
    assertThat(refused.toString()).contains("MILLRACE_SECRETS_KEYS").doesNotContain("hunter22");
    flow.apply(node, ONE.formatted("one", "${secret:db}", "x"));
    String run = flow.run(node, "one");
    flow.awaitRun(run, "FAILED");
    assertThat(flow.stage(run, "a", "error")).contains("the scheduler has no keys");
  }
}
