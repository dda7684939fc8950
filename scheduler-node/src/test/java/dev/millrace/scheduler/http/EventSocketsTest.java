package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.net.URI;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events on a WebSocket: those of the stream, and what is refused. */
class EventSocketsTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String MOVES =
      "[[\"\",\"SCHEDULED\",\"RUNNING\",\"report\"],[\"fetch\",\"READY\",\"QUEUED\",\"r\"]]";
  private TestDatabase database;
  private ApiFixture api;
  private long job;
  private RunId run;
  private final List<Client> clients = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    String text = Rows.CHAIN.formatted("followed");
    job = api.rows.job(text);
    run = api.rows.run(job, Rows.definition(text), "{}");
  }

  @AfterEach
  void stop() throws Exception {
    clients.forEach(client -> client.socket.abort());
    api.close();
    database.close();
  }

  /** A client that takes every frame. */
  private static final class Client implements WebSocket.Listener {
    final List<JsonNode> frames = new CopyOnWriteArrayList<>();
    final CompletableFuture<String> closed = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();
    private WebSocket socket;

    List<String> ids() {
      return frames.stream().map(f -> f.path("id").asText()).filter(id -> !id.isEmpty()).toList();
    }

    List<String> types() {
      return frames.stream().map(f -> f.path("type").asText()).filter(t -> !t.isEmpty()).toList();
    }

    void say(String frame) {
      socket.sendText(frame, true).join();
    }

    String closedWith() throws Exception {
      return closed.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        frames.add(Json.stored(text.toString()));
        text.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      closed.complete(code + " " + reason);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable failure) {
      closed.complete(failure.toString());
    }
  }

  private Client open(String query, String... headers) throws Exception {
    Client client = new Client();
    WebSocket.Builder builder = api.client().newWebSocketBuilder();
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    URI uri = URI.create("ws://127.0.0.1:" + api.server.port() + "/api/v1/ws" + query);
    client.socket = builder.buildAsync(uri, client).get(SOON.toSeconds(), TimeUnit.SECONDS);
    clients.add(client);
    return client;
  }

  private int refused(String query, String... headers) {
    try {
      open(query, headers);
      throw new AssertionError("it was let in");
    } catch (ExecutionException e) {
      return ((WebSocketHandshakeException) e.getCause()).getResponse().statusCode();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> idsOf(long seq) {
    return List.of(seq + ".1", seq + ".2", seq + ".3");
  }

  @Test
  void aSocketTellsTheSameEventsAndGoesOnWhereItWas() throws Exception {
    long first = api.rows.transition(run, job, MOVES);
    long second = api.rows.transition(run, job, MOVES);
    Client client = open("?lastEventId=" + first + ".2");
    List<String> expected = new ArrayList<>(List.of(first + ".3"));
    expected.addAll(idsOf(second));
    await().atMost(SOON).until(() -> client.ids().size() == 4);
    long third = api.rows.transition(run, job, MOVES);
    expected.addAll(idsOf(third));
    await().atMost(SOON).until(() -> client.ids().size() == 7);
    assertThat(client.ids()).isEqualTo(expected);
    assertThat(client.frames.getFirst().path("type").asText()).isEqualTo("scheduler.job_started");
    assertThat(client.frames.getFirst().path("specversion").asText()).isEqualTo("1.0");
  }

  @Test
  void aFrameChangesWhatIsTold() throws Exception {
    long first = api.rows.transition(run, job, MOVES);
    Client client = open("?wait=true&lastEventId=0");
    client.say("{\"subscribe\":{\"type\":\"stage_*\",\"lastEventId\":\"0\"}}");
    await().atMost(SOON).until(() -> !client.ids().isEmpty());
    assertThat(client.frames.getFirst().path("subscribed").path("type").asText())
        .isEqualTo("stage_*");
    assertThat(client.ids()).containsExactly(first + ".2");
    client.say("{\"subscribe\":{\"type\":\"job_started,run_late\",\"lastEventId\":\"0\"}}");
    await().atMost(SOON).until(() -> client.ids().size() == 2);
    long second = api.rows.transition(run, job, MOVES);
    await().atMost(SOON).until(() -> client.ids().size() == 3);
    assertThat(client.ids()).containsExactly(first + ".2", first + ".3", second + ".3");
    assertThat(client.types().getLast()).isEqualTo("scheduler.job_started");
  }

  @Test
  void aFrameThatIsNotUnderstoodEndsItWithTheReason() throws Exception {
    for (String[] bad :
        new String[][] {
          {"no json", "4400 the body is not JSON"},
          {"[]", "4400 a frame is {\"subscribe\":{...}}"},
          {"{\"subscribe\":7}", "4400 subscribe is no object"},
          {"{\"subscribe\":{\"typ\":\"x\"}}", "4400 unknown key 'typ' in subscribe"},
          {
            "{\"subscribe\":{\"type\":\"job_exploded\"}}",
            "4400 'type': there is no type 'job_exploded'"
          },
          {"{\"subscribe\":{\"run\":\"<script>\"}}", "4400 "},
          {
            "{\"subscribe\":{\"lastEventId\":\"yesterday\"}}",
            "4400 lastEventId is no id of an event"
          },
          {"{\"subscribe\":{\"digest\":\"yes\"}}", "4400 digest is true or false"},
          {"{\"subscribe\":{},\"subscribe\":{}}", "4400 "},
          {"[".repeat(5_000), "4400 "},
          {"x".repeat(20_000), "1009 "}
        }) {
      Client client = open("?wait=true");
      client.say(bad[0]);
      assertThat(client.closedWith()).as(bad[0]).startsWith(bad[1]);
    }
    Client binary = open("");
    binary.socket.sendBinary(ByteBuffer.wrap(new byte[] {1, 2}), true).join();
    assertThat(binary.closedWith()).startsWith("1003 ");
    Client talker = open("?wait=true");
    for (int i = 0; i < 25; i++) {
      talker.say("{\"subscribe\":{}}");
    }
    assertThat(talker.closedWith()).startsWith("4429 ");
    await().atMost(SOON).until(() -> api.server.eventClients() == 0);
  }

  @Test
  void whatMayNotBeIsRefusedBeforeTheUpgrade() throws Exception {
    assertThat(refused("?type=job_exploded")).isEqualTo(400);
    assertThat(refused("?lastEventId=latest")).isEqualTo(400);
    assertThat(refused("?colour=red")).isEqualTo(400);
    assertThat(refused("", "Origin", "https://evil.example")).isEqualTo(403);
    assertThat(refused("", "Origin", "null")).isEqualTo(403);
    String own = "http://127.0.0.1:" + api.server.port();
    assertThat(open("", "Origin", own).socket.isInputClosed()).isFalse();
    ApiFixture.Answer plain = api.get("/api/v1/ws");
    assertThat(plain.status()).isEqualTo(426);
    assertThat(plain.json().path("remedy").asText()).contains("ws://");
    assertThatThrownBy(() -> open("/nothing"))
        .hasCauseInstanceOf(WebSocketHandshakeException.class);
  }

  @Test
  void aStoppingServerSaysSo() throws Exception {
    Client client = open("");
    Client waiting = open("?wait=true");
    await().atMost(SOON).until(() -> api.server.eventClients() == 2);
    api.server.close();
    assertThat(client.closedWith()).startsWith("1001 ");
    assertThat(waiting.closedWith()).startsWith("1001 ");
  }
}
