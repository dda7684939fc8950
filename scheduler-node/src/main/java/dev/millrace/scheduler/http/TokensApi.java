package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.store.Tokens;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Tokens: made, listed without their secrets, revoked. Any thread. */
final class TokensApi {
  private static final String PATH = "/api/v1/tokens";
  private static final String TAG = SessionApi.TAG;
  private static final Set<String> KEYS = Set.of("name", "roles", "expiresIn", "reason");
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}";
  private static final Duration EXPIRES_MAX = Duration.ofDays(3_650);

  private final Jdbi jdbi;
  private final TokenBook book;

  TokensApi(Jdbi jdbi, TokenBook book) {
    this.jdbi = jdbi;
    this.book = book;
  }

  List<Route> routes() {
    return List.of(
        get(PATH, TAG, "Tokens, newest first, without their secrets", "TokenPage", this::list)
            .query("limit", "after")
            .needs(Role.ADMIN, Scope.ANYONE),
        post(
                PATH,
                TAG,
                "Make a token; this answer is the only one that has its secret",
                "TokenIn",
                List.of(json(201, "TokenMade")),
                this::make)
            .needs(Role.ADMIN, Scope.BODY),
        post(
                PATH + "/{token}",
                TAG,
                "Revoke a token; felt on every node within 5 seconds",
                null,
                List.of(json(200, "Token")),
                this::revoke)
            .as("DELETE")
            .query("reason")
            .needs(Role.ADMIN, Scope.BODY));
  }

  /** True when the caller is admin of all that the token is for. */
  private static boolean owns(Call call, Map<String, Role> roles) {
    return roles.keySet().stream()
        .allMatch(namespace -> call.principal().may(Role.ADMIN, namespace));
  }

  private void list(Call call) {
    int limit = call.limit();
    long before = call.after(Long.MAX_VALUE);
    List<Tokens.Row> rows = jdbi.withHandle(handle -> Tokens.page(handle, before, limit));
    ArrayNode items = Json.array();
    rows.stream()
        .filter(row -> owns(call, Roles.kept(row.roles())))
        .forEach(row -> items.add(view(row)));
    call.page(items, rows.size() < limit ? null : Long.toString(rows.getLast().id()));
  }

  private static ObjectNode view(Tokens.Row row) {
    ObjectNode node = Json.object().put("id", Long.toString(row.id())).put("name", row.name());
    node.set("roles", Roles.json(Roles.kept(row.roles())));
    node.put("createdBy", row.createdBy()).put("createdAt", Json.text(row.createdAt()));
    node.put("expiresAt", Json.text(row.expiresAt()));
    node.put("usedAt", Json.text(row.usedAt()));
    node.put("revokedAt", Json.text(row.revokedAt())).put("revokedBy", row.revokedBy());
    return node.put("revokedReason", row.revokedReason()).put("ended", row.ended());
  }

  private void make(Call call) {
    ObjectNode asked = call.object(KEYS);
    String name = asked.path("name").asText();
    call.http().attribute(Call.REASON, Call.reason(asked));
    call.http().attribute(Call.SUBJECT, name);
    if (!name.matches(NAME)) {
      throw Problem.badRequest(
          "name is not a name of a token",
          "Use 1 to 100 letters, digits, spaces, '.', '_', '@' and '-', such as \"ci deploy\".");
    }
    Map<String, Role> roles = Roles.asked(asked.path("roles"));
    roles.keySet().forEach(namespace -> call.require(namespace, Role.ADMIN));
    Long seconds = seconds(asked.path("expiresIn"));
    Made made =
        jdbi.inTransaction(tx -> make(tx, name, roles, call.actor(), seconds))
            .orElseThrow(
                () ->
                    new Problem.Refused(
                        new Problem(
                            409,
                            "conflict",
                            "Conflict",
                            "a token of this name is in use",
                            "Choose another name, or revoke that one first.")));
    Tokens.Row row = jdbi.withHandle(handle -> Tokens.find(handle, made.id())).orElseThrow();
    call.http().header("Location", PATH + "/" + made.id());
    call.answer(201, view(row).put("token", made.text()));
  }

  /** A token with its secret, which is nowhere else. */
  record Made(long id, String text) {}

  static Optional<Made> make(
      Handle tx, String name, Map<String, Role> roles, String by, Long seconds) {
    String secret = TokenText.newSecret();
    return Tokens.put(tx, name, TokenText.hash(secret), Json.write(Roles.json(roles)), by, seconds)
        .map(id -> new Made(id, new TokenText(id, secret).text()));
  }

  private static Long seconds(JsonNode expires) {
    if (expires.isMissingNode() || expires.isNull()) {
      return null;
    }
    try {
      Duration duration = Duration.parse(expires.asText());
      if (duration.compareTo(Duration.ofSeconds(1)) >= 0 && duration.compareTo(EXPIRES_MAX) <= 0) {
        return duration.toSeconds();
      }
    } catch (DateTimeException e) {
      throw Problem.badRequest(
          "expiresIn is not an ISO duration", "Send for example \"P30D\", or null for never.");
    }
    throw Problem.badRequest(
        "expiresIn is 1 second to 3650 days", "Send for example \"P30D\", or null for never.");
  }

  private void revoke(Call call) {
    long id = Call.number("token", call.path("token"));
    String reason = Call.reason(Json.object().put("reason", call.query("reason")));
    call.http().attribute(Call.REASON, reason);
    Tokens.Row row =
        jdbi.withHandle(handle -> Tokens.find(handle, id))
            .filter(found -> owns(call, Roles.kept(found.roles())))
            .orElseThrow(() -> Problem.notFound("no token " + id, "GET " + PATH + " lists them."));
    Roles.kept(row.roles()).keySet().forEach(namespace -> call.require(namespace, Role.ADMIN));
    jdbi.useHandle(handle -> Tokens.revoke(handle, id, call.actor(), reason));
    book.forget(id);
    call.answer(200, view(jdbi.withHandle(handle -> Tokens.find(handle, id)).orElseThrow()));
  }
}
