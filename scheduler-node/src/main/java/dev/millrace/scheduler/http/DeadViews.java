package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.ReadsDead;
import dev.millrace.scheduler.store.Redrives;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The shapes of dead letters that the API shows. Stateless; any thread. */
final class DeadViews {
  private DeadViews() {}

  static ObjectNode letter(ReadsDead.Letter letter) {
    ObjectNode node = Json.object();
    node.put("id", id(letter.id()));
    node.put("run", id(letter.run()));
    node.put("stage", letter.stage());
    node.put("attempt", letter.attempt());
    node.put("parent", id(letter.parent()));
    node.put("index", letter.item());
    node.put("namespace", letter.namespace());
    node.put("job", letter.job());
    node.put("version", letter.version());
    node.put("handler", letter.handler());
    node.put("pool", letter.pool());
    node.put("reason", letter.reason());
    node.put("error", letter.error());
    node.put("fingerprint", letter.fingerprint());
    node.put("attempts", letter.attempts());
    node.put("worker", letter.worker());
    node.put("firstFailed", Json.text(letter.firstFailed()));
    node.put("lastFailed", Json.text(letter.lastFailed()));
    node.put("state", letter.state());
    node.put("actor", letter.actor());
    node.put("note", letter.note());
    node.put("endedAt", Json.text(letter.endedAt()));
    return node.put("newRun", id(letter.successor()));
  }

  static ObjectNode whole(ReadsDead.Letter letter) {
    ObjectNode node = letter(letter);
    node.set("message", Json.stored(letter.message()));
    return node;
  }

  static ObjectNode group(ReadsDead.Group group) {
    ObjectNode node = Json.object();
    node.put("fingerprint", group.newest().fingerprint());
    node.put("count", group.count());
    node.put("job", group.newest().job());
    node.put("stage", group.newest().stage());
    node.put("reason", group.newest().reason());
    node.put("firstFailed", Json.text(group.firstFailed()));
    node.put("lastFailed", Json.text(group.lastFailed()));
    node.set("newest", letter(group.newest()));
    return node;
  }

  static ObjectNode redrive(Redrives.Row row) {
    ObjectNode node = Json.object();
    node.put("id", id(row.id()));
    node.put("namespace", row.filter().namespace());
    node.set("filter", filter(row.filter()));
    node.put("rate", row.perSecond());
    node.put("state", row.state());
    node.put("total", row.total());
    node.put("redriven", row.redriven());
    node.put("refused", row.refused());
    node.put("actor", row.actor());
    node.put("reason", row.reason());
    node.put("createdAt", Json.text(row.createdAt()));
    return node.put("endedAt", Json.text(row.endedAt()));
  }

  private static ObjectNode filter(DeadLetters.Filter filter) {
    ObjectNode node = Json.object();
    put(node, "run", filter.run() == 0 ? null : id(filter.run()));
    put(node, "job", filter.job());
    put(node, "stage", filter.stage());
    put(node, "fingerprint", filter.fingerprint());
    put(node, "error", filter.error());
    put(node, "since", instant(filter.since()));
    put(node, "until", instant(filter.until()));
    return node;
  }

  private static void put(ObjectNode node, String key, String value) {
    if (value != null) {
      node.put(key, value);
    }
  }

  private static String instant(long micros) {
    return micros == 0 ? null : Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
  }

  private static String id(Long id) {
    return id == null ? null : new RunId(id).toString();
  }
}
