package dev.millrace.browser;

import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * What tests prepare and check without the browser, in one namespace. The test's thread.
 *
 * @param namespace of the test's own jobs
 */
record Api(String address, String namespace) {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** A job from its YAML without {@code namespace}; that line is added. */
  void job(String yaml) {
    String text = "namespace: " + namespace + "\n" + yaml;
    send("POST", "/jobs", "application/yaml", text, 200, 201);
  }

  /** Starts a run; its id. */
  String start(String job) {
    return post("/jobs/" + encoded(job) + "/runs", "{}").get("id").getAsString();
  }

  /** Starts a run and waits until it has that state; its id. */
  String run(String job, String state) {
    String id = start(job);
    awaitState(id, state);
    return id;
  }

  void awaitState(String run, String state) {
    await("run " + run + " is " + state)
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> get("/runs/" + run).get("state").getAsString().equals(state));
  }

  JsonObject get(String path) {
    return send("GET", path, null, null, 200);
  }

  JsonObject post(String path, String json) {
    return send("POST", path, "application/json", json, 200, 201, 202);
  }

  JsonObject put(String path, String json) {
    return send("PUT", path, "application/json", json, 200, 201, 202);
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private JsonObject send(
      String method, String path, String type, String body, Integer... expected) {
    String mark = path.contains("?") ? "&" : "?";
    URI uri = URI.create(address + "/api/v1" + path + mark + "namespace=" + namespace);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(LIMIT)
            .header("X-Millrace-Request", "1")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (type != null) {
      request.header("Content-Type", type);
    }
    try {
      HttpResponse<String> answer =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (!List.of(expected).contains(answer.statusCode())) {
        throw new IllegalStateException(
            method + " " + path + " answered " + answer.statusCode() + ": " + answer.body());
      }
      return answer.body().isEmpty()
          ? new JsonObject()
          : JsonParser.parseString(answer.body()).getAsJsonObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
