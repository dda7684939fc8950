package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.scheduler.status.NodeStatus;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Supplier;

/** Health, metrics and the API's own description. Any thread; asks no database. */
final class NodeApi {
  private static final String TAG = "node";
  private final Supplier<NodeStatus> status;
  private final PrometheusMeterRegistry metrics;
  private final Runnable beforeScrape;
  private final Supplier<String> openApi;

  /**
   * @param beforeScrape is told when the metrics are asked for; returns at once
   */
  NodeApi(
      Supplier<NodeStatus> status,
      PrometheusMeterRegistry metrics,
      Runnable beforeScrape,
      Supplier<String> openApi) {
    this.beforeScrape = beforeScrape;
    this.status = status;
    this.metrics = metrics;
    this.openApi = openApi;
  }

  List<Route> routes() {
    return List.of(
        get("/livez", TAG, "The process answers", "Health", this::live)
            .needs(Role.VIEWER, Scope.PUBLIC),
        get("/readyz", TAG, "Database and broker answer", "Health", this::ready)
            .needs(Role.VIEWER, Scope.PUBLIC),
        get("/metrics", TAG, "Prometheus metrics", null, this::metrics)
            .needs(Role.VIEWER, Scope.CLUSTER)
            .media("text/plain"),
        get("/openapi.json", TAG, "This document", null, this::openApi)
            .needs(Role.VIEWER, Scope.PUBLIC)
            .media("application/json"),
        get(
                "/schema/job.json",
                TAG,
                "The JSON Schema of job files, for editors",
                null,
                this::schema)
            .needs(Role.VIEWER, Scope.PUBLIC)
            .media("application/schema+json"));
  }

  private void live(Call call) {
    call.answer(200, Json.object().put("status", "live"));
  }

  private void ready(Call call) {
    NodeStatus now = status.get();
    ArrayNode reasons = Json.array();
    if (now.databaseProblem() != null) {
      reasons.add("database: " + now.databaseProblem());
    }
    if (now.brokerProblem() != null) {
      reasons.add("broker: " + now.brokerProblem());
    }
    ObjectNode body = Json.object();
    body.put("status", now.ready() ? "ready" : "not ready");
    body.set("reasons", reasons);
    call.answer(now.ready() ? 200 : 503, body);
  }

  private void metrics(Call call) {
    beforeScrape.run();
    call.http().contentType("text/plain; version=0.0.4; charset=utf-8").result(metrics.scrape());
  }

  private void schema(Call call) {
    try (InputStream in = DefinitionReader.class.getResourceAsStream("/schema/job.json")) {
      call.http().contentType("application/schema+json").result(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("the schema is part of this program", e);
    }
  }

  private void openApi(Call call) {
    call.http().contentType("application/json").result(openApi.get());
  }
}
