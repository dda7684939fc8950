package dev.millrace.definition;

import dev.millrace.model.EventTrigger;
import dev.millrace.model.ParamDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the elements of {@code triggers} that are not of time, each kind by a reader of its own.
 * Confined to one thread.
 */
final class EventTriggerReader {
  /** Reads one element, all of whose keys are its own. */
  @FunctionalInterface
  interface Kind {
    /** Null with a problem. */
    EventTrigger read(Fields trigger);
  }

  private final Map<String, Kind> kinds;
  private final List<EventTrigger> events = new ArrayList<>();

  /**
   * @param params what the job declares
   * @param ofMessages is added to: expressions that read a message
   */
  EventTriggerReader(List<ParamDefinition> params, Expressions ofMessages) {
    QueueTriggerReader queue = new QueueTriggerReader(params, ofMessages);
    kinds = Map.of("queue", queue::read);
  }

  /** The kinds that this element has. */
  List<String> kindsOf(Fields trigger) {
    return kinds.keySet().stream()
        .filter(kind -> trigger.map().get(kind) != null)
        .sorted()
        .toList();
  }

  void read(String kind, Fields trigger) {
    EventTrigger event = kinds.get(kind).read(trigger);
    if (event != null) {
      events.add(event);
    }
  }

  /** In the order written. */
  List<EventTrigger> events() {
    return events;
  }
}
