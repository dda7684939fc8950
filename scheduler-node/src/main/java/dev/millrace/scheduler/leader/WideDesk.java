package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.KeyText;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.store.Events;
import dev.millrace.scheduler.store.Pauses;
import dev.millrace.scheduler.store.SeatRows;
import dev.millrace.wire.Wire;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Executes commands that are about more than one run: pauses of everything, a namespace or a pool,
 * events, capacities and rates. Inside the leader's transaction; the leader's thread.
 */
final class WideDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> SCOPES = Set.of(Gates.ALL, Gates.NAMESPACE, Gates.POOL);
  private static final int NAME_CHARS_MAX = 200;
  private static final int CAPACITY_MAX = 1_000_000;
  private static final int WEIGHT_MAX = 1_000;

  private final Drafts drafts;
  private final Gates gates;
  private final Seats seats;
  private final Dispatching dispatching;

  WideDesk(Drafts drafts, Gates gates, Seats seats, Dispatching dispatching) {
    this.drafts = drafts;
    this.gates = gates;
    this.seats = seats;
    this.dispatching = dispatching;
  }

  Outcome pause(Handle tx, Pass pass, Command command) {
    JsonNode body = body(command);
    String scope = body.path("scope").asText();
    String name = scope.equals(Gates.ALL) ? "" : body.path("name").asText();
    if (!SCOPES.contains(scope) || (name.isEmpty() && !scope.equals(Gates.ALL))) {
      return badScope();
    }
    Outcome bad = badText("name", name, NAME_CHARS_MAX);
    if (bad != null) {
      return bad;
    }
    Pauses.Row row = new Pauses.Row(scope, name, command.actor(), command.reason(), pass.now);
    boolean changed = Pauses.put(tx, row);
    if (changed) {
      gates.put(row);
    }
    boolean unknown = scope.equals(Gates.POOL) && !gates.knowsPool(name);
    String note =
        "no worker serves pool '" + name + "' and no stage waits for it; look whether it is meant";
    return done(scope, name, changed, unknown ? note : null);
  }

  Outcome resume(Handle tx, Pass pass, Command command) {
    JsonNode body = body(command);
    String scope = body.path("scope").asText();
    String name = scope.equals(Gates.ALL) ? "" : body.path("name").asText();
    if (!SCOPES.contains(scope)) {
      return badScope();
    }
    Outcome bad = badText("name", name, NAME_CHARS_MAX);
    if (bad != null) {
      return bad;
    }
    boolean changed = Pauses.drop(tx, scope, name);
    gates.drop(tx, scope, name, pass.now);
    return done(scope, name, changed, null);
  }

  private static Outcome badScope() {
    return Desk.refused(
        422,
        "a pause needs a scope and, unless it is all, a name",
        "send {\"scope\": \"all\"}, or namespace or pool with its name");
  }

  /** A refusal that names the field when no column can hold its value, else null. */
  private static Outcome badText(String field, String value, int charsMax) {
    if (value.indexOf('\0') >= 0) {
      return Desk.refused(422, field + " holds a NUL character", "leave it out");
    }
    return value.length() > charsMax
        ? Desk.refused(
            422,
            field + " has " + value.length() + " characters, at most " + charsMax + " are possible",
            "send a shorter one")
        : null;
  }

  private static Outcome done(String scope, String name, boolean changed, String note) {
    return new Outcome(
        200,
        JSON.createObjectNode()
            .put("scope", scope)
            .put("name", name)
            .put("changed", changed)
            .put("note", note)
            .toString());
  }

  /** Tells every stage that waits for it; and keeps it for those whose run is open already. */
  Outcome event(Handle tx, Pass pass, Command command) {
    JsonNode body = body(command);
    String name = body.path("name").asText();
    if (name.isEmpty()) {
      return Desk.refused(422, "an event needs a name", "send {\"name\": \"...\"}");
    }
    JsonNode data = body.path("data");
    Outcome bad = badEvent(body);
    if (bad != null) {
      return bad;
    }
    Events.Event event =
        new Events.Event(
            command.namespace(),
            body.path("environment").isTextual() ? body.path("environment").asText() : null,
            name,
            body.path("key").asText(""),
            data.isMissingNode() || data.isNull() ? null : data.toString(),
            command.actor());
    Events.put(tx, event, pass.now);
    List<Events.Listener> waiting = Events.waiting(tx, event);
    drafts.open(tx, pass, waiting.stream().map(Events.Listener::run).toList());
    int heard = 0;
    for (Events.Listener listener : waiting) {
      Draft draft = pass.drafts.get(listener.run());
      if (draft != null && !draft.sealed()) {
        Fact fact =
            new Fact.Event(listener.stage(), listener.attempt(), event.data(), command.actor());
        heard += Engine.apply(draft, fact, pass.now, 0) == Verdict.ACCEPTED ? 1 : 0;
      }
    }
    return new Outcome(
        200, "{\"name\":" + JSON.getNodeFactory().textNode(name) + ",\"heard\":" + heard + "}");
  }

  private static Outcome badEvent(JsonNode body) {
    Outcome name = badText("name", body.path("name").asText(), NAME_CHARS_MAX);
    if (name != null) {
      return name;
    }
    Outcome key = badText("key", body.path("key").asText(""), KeyText.CHARS_MAX);
    if (key != null) {
      return key;
    }
    int data = body.path("data").toString().length();
    return data > Wire.VALUE_BYTES_MAX
        ? Desk.refused(
            422,
            "data has " + data + " characters, at most " + Wire.VALUE_BYTES_MAX + " are possible",
            "pass large values by reference")
        : badText("environment", body.path("environment").asText(""), NAME_CHARS_MAX);
  }

  Outcome lock(Handle tx, Command command) {
    JsonNode body = body(command);
    String name = body.path("name").asText();
    int capacity = body.path("capacity").asInt();
    if (name.isEmpty() || capacity < 1 || capacity > CAPACITY_MAX) {
      return Desk.refused(
          422, "a lock needs a name and a capacity of 1.." + CAPACITY_MAX, "correct it");
    }
    Outcome bad = badText("name", name, NAME_CHARS_MAX);
    if (bad != null) {
      return bad;
    }
    SeatRows.putLock(tx, command.namespace(), name, capacity);
    seats.limit("lock:" + command.namespace() + "/" + name, capacity);
    return new Outcome(
        200, JSON.createObjectNode().put("lock", name).put("capacity", capacity).toString());
  }

  Outcome share(Handle tx, Command command) {
    int weight = body(command).path("weight").asInt();
    if (weight < 1 || weight > WEIGHT_MAX) {
      return Desk.refused(422, "a weight is 1.." + WEIGHT_MAX, "correct it");
    }
    SeatRows.putShare(tx, command.namespace(), weight);
    dispatching.loadLimits(tx, 0);
    return new Outcome(
        200,
        JSON.createObjectNode()
            .put("namespace", command.namespace())
            .put("weight", weight)
            .toString());
  }

  Outcome rate(Handle tx, Pass pass, Command command) {
    JsonNode body = body(command);
    String pool = body.path("pool").asText();
    int starts = body.path("starts").asInt();
    long perMillis = body.path("perMillis").asLong();
    if (pool.isEmpty() || starts < 0 || (starts > 0 && perMillis < 1)) {
      return Desk.refused(
          422,
          "a rate needs a pool, starts and the milliseconds that they are for",
          "send {\"starts\": 10, \"per\": \"1s\"}; starts 0 lifts the rate");
    }
    Outcome bad = badText("pool", pool, NAME_CHARS_MAX);
    if (bad != null) {
      return bad;
    }
    SeatRows.putRate(tx, pool, starts == 0 ? null : new SeatRows.Rate(starts, perMillis));
    dispatching.loadLimits(tx, pass.now);
    return new Outcome(
        200, JSON.createObjectNode().put("pool", pool).put("starts", starts).toString());
  }

  private static JsonNode body(Command command) {
    try {
      return JSON.readTree(command.body());
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode(); // refused for what it lacks
    }
  }
}
