package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Speaks the API; everything but a success is a {@link UserError}. Any thread. */
final class ApiClient implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

  private final URI server;
  private final String token;
  private final String namespace;
  private final HttpClient http;

  /** What the server said; its status is a success. */
  record Answer(int status, JsonNode body) {}

  /**
   * @param token empty for none
   * @param namespace null for the server's default
   */
  ApiClient(URI server, String token, String namespace) {
    this.server = server;
    this.token = token;
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

  Answer delete(String path) throws InterruptedException {
    return send(request(path).DELETE());
  }

  URI server() {
    return server;
  }

  /** Safe inside a path or a query. */
  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private HttpRequest.Builder request(String path) {
    String query =
        namespace == null
            ? ""
            : (path.contains("?") ? "&" : "?") + "namespace=" + encoded(namespace);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + path + query))
            .timeout(ANSWER_LIMIT)
            .header("Accept", "application/json");
    return token.isEmpty() ? request : request.header("Authorization", "Bearer " + token);
  }

  private Answer send(HttpRequest.Builder request) throws InterruptedException {
    HttpResponse<String> response;
    try {
      response = http.send(request.build(), BodyHandlers.ofString());
    } catch (ConnectException | HttpConnectTimeoutException e) {
      throw new UserError(
          "no Millrace answers at " + server,
          "Start one with `millrace up`, or name another with --server or MILLRACE_SERVER.",
          e);
    } catch (UnknownHostException e) {
      throw new UserError("there is no host " + server.getHost(), "Is --server right?", e);
    } catch (HttpTimeoutException e) {
      throw new UserError(
          server + " did not answer within " + ANSWER_LIMIT.toSeconds() + " s",
          "Look at " + server + "/readyz",
          e);
    } catch (IOException e) {
      throw new UserError("the connection to " + server + " broke: " + Reasons.of(e), "", e);
    }
    JsonNode body = parsed(response.body());
    if (response.statusCode() >= 300) {
      throw refused(response, body);
    }
    if (body.isMissingNode()) {
      throw notMillrace(response.statusCode());
    }
    return new Answer(response.statusCode(), body);
  }

  private UserError refused(HttpResponse<String> response, JsonNode problem) {
    if (!problem.has("detail")) {
      return notMillrace(response.statusCode());
    }
    StringBuilder message = new StringBuilder(problem.path("detail").asText());
    for (JsonNode one : problem.path("problems")) {
      message.append("\n  ");
      if (one.path("line").asInt() > 0) {
        message.append(one.path("line").asInt()).append(':').append(one.path("column").asInt());
        message.append(": ");
      }
      String path = one.path("path").asText("");
      message.append(path.isEmpty() ? "" : path + ": ").append(one.path("message").asText());
    }
    return new UserError(message.toString(), problem.path("remedy").asText(""));
  }

  private UserError notMillrace(int status) {
    return new UserError(
        server + " answered " + status + ", and not as Millrace does", "Is --server right?");
  }

  private static JsonNode parsed(String body) {
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException notJson) {
      return MissingNode.getInstance();
    }
  }
}
