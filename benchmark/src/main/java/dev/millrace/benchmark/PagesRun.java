package dev.millrace.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Asks every route that a page needs, one after the other, as one user would: lists from their
 * beginning and deep inside, with each filter, and those about one job and one run, old and new.
 */
final class PagesRun {
  private static final Duration WAIT_MAX = Duration.ofSeconds(30);
  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String server;
  private final String token;
  private final int requests;

  PagesRun(String server, String token, int requests) {
    this.server = server.endsWith("/") ? server.substring(0, server.length() - 1) : server;
    this.token = token;
    this.requests = requests;
  }

  /** How long a route takes, from the request to the last byte. */
  record Timed(
      String path, int status, int bytes, double p50Millis, double p95Millis, double maxMillis) {}

  List<Timed> measure() throws IOException, InterruptedException {
    List<Timed> timed = new ArrayList<>();
    for (String path : paths()) {
      timed.add(time(path));
    }
    return timed;
  }

  private List<String> paths() throws IOException, InterruptedException {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant old = now.minus(20, ChronoUnit.DAYS);
    String run = first("/api/v1/runs?namespace=default&job=job-000&limit=1", "id");
    String past =
        first("/api/v1/runs?namespace=default&limit=1&until=" + old, "id"); // of weeks ago
    String dead = first("/api/v1/dead-letters?namespace=default&limit=1", "id");
    List<String> paths = new ArrayList<>();
    for (String page :
        List.of(
            "overview?namespace=*",
            "overview",
            "status",
            "jobs?limit=50",
            "jobs?limit=50&q=fixture",
            "jobs?limit=50&label=team:team-3",
            "jobs?limit=50&state=PAUSED",
            "runs",
            "runs?limit=500",
            "runs?state=FAILED",
            "runs?state=CANCELLED",
            "runs?open=true",
            "runs?state=RUNNING",
            "runs?job=job-195",
            "runs?job=job-000&state=FAILED",
            "runs?label=team:team-3",
            "runs?label=team:nobody",
            "runs?error=refused",
            "runs?error=nowhere-to-be-found",
            "runs?trigger=cron",
            "runs?children=true",
            "runs?namespace=shop",
            "runs?namespace=nobody",
            "jobs/job-000",
            "jobs/job-000/runs",
            "jobs/job-000/runs?state=failed",
            "jobs/job-000/versions",
            "jobs/job-000/versions/1",
            "jobs/job-000/graph",
            "jobs/job-000/status",
            "jobs/job-000/stats",
            "jobs/job-000/calendar",
            "graph",
            "schedule?limit=50",
            "schedule?namespace=*&limit=50",
            "schedule/load",
            "ticks?job=job-000",
            "ticks/audit",
            "workers",
            "pools",
            "dead-letters",
            "dead-letters?error=refused",
            "dead-letters/groups",
            "locks",
            "pauses",
            "starts",
            "backfills",
            "patterns",
            "sets",
            "bulk",
            "audit",
            "tokens",
            "namespaces/default/quota")) {
      paths.add("/api/v1/" + page);
    }
    paths.add("/api/v1/runs?since=" + old + "&until=" + old.plusSeconds(3_600));
    paths.add("/api/v1/runs?state=FAILED&until=" + old);
    for (String id : Arrays.asList(run, past)) {
      if (id != null) {
        for (String page :
            List.of(
                "",
                "/timeline",
                "/history",
                "/attempts",
                "/why",
                "/children",
                "/logs",
                "/audit",
                "/artifacts",
                "/stages/extract/logs")) {
          paths.add("/api/v1/runs/" + id + page);
        }
        paths.add("/api/v1/runs?after=" + id);
      }
    }
    if (dead != null) {
      paths.add("/api/v1/dead-letters/" + dead);
    }
    return paths;
  }

  /** Null when there is none. */
  private String first(String path, String key) throws IOException, InterruptedException {
    JsonNode item = json.readTree(get(path).body()).path("items").path(0).path(key);
    return item.isMissingNode() ? null : item.asText();
  }

  private HttpResponse<byte[]> get(String path) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + path)).timeout(WAIT_MAX);
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private Timed time(String path) throws IOException, InterruptedException {
    long[] nanos = new long[requests];
    HttpResponse<byte[]> last = null;
    for (int i = 0; i < requests; i++) {
      long began = System.nanoTime();
      last = get(path);
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return new Timed(
        path.substring("/api/v1".length()),
        last == null ? 0 : last.statusCode(),
        last == null ? 0 : last.body().length,
        nanos[(requests - 1) / 2] / 1e6,
        nanos[Math.max(0, (int) Math.ceil(requests * 0.95) - 1)] / 1e6,
        nanos[requests - 1] / 1e6);
  }
}
