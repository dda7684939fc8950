package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many clients of events, and bad ones: each has its place, and none keeps it. */
class EventClientsTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private TestDatabase database;
  private ApiFixture api;
  private long job;
  private RunId run;
  private final List<Socket> sockets = new ArrayList<>();

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
    for (Socket socket : sockets) {
      socket.close();
    }
    api.close();
    database.close();
  }

  /** A connection that has asked, and has read nothing yet. */
  private Socket ask(String request) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.setReceiveBufferSize(4 * 1024);
    socket.setSoTimeout((int) SOON.toMillis());
    socket.connect(new InetSocketAddress("127.0.0.1", api.server.port()));
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private Socket follow(String query) throws IOException {
    return ask("GET /api/v1/events" + query + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  }

  private static String firstLine(Socket socket) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder line = new StringBuilder();
    for (int read = in.read(); read >= 0 && read != '\r'; read = in.read()) {
      line.append((char) read);
    }
    return line.toString();
  }

  /** About four megabytes of events in one row. */
  private void flood() {
    String reason = "r".repeat(3_900);
    StringBuilder moves = new StringBuilder("[");
    for (int i = 0; i < 1_000; i++) {
      moves
          .append(i == 0 ? "" : ",")
          .append("[\"fetch\",\"READY\",\"QUEUED\",\"r\",null,\"")
          .append(reason)
          .append("\"]");
    }
    api.rows.transition(run, job, moves.append(']').toString());
  }

  @Test
  void whoDoesNotReadLosesItsPlace() throws Exception {
    follow("");
    ask(
        String.join(
            "\r\n",
            "GET /api/v1/ws HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "",
            ""));
    await().atMost(SOON).until(() -> api.server.eventClients() == 2);
    Socket reader = follow("?type=stage_held");
    assertThat(firstLine(reader)).contains("200");
    for (int i = 0; i < 4; i++) {
      flood();
    }
    await().atMost(SOON).until(() -> api.server.eventClients() == 1);
    long seq =
        api.rows.transition(run, job, "[[\"fetch\",\"READY\",\"HELD\",\"command\",\"somebody\"]]");
    String found = "";
    InputStream in = reader.getInputStream();
    byte[] buffer = new byte[4_096];
    while (!found.contains("id: " + seq + ".1")) {
      int read = in.read(buffer);
      assertThat(read).as("the reader goes on: " + found).isPositive();
      found += new String(buffer, 0, read, StandardCharsets.UTF_8);
    }
  }

  @Test
  void onePrincipalHasSoManyPlaces() throws Exception {
    for (int i = 0; i < 100; i++) {
      assertThat(firstLine(follow("?digest=true"))).contains("200");
    }
    Socket tooMany = follow("");
    assertThat(firstLine(tooMany)).contains("429");
    assertThat(api.server.eventClients()).isEqualTo(100);
    sockets.get(7).close();
    api.rows.transition(run, job, "[[\"\",\"SCHEDULED\",\"STARTING\",\"r\"]]");
    api.rows.transition(run, job, "[[\"\",\"SCHEDULED\",\"STARTING\",\"r\"]]");
    await()
        .atMost(SOON)
        .until(
            () -> {
              api.rows.transition(run, job, "[[\"\",\"SCHEDULED\",\"STARTING\",\"r\"]]");
              return api.server.eventClients() < 100;
            });
    assertThat(firstLine(follow(""))).contains("200");
  }

  @Test
  void wrongFiltersAreAnswered() throws Exception {
    for (String[] bad :
        new String[][] {
          {"type=job_exploded", "there is no type 'job_exploded'"},
          {"type=run_started,,job_failed", "nothing between two commas"},
          {"type=stage_x*", "there is no type 'stage_x*'"},
          {"run=nobody", ""},
          {"digest=perhaps", "true or false"},
          {"lastEventId=1.x", "lastEventId is no id"},
          {"lastEventId=-1", "lastEventId is no id"}
        }) {
      ApiFixture.Answer answer = api.get("/api/v1/events?" + bad[0]);
      assertThat(answer.status()).as(bad[0]).isEqualTo(400);
      assertThat(answer.json().path("detail").asText()).as(bad[0]).contains(bad[1]);
    }
    assertThat(api.server.eventClients()).isZero();
  }
}
