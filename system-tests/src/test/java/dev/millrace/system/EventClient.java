package dev.millrace.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One client of events, by SSE or WebSocket, which goes to another node where it left off when its
 * own is gone. Has a thread of its own until it is closed.
 */
final class EventClient implements AutoCloseable {
  private static final Pattern ID = Pattern.compile("\"id\":\"([0-9.]+)\"");
  private static final Duration CONNECT_MAX = Duration.ofSeconds(10);

  /** Who serves, in the order in which to try. */
  @FunctionalInterface
  interface Servers {
    List<NodeProcess> alive();
  }

  private final HttpClient http;
  private final Servers servers;
  private final boolean socket;
  private final Map<String, String> interned;
  private final List<String> ids = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger connects = new AtomicInteger();
  private final Thread thread;
  private volatile String last;
  private volatile boolean closed;
  private volatile NodeProcess on;
  private volatile Runnable hangUp = () -> {};

  /**
   * @param interned ids, each once for all clients
   */
  EventClient(
      HttpClient http,
      Servers servers,
      boolean socket,
      String lastEventId,
      Map<String, String> interned) {
    this.http = http;
    this.servers = servers;
    this.socket = socket;
    this.last = lastEventId;
    this.interned = interned;
    this.thread = Thread.ofVirtual().unstarted(this::run);
  }

  EventClient start() {
    thread.start();
    return this;
  }

  /** Every id that it got, in the order in which they came. */
  List<String> ids() {
    return ids;
  }

  boolean has(String id) {
    return id.equals(last);
  }

  /** How often it has connected. */
  int connects() {
    return connects.get();
  }

  /** Where it is connected, or null. */
  NodeProcess on() {
    return on;
  }

  private void got(String id) {
    ids.add(interned.computeIfAbsent(id, same -> same));
    last = id;
  }

  private void run() {
    int tries = 0;
    while (!closed) {
      List<NodeProcess> alive = servers.alive();
      NodeProcess server = alive.get(tries % alive.size());
      tries++;
      try {
        if (socket) {
          follow(server);
        } else {
          read(server);
        }
      } catch (IOException | ExecutionException | TimeoutException e) {
        on = null; // that node is gone; the next one is tried
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void read(NodeProcess server) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.port() + "/api/v1/events?namespace=*"))
            .header("Authorization", "Bearer " + NodeApi.TOKEN)
            .header("Last-Event-ID", last)
            .build();
    HttpResponse<InputStream> answer =
        http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (answer.statusCode() != 200) {
      throw new IOException("answered " + answer.statusCode());
    }
    hangUp = () -> closeQuietly(answer.body());
    connects.incrementAndGet();
    on = server;
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null && !closed; line = lines.readLine()) {
        if (line.startsWith("id: ")) {
          got(line.substring("id: ".length()));
        }
      }
    }
  }

  private static void closeQuietly(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      // it is closed all the same
    }
  }

  private void follow(NodeProcess server)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    URI uri =
        URI.create(
            "ws://127.0.0.1:" + server.port() + "/api/v1/ws?namespace=*&lastEventId=" + last);
    WebSocket open =
        http.newWebSocketBuilder()
            .header("Authorization", "Bearer " + NodeApi.TOKEN)
            .buildAsync(uri, new Frames(ended))
            .get(CONNECT_MAX.toSeconds(), TimeUnit.SECONDS);
    hangUp = open::abort;
    connects.incrementAndGet();
    on = server;
    ended.get();
  }

  private final class Frames implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();
    private final CompletableFuture<Void> ended;

    Frames(CompletableFuture<Void> ended) {
      this.ended = ended;
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean whole) {
      text.append(data);
      if (whole) {
        Matcher id = ID.matcher(text);
        if (id.find()) {
          got(id.group(1));
        }
        text.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      ended.complete(null);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable failure) {
      ended.complete(null);
    }
  }

  @Override
  public void close() {
    closed = true;
    hangUp.run();
    thread.interrupt();
  }
}
