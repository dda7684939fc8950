package dev.millrace.worker.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.secret.Redactor;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class HttpHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private HttpServer server;
  private volatile String retryAfter = "7";
  private final HttpHandler handler = new HttpHandler();

  @BeforeEach
  void serve() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          int status = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
          byte[] body =
              ("{\"method\":\""
                      + exchange.getRequestMethod()
                      + "\",\"got\":"
                      + JSON.writeValueAsString(
                          new String(
                              exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
                      + "}")
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.getResponseHeaders().add("Retry-After", retryAfter);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private Result send(String with) throws Exception {
    JsonNode tree =
        JSON.readTree(with.replace("$", "http://127.0.0.1:" + server.getAddress().getPort()));
    StageContext context =
        (StageContext)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {StageContext.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "with" -> tree;
                      case "redactor" -> Redactor.NONE;
                      default -> null;
                    });
    return handler.execute(context);
  }

  @Test
  void anAnswerIsTheOutput() throws Exception {
    var completed = (Result.Completed) send("{\"url\":\"$/200\",\"body\":{\"a\":1}}");
    JsonNode output = JSON.readTree(completed.outputJson());
    assertThat(output.at("/status").asInt()).isEqualTo(200);
    assertThat(output.at("/body/method").asText()).isEqualTo("POST");
    assertThat(output.at("/body/got").asText()).isEqualTo("{\"a\":1}");
    assertThat(output.at("/headers/content-type").asText()).isEqualTo("application/json");
  }

  @Test
  void failuresHaveClasses() throws Exception {
    assertThat(send("{\"url\":\"$/503\"}"))
        .satisfies(
            result -> {
              var failed = (Result.Failed) result;
              assertThat(failed.errorClass()).isEqualTo("http:503");
              assertThat(failed.message()).contains("Retry-After: 7");
            });
    assertThat(send("{\"url\":\"$/404\",\"expect\":[404]}")).isInstanceOf(Result.Completed.class);
    assertThat(send("{}")).extracting("errorClass").isEqualTo("config");
    assertThat(send("{\"url\":\"$/200\",\"timeout\":\"soon\"}"))
        .extracting("errorClass")
        .isEqualTo("config");
    int closedPort;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closedPort = socket.getLocalPort();
    }
    assertThat(send("{\"url\":\"http://127.0.0.1:" + closedPort + "/\"}"))
        .extracting("errorClass")
        .isEqualTo("connect");
  }

  @Test
  void aServerMayAskForPatience() throws Exception {
    assertThat(((Result.Failed) send("{\"url\":\"$/503\"}")).retryAfter()).hasSeconds(7);
    assertThat(((Result.Failed) send("{\"url\":\"$/429\"}")).retryAfter()).hasSeconds(7);
    assertThat(send("{\"url\":\"$/500\"}"))
        .extracting("errorClass", "retryAfter", "retryable")
        .containsExactly("http:500", null, true);
    assertThat(send("{\"url\":\"$/404\"}"))
        .as("whether to try again is the job's to say")
        .extracting("errorClass", "retryAfter", "retryable")
        .containsExactly("http:404", null, true);
    retryAfter =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(2));
    assertThat(((Result.Failed) send("{\"url\":\"$/503\"}")).retryAfter())
        .isBetween(Duration.ofMinutes(119), Duration.ofMinutes(121));
  }

  @Test
  void aWrongRequestIsNotTriedAgain() throws Exception {
    assertThat(send("{\"urll\":\"$/200\"}"))
        .extracting("errorClass", "retryable")
        .containsExactly("config", false);
  }

  @Test
  void aServerThatDoesNotAnswerIsATimeout() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(
              send(
                  "{\"url\":\"http://127.0.0.1:"
                      + silent.getLocalPort()
                      + "/\",\"timeout\":\"200ms\"}"))
          .extracting("errorClass")
          .isEqualTo("timeout");
    }
  }
}
