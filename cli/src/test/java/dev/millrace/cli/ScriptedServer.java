package dev.millrace.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A real HTTP server that answers each route from a list; the last answer of a list stays. Its
 * stream of events stands open, says what it is told to say, and ends when it is told to.
 */
final class ScriptedServer implements AutoCloseable {
  private record Answer(int status, String body) {}

  /** What a caller sent. */
  record Request(String line, String token, String lastEvent, String body) {}

  private static final String EVENTS = "/api/v1/events";
  private static final String END = "end";

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
  private final Map<String, Deque<Answer>> answers = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  ScriptedServer() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/", this::serve);
    http.createContext(EVENTS, this::stream);
    http.setExecutor(threads);
    http.start();
  }

  ScriptedServer answer(String route, int status, String body) {
    answers.computeIfAbsent(route, any -> new ArrayDeque<>()).add(new Answer(status, body));
    return this;
  }

  /** Sends it on the stream that is open, or on the next one. */
  void event(int id) {
    say("id: " + id + "\nevent: scheduler.changed\ndata: {\"rows\":1}\n\n");
  }

  void say(String text) {
    events.add(text);
  }

  /** Ends the stream after what was sent. */
  void endEvents() {
    events.add(END);
  }

  /** Requests for events are left out. */
  List<Request> requests() {
    return requests.stream().filter(request -> !request.line().contains(EVENTS)).toList();
  }

  List<Request> eventRequests() {
    return requests.stream().filter(request -> request.line().contains(EVENTS)).toList();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  private void serve(HttpExchange exchange) throws IOException {
    remember(exchange);
    String route = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    Deque<Answer> script = answers.get(route);
    Answer answer = script == null ? new Answer(404, "not here") : next(script);
    byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(answer.status(), bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private void stream(HttpExchange exchange) throws IOException {
    remember(exchange);
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      String text = ": connected\n\n";
      while (!text.equals(END)) {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
        text = events.take();
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  private void remember(HttpExchange exchange) throws IOException {
    requests.add(
        new Request(
            exchange.getRequestMethod() + " " + exchange.getRequestURI(),
            exchange.getRequestHeaders().getFirst("Authorization"),
            exchange.getRequestHeaders().getFirst("Last-Event-ID"),
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
  }

  private static Answer next(Deque<Answer> script) {
    synchronized (script) {
      return script.size() > 1 ? script.poll() : script.peek();
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
