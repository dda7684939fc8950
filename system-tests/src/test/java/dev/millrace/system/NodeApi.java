package dev.millrace.system;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks nodes on this machine over HTTP. The test's thread. */
final class NodeApi {
  /** Of every scheduler that a test starts. */
  static final String TOKEN = "token-of-a-system-test";

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);
  private final String token;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  /** With the token of the schedulers. */
  NodeApi() {
    this(TOKEN);
  }

  /** Null is none, as for {@code up} on this machine. */
  NodeApi(String token) {
    this.token = token;
  }

  HttpResponse<String> get(NodeProcess node, String path) throws IOException, InterruptedException {
    return http.send(request(node, path).build(), BodyHandlers.ofString());
  }

  /** Applies a job that must be new. */
  void apply(NodeProcess node, String job) throws IOException, InterruptedException {
    HttpRequest request =
        request(node, "/api/v1/jobs")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(job))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    if (answer.statusCode() != 201) {
      throw new IllegalStateException(answer.statusCode() + " " + answer.body());
    }
  }

  HttpResponse<String> post(NodeProcess node, String path, String json)
      throws IOException, InterruptedException {
    HttpRequest request =
        request(node, path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build();
    return http.send(request, BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(NodeProcess node, String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.port() + path))
            .timeout(ANSWER_LIMIT);
    return token == null ? request : request.header("Authorization", "Bearer " + token);
  }
}
