package dev.millrace.scheduler.event;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which routing keys lead to a queue, as far as the broker has told. Nobody can be asked that in
 * AMQP but by a message that comes back. So the last event of each key that led nowhere is kept,
 * and published before a page that has more of the key: if it comes back again, none of them needs
 * to be written. It is older than all of the page, so that what a queue gets stays in order, and a
 * queue that was bound before something happened gets it. The publisher's thread.
 */
final class Routes {
  private static final int KEYS_MAX = 20_000;
  private static final int KEY_BYTES_MAX = 255;

  /** By keys that led nowhere, the last event of each. */
  private final Map<String, Event> nowhere = new LinkedHashMap<>(16, 0.75f, true);

  /** An event that nobody wanted when it happened. */
  record Skipped(String key, Event event) {}

  /** Of each event that a story tells. */
  static List<String> keys(Story story) {
    String where = word(story.namespace()) + "." + word(story.jobName()) + ".";
    List<String> keys = new ArrayList<>(story.told().size());
    for (Story.Told told : story.told()) {
      keys.add(key(story, where, told.type()));
    }
    return keys;
  }

  private static String key(Story story, String where, String type) {
    String key = where + type;
    if (key.length() <= KEY_BYTES_MAX) {
      return key; // names and types are ASCII
    }
    return word(story.namespace())
        + ".%"
        + Integer.toHexString(story.jobName().hashCode())
        + "."
        + type;
  }

  /** A dot would make two words of a name; nothing else in it has a meaning in a key. */
  private static String word(String name) {
    return name.isEmpty() ? "%" : name.replace(".", "%2E");
  }

  /** Unless the broker has said otherwise. */
  boolean mayLead(String key) {
    return !nowhere.containsKey(key);
  }

  void skip(String key, Event event) {
    nowhere.put(key, event);
    if (nowhere.size() > KEYS_MAX) {
      nowhere.remove(nowhere.keySet().iterator().next());
    }
  }

  /** All of a batch, of which no key leads anywhere. */
  void skip(EventBatch batch, List<List<String>> keys) {
    int[] last = batch.lastOfStories();
    for (int story = 0; story < last.length; story++) {
      List<Event> events = batch.row(last[story]).events();
      for (int i = 0; i < events.size(); i++) {
        skip(keys.get(story).get(i), events.get(i));
      }
    }
  }

  /** What to publish before the page, in the order of the log. */
  List<Skipped> toAsk(List<EventBatch> page) {
    Set<String> keys = new HashSet<>();
    page.forEach(batch -> batch.stories().forEach(story -> keys.addAll(keys(story))));
    List<Skipped> asked = new ArrayList<>();
    for (String key : keys) {
      Event event = nowhere.get(key);
      if (event != null) {
        asked.add(new Skipped(key, event));
      }
    }
    asked.sort(
        Comparator.comparingLong((Skipped each) -> each.event().row().seq())
            .thenComparingInt(each -> each.event().number()));
    return asked;
  }

  /** What came back leads nowhere, the rest does. */
  void heard(EventPublisher.Chunk chunk, BitSet returned) {
    for (int i = 0; i < chunk.size(); i++) {
      if (returned.get(i)) {
        skip(chunk.key(i), chunk.event(i));
      } else {
        nowhere.remove(chunk.key(i));
      }
    }
  }
}
