package dev.millrace.scheduler.http;

import java.util.List;

/**
 * One line of the route table: what the router serves and what the OpenAPI document says.
 * Immutable.
 *
 * @param path with {@code {name}} for parameters
 * @param tag the group it is shown in
 * @param query names of query parameters
 * @param headers names of headers that it reads
 * @param body name of the body's schema, or null
 * @param answers status and schema name of every success; the name is null for other media types
 * @param needs who may call it; a route without is refused at the start
 */
record Route(
    String method,
    String path,
    String tag,
    String summary,
    List<String> query,
    List<String> headers,
    String body,
    List<Answer> answers,
    Handler handler,
    Needs needs) {
  /** The role that a caller needs, and where. */
  record Needs(Role role, Scope scope) {}

  /** Serves one call; a problem is thrown. */
  @FunctionalInterface
  interface Handler {
    void handle(Call call) throws Exception;
  }

  /** A success; the media type is null when there is no body. */
  record Answer(int status, String schema, String mediaType) {}

  static Route get(String path, String tag, String summary, String schema, Handler handler) {
    return new Route(
        "GET",
        path,
        tag,
        summary,
        List.of(),
        List.of(),
        null,
        List.of(new Answer(200, schema, "application/json")),
        handler,
        null);
  }

  static Route post(
      String path, String tag, String summary, String body, List<Answer> answers, Handler handler) {
    return new Route(
        "POST", path, tag, summary, List.of(), List.of(), body, answers, handler, null);
  }

  static Answer json(int status, String schema) {
    return new Answer(status, schema, "application/json");
  }

  /** Who may call it: explicit for every route. */
  Route needs(Role role, Scope scope) {
    return new Route(
        method, path, tag, summary, query, headers, body, answers, handler, new Needs(role, scope));
  }

  Route query(String... names) {
    return new Route(
        method, path, tag, summary, List.of(names), headers, body, answers, handler, needs);
  }

  Route headers(String... names) {
    return new Route(
        method, path, tag, summary, query, List.of(names), body, answers, handler, needs);
  }

  Route media(String mediaType) {
    return new Route(
        method,
        path,
        tag,
        summary,
        query,
        headers,
        body,
        List.of(new Answer(200, null, mediaType)),
        handler,
        needs);
  }

  /** The success is another protocol. */
  Route switching() {
    return new Route(
        method,
        path,
        tag,
        summary,
        query,
        headers,
        body,
        List.of(new Answer(101, null, null)),
        handler,
        needs);
  }

  Route as(String otherMethod) {
    return new Route(
        otherMethod, path, tag, summary, query, headers, body, answers, handler, needs);
  }
}
