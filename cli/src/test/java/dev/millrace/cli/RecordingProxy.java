package dev.millrace.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Stands before a real server and remembers what was asked of it, and what it answered. */
final class RecordingProxy implements AutoCloseable {
  private static final Set<String> NOT_FORWARDED =
      Set.of("connection", "host", "content-length", "upgrade", "http2-settings", "expect");

  /**
   * One request.
   *
   * @param problem what was answered, when it was a problem
   */
  record Asked(
      String method, String path, String query, String token, int status, String problem) {}

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private volatile String server;

  RecordingProxy(String server) throws IOException {
    this.server = server;
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/", this::forward);
    http.setExecutor(threads);
    http.start();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  List<Asked> asked() {
    return asked;
  }

  private void forward(HttpExchange exchange) throws IOException {
    try (exchange) {
      URI uri = exchange.getRequestURI();
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(server + uri))
              .method(
                  exchange.getRequestMethod(),
                  HttpRequest.BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()));
      exchange
          .getRequestHeaders()
          .forEach(
              (name, values) -> {
                if (!NOT_FORWARDED.contains(name.toLowerCase(Locale.ROOT))) {
                  values.forEach(value -> request.header(name, value));
                }
              });
      HttpResponse<InputStream> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      answer(exchange, answer);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(HttpExchange exchange, HttpResponse<InputStream> answer) throws IOException {
    String type = answer.headers().firstValue("Content-Type").orElse("text/plain");
    exchange.getResponseHeaders().set("Content-Type", type);
    try (InputStream body = answer.body()) {
      boolean streams = type.startsWith("text/event-stream");
      byte[] whole = streams ? new byte[0] : body.readAllBytes();
      String problem = type.contains("problem") ? new String(whole, StandardCharsets.UTF_8) : "";
      URI uri = exchange.getRequestURI();
      String token = exchange.getRequestHeaders().getFirst("Authorization");
      asked.add(
          new Asked(
              exchange.getRequestMethod(),
              uri.getPath(),
              uri.getQuery(),
              token,
              answer.statusCode(),
              problem));
      exchange.sendResponseHeaders(
          answer.statusCode(), streams ? 0 : whole.length == 0 ? -1 : whole.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(whole);
        byte[] some = new byte[8192];
        for (int read = streams ? body.read(some) : -1; read >= 0; read = body.read(some)) {
          out.write(some, 0, read);
          out.flush();
        }
      }
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
    client.shutdownNow();
  }
}
