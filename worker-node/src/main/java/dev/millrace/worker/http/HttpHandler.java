package dev.millrace.worker.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.secret.Redactor;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import dev.millrace.worker.StageHandler;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes one HTTP request. The stage completes when the status is one of those expected; its output
 * is the response. One object serves all attempts; each on its own thread.
 */
public final class HttpHandler implements StageHandler {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BODY_BYTES_MAX = 48 * 1024;
  private static final int BYTES_PER_CHAR = 3;
  private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
  private static final Duration TIMEOUT_DEFAULT = Duration.ofSeconds(30);
  private static final Set<String> KEYS =
      Set.of("method", "url", "headers", "body", "expect", "timeout");
  private static final Set<Integer> ASK_FOR_PATIENCE = Set.of(429, 503);
  private static final List<String> HEADERS_KEPT =
      List.of("content-type", "content-length", "etag", "last-modified", "location", "retry-after");

  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT_MAX)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  @Override
  public String name() {
    return "http";
  }

  @Override
  public Result execute(StageContext context) throws InterruptedException {
    JsonNode with = context.with();
    HttpRequest request;
    Set<Integer> expected;
    try {
      request = request(with);
      expected = expected(with.path("expect"));
    } catch (IllegalArgumentException e) {
      return Result.failed("config", "http: " + e.getMessage()).notRetryable();
    }
    try {
      HttpResponse<InputStream> response =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        Redactor redactor = context.redactor();
        byte[] start = body.readNBytes(BODY_BYTES_MAX + 1 + BYTES_PER_CHAR * redactor.longest());
        return result(response, start, expected, redactor);
      }
    } catch (HttpConnectTimeoutException | ConnectException | UnresolvedAddressException e) {
      return Result.failed("connect", "cannot connect to " + request.uri() + ": " + text(e));
    } catch (HttpTimeoutException e) {
      return Result.failed("timeout", "no answer from " + request.uri() + ": " + text(e));
    } catch (IOException e) {
      return Result.failed("fetch", "request to " + request.uri() + " failed: " + text(e));
    }
  }

  private static HttpRequest request(JsonNode with) {
    with.fieldNames()
        .forEachRemaining(
            name -> {
              if (!KEYS.contains(name)) {
                throw new IllegalArgumentException(
                    "unknown key '" + name + "'; known are " + new TreeSet<>(KEYS));
              }
            });
    if (!with.hasNonNull("url")) {
      throw new IllegalArgumentException("url is missing");
    }
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(with.get("url").asText()))
            .timeout(timeout(with.path("timeout")));
    for (var header : with.path("headers").properties()) {
      builder.header(header.getKey(), header.getValue().asText());
    }
    JsonNode body = with.path("body");
    boolean none = body.isMissingNode() || body.isNull();
    boolean json = body.isContainerNode();
    if (json && !namesContentType(with.path("headers"))) {
      builder.header("Content-Type", "application/json");
    }
    String method = with.path("method").asText(none ? "GET" : "POST").toUpperCase(Locale.ROOT);
    return builder
        .method(
            method,
            none
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(json ? body.toString() : body.asText()))
        .build();
  }

  private static boolean namesContentType(JsonNode headers) {
    for (var header : headers.properties()) {
      if (header.getKey().equalsIgnoreCase("content-type")) {
        return true;
      }
    }
    return false;
  }

  private static Duration timeout(JsonNode node) {
    if (node.isMissingNode() || node.isNull()) {
      return TIMEOUT_DEFAULT;
    }
    String text = node.asText().strip();
    try {
      return switch (text.replaceAll("[0-9]", "")) {
        case "ms" -> Duration.ofMillis(number(text));
        case "s", "" -> Duration.ofSeconds(number(text));
        case "m" -> Duration.ofMinutes(number(text));
        default -> Duration.parse(text);
      };
    } catch (java.time.format.DateTimeParseException | NumberFormatException e) {
      throw new IllegalArgumentException("timeout '" + text + "' is not a time, like 30s", e);
    }
  }

  private static long number(String text) {
    return Long.parseLong(text.replaceAll("[a-z]+$", ""));
  }

  private static Set<Integer> expected(JsonNode list) {
    Set<Integer> expected = new HashSet<>();
    for (JsonNode status : list) {
      if (!status.canConvertToInt()) {
        throw new IllegalArgumentException("expect must be a list of statuses");
      }
      expected.add(status.asInt());
    }
    return expected;
  }

  private static Result result(
      HttpResponse<InputStream> response, byte[] body, Set<Integer> expected, Redactor redactor) {
    int status = response.statusCode();
    boolean fine = expected.isEmpty() ? status / 100 == 2 : expected.contains(status);
    if (!fine) {
      String retryAfter =
          response.headers().firstValue("retry-after").map(v -> "; Retry-After: " + v).orElse("");
      var failed =
          Result.failed("http:" + status, response.uri() + " answered " + status + retryAfter);
      return ASK_FOR_PATIENCE.contains(status)
          ? RetryAfter.of(response.headers()).map(failed::withRetryAfter).orElse(failed)
          : failed;
    }
    ObjectNode output = JSON.createObjectNode();
    output.put("status", status);
    ObjectNode headers = output.putObject("headers");
    for (String name : HEADERS_KEPT) {
      response.headers().firstValue(name).ifPresent(value -> headers.put(name, value));
    }
    boolean whole = body.length <= BODY_BYTES_MAX;
    if (!whole) {
      output.put("truncated", true);
    }
    output.set("body", whole ? body(response, body) : beginning(body, redactor));
    return Result.completed(output.toString());
  }

  private static JsonNode body(HttpResponse<InputStream> response, byte[] bytes) {
    String type = response.headers().firstValue("content-type").orElse("");
    if (type.contains("json") && bytes.length > 0) {
      try {
        return JSON.readTree(bytes);
      } catch (IOException e) {
        return JSON.getNodeFactory().textNode(new String(bytes, StandardCharsets.UTF_8));
      }
    }
    return JSON.getNodeFactory().textNode(new String(bytes, StandardCharsets.UTF_8));
  }

  /** Secrets are hidden before it is cut, one at the cut included. */
  private static JsonNode beginning(byte[] bytes, Redactor redactor) {
    byte[] shown =
        redactor
            .beginning(new String(bytes, StandardCharsets.UTF_8))
            .getBytes(StandardCharsets.UTF_8);
    return JSON.getNodeFactory()
        .textNode(
            new String(shown, 0, Math.min(shown.length, BODY_BYTES_MAX), StandardCharsets.UTF_8));
  }

  private static String text(Exception e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }
}
