package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Speaks the API; everything but a success is a {@link UserError}. Any thread. */
final class ApiClient implements AutoCloseable {
  /** Shows numbers digit by digit. */
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

  /** Thousands of definitions are read and compiled first. */
  private static final Duration LONG_ANSWER_LIMIT = Duration.ofMinutes(3);

  private static final int PROBLEM_BYTES_MAX = 64 * 1024;

  private final List<Server> servers;
  private final String namespace;
  private final HttpClient http;

  /** The one that answered last. */
  private volatile int current;

  /**
   * One of the nodes that may be asked.
   *
   * @param token empty for none
   */
  record Server(URI uri, String token) {}

  /** What the server said; its status is a success. */
  record Answer(int status, JsonNode body) {}

  /**
   * @param token empty for none
   * @param namespace null for the server's default
   */
  ApiClient(URI server, String token, String namespace) {
    this(List.of(new Server(server, token)), namespace);
  }

  /**
   * @param servers of one Millrace; when one is away, the next is asked
   * @param namespace null for the server's default
   */
  ApiClient(List<Server> servers, String namespace) {
    this.servers = List.copyOf(servers);
    this.namespace = namespace;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_LIMIT)
            .build();
  }

  JsonNode get(String path) throws InterruptedException {
    return send(request(path).GET()).body();
  }

  Answer post(String path, String contentType, String body) throws InterruptedException {
    return send(
        request(path).header("Content-Type", contentType).POST(BodyPublishers.ofString(body)));
  }

  Answer post(String path, JsonNode body) throws InterruptedException {
    return post(path, "application/json", body.toString());
  }

  /** For a request that the server may work on for minutes. */
  Answer postLong(String path, JsonNode body) throws InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString())),
        LONG_ANSWER_LIMIT);
  }

  /**
   * Asks for the same thing at most once.
   *
   * @param key null for none
   */
  Answer postOnce(String path, JsonNode body, String key) throws InterruptedException {
    HttpRequest.Builder request =
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.toString()));
    return send(key == null ? request : request.header("Idempotency-Key", key));
  }

  Answer put(String path, JsonNode body) throws InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(body.toString())));
  }

  Answer delete(String path) throws InterruptedException {
    return send(request(path).DELETE());
  }

  /** The server that is asked at the moment. */
  URI server() {
    return servers.get(current).uri();
  }

  /** From now on the next server is asked, when there are several. */
  void moveOn() {
    current = (current + 1) % servers.size();
  }

  /** The text of an answer that need not be JSON, such as metrics. */
  String text(String path) throws InterruptedException {
    HttpResponse<String> response = exchange(request(path).GET(), BodyHandlers.ofString());
    if (response.statusCode() >= 300) {
      throw refused(response.statusCode(), parsed(response.body()));
    }
    return response.body();
  }

  /**
   * Sends a text with headers of the caller's.
   *
   * @param headers names and values in turn
   */
  Answer postWith(String path, String contentType, String body, String... headers)
      throws InterruptedException {
    HttpRequest.Builder request =
        request(path).header("Content-Type", contentType).POST(BodyPublishers.ofString(body));
    return send(headers.length == 0 ? request : request.headers(headers));
  }

  /**
   * Begins to read events; whoever asked closes them.
   *
   * @param lastEvent the last one that is known; the server tells what came after it. Null for what
   *     comes from now on
   */
  EventReader events(String path, String lastEvent) throws InterruptedException {
    HttpRequest.Builder request = request(path).header("Accept", "text/event-stream");
    if (lastEvent != null) {
      request.header("Last-Event-ID", lastEvent);
    }
    HttpResponse<InputStream> response = exchange(request.GET(), BodyHandlers.ofInputStream());
    if (response.statusCode() == 200) {
      return new EventReader(response.body());
    }
    try (InputStream body = response.body()) {
      byte[] problem = body.readNBytes(PROBLEM_BYTES_MAX);
      throw refused(response.statusCode(), parsed(new String(problem, StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw broke(e);
    }
  }

  /**
   * Writes the bytes of an answer and compares them with the hash that the server tells.
   *
   * @return how many there were
   */
  long download(String path, OutputStream into) throws InterruptedException {
    HttpResponse<InputStream> response =
        exchange(request(path).GET(), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        byte[] problem = body.readNBytes(PROBLEM_BYTES_MAX);
        throw refused(response.statusCode(), parsed(new String(problem, StandardCharsets.UTF_8)));
      }
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      long bytes = new DigestInputStream(body, digest).transferTo(into);
      String hash = "sha-256=:" + Base64.getEncoder().encodeToString(digest.digest()) + ":";
      if (!hash.equals(response.headers().firstValue("Repr-Digest").orElse(hash))) {
        throw new UserError(
            "the bytes that came from " + server() + " are not those that were stored",
            "Try again.");
      }
      return bytes;
    } catch (IOException e) {
      throw broke(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Safe inside a path or a query. */
  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  /** Which server it goes to is said when it is sent. */
  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://server" + path));
  }

  /** Of this server, in the caller's namespace unless the path names one. */
  private HttpRequest addressed(HttpRequest.Builder request, Server server) {
    URI uri = request.build().uri();
    String path = uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
    String query =
        namespace == null || path.contains("namespace=")
            ? ""
            : (path.contains("?") ? "&" : "?") + "namespace=" + encoded(namespace);
    HttpRequest.Builder to = request.copy().uri(URI.create(server.uri() + path + query));
    return (server.token().isEmpty()
            ? to
            : to.setHeader("Authorization", "Bearer " + server.token()))
        .build();
  }

  private Answer send(HttpRequest.Builder request) throws InterruptedException {
    return send(request, ANSWER_LIMIT);
  }

  private Answer send(HttpRequest.Builder request, Duration limit) throws InterruptedException {
    HttpResponse<String> response =
        exchange(request.header("Accept", "application/json"), BodyHandlers.ofString(), limit);
    JsonNode body = parsed(response.body());
    if (response.statusCode() >= 300) {
      throw refused(response.statusCode(), body);
    }
    if (body.isMissingNode()) {
      throw notMillrace(response.statusCode());
    }
    return new Answer(response.statusCode(), body);
  }

  private <T> HttpResponse<T> exchange(HttpRequest.Builder request, BodyHandler<T> handler)
      throws InterruptedException {
    return exchange(request, handler, ANSWER_LIMIT);
  }

  /** Asks the servers one after the other; what was perhaps heard is not asked twice. */
  private <T> HttpResponse<T> exchange(
      HttpRequest.Builder request, BodyHandler<T> handler, Duration limit)
      throws InterruptedException {
    for (int others = servers.size() - 1; ; others--) {
      Server server = servers.get(current);
      try {
        return exchange(addressed(request, server), handler, limit);
      } catch (ServerAway e) {
        if (others == 0 || !unheard(e, request.build().method())) {
          throw e;
        }
        moveOn();
      }
    }
  }

  private static boolean unheard(ServerAway away, String method) {
    return method.equals("GET") || away.getCause() instanceof ConnectException;
  }

  /** Not with the request's own timeout: from Java 26 on it ends a stream of events too. */
  private <T> HttpResponse<T> exchange(HttpRequest request, BodyHandler<T> handler, Duration limit)
      throws InterruptedException {
    CompletableFuture<HttpResponse<T>> answer = http.sendAsync(request, handler);
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw unanswered(e.getCause());
    } catch (TimeoutException e) {
      throw new ServerAway(
          server() + " did not answer within " + limit.toSeconds() + " s",
          "Look at " + server() + "/readyz",
          e);
    } finally {
      answer.cancel(true);
    }
  }

  private UserError unanswered(Throwable cause) {
    return switch (cause) {
      case HttpConnectTimeoutException e -> nobody(e);
      case ConnectException e -> nobody(e);
      case UnknownHostException e -> noHost(e);
      default -> broke(cause);
    };
  }

  private ServerAway noHost(UnknownHostException cause) {
    return new ServerAway("there is no host " + server().getHost(), "Is --server right?", cause);
  }

  private ServerAway nobody(IOException cause) {
    return new ServerAway(
        "no Millrace answers at " + server(),
        "Start one with `millrace up`, or name another with --server or MILLRACE_SERVER.",
        cause);
  }

  private ServerAway broke(Throwable cause) {
    return new ServerAway(
        "the connection to " + server() + " broke: " + Reasons.of(cause), "", cause);
  }

  private UserError refused(int status, JsonNode problem) {
    if (!problem.has("detail")) {
      return notMillrace(status);
    }
    String remedy = problem.path("remedy").asText("");
    if (status == 401) {
      remedy +=
          (remedy.isEmpty() ? "" : " ") + "millrace login keeps a token for " + server() + ".";
    }
    String message = Refusals.message(problem);
    int code = ExitCode.ofStatus(status);
    return code == ExitCode.AWAY
        ? new ServerAway(message, remedy, null, problem)
        : new UserError(message, remedy, null, code, problem);
  }

  private UserError notMillrace(int status) {
    String message = server() + " answered " + status + ", and not as Millrace does";
    int code = ExitCode.ofStatus(status);
    return code == ExitCode.AWAY
        ? new ServerAway(message, "Is --server right?", null)
        : new UserError(message, "Is --server right?", null, code, null);
  }

  private static JsonNode parsed(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException notJson) {
      return MissingNode.getInstance();
    }
  }
}
