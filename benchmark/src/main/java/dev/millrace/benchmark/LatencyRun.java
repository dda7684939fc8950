package dev.millrace.benchmark;

import dev.millrace.model.RunId;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From the moment a client sends {@code POST jobs/bench/runs} to the moment the worker's handler is
 * entered, at a fixed rate: requests are sent when they are due, never held back by slow answers.
 */
final class LatencyRun {
  /** Until then the compiler takes a tenth of the reference machine (2026-11-24). */
  private static final int WARM_UP_SECONDS = 20;

  private static final Pattern RUN = Pattern.compile("\"id\":\"([0-9A-Z]{13})\"");

  private final Servers servers;
  private final int perSecond;
  private final Duration length;

  LatencyRun(Servers servers, int perSecond, Duration length) {
    this.servers = servers;
    this.perSecond = perSecond;
    this.length = length;
  }

  Percentiles measure() throws InterruptedException {
    Map<RunId, Long> entered = new ConcurrentHashMap<>();
    try (LocalMillrace system =
            new LocalMillrace(
                servers, context -> entered.put(context.start().claim().run(), System.nanoTime()));
        HttpClient client = HttpClient.newHttpClient()) {
      system.start();
      system.apply("id: bench\nstages: [{id: work, run: bench}]\n");
      URI uri =
          URI.create("http://127.0.0.1:" + system.scheduler().port() + "/api/v1/jobs/bench/runs");
      rounds(client, uri, perSecond * WARM_UP_SECONDS, entered); // thrown away
      return rounds(client, uri, (int) (perSecond * length.toSeconds()), entered);
    }
  }

  private Percentiles rounds(HttpClient client, URI uri, int requests, Map<RunId, Long> entered)
      throws InterruptedException {
    long[] sent = new long[requests];
    RunId[] runs = new RunId[requests];
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"params\":{}}"))
            .build();
    long start = System.nanoTime();
    for (int i = 0; i < requests; i++) {
      long dueAt = start + i * TimeUnit.SECONDS.toNanos(1) / perSecond;
      LockSupport.parkNanos(dueAt - System.nanoTime());
      int index = i;
      sent[index] = System.nanoTime();
      answers.add(
          client
              .sendAsync(request, HttpResponse.BodyHandlers.ofString())
              .thenAccept(
                  response -> {
                    Matcher matcher = RUN.matcher(response.body());
                    runs[index] = matcher.find() ? RunId.parse(matcher.group(1)) : null;
                  }));
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).join();
    long[] nanos = new long[requests];
    for (int i = 0; i < requests; i++) {
      if (runs[i] == null) {
        throw new IllegalStateException("request " + i + " was refused; nothing is reported");
      }
      nanos[i] = waitFor(entered, runs[i]) - sent[i];
    }
    return Percentiles.ofNanos(nanos);
  }

  private static long waitFor(Map<RunId, Long> entered, RunId run) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!entered.containsKey(run)) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("run " + run + " was never executed");
      }
      LockSupport.parkNanos(1_000_000);
    }
    return entered.get(run);
  }
}
