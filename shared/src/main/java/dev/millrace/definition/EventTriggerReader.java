package dev.millrace.definition;

import dev.millrace.model.EventTrigger;
import dev.millrace.model.ParamDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads the triggers that are no time: they stand in one list with those that are, and in the
 * canonical text in a list of their own. Confined to one thread.
 */
final class EventTriggerReader {
  /** The key by which each kind is known. */
  static final List<String> KINDS = List.of("after");

  /** What stands beside one of them and beside no time. */
  static final List<String> BESIDE = List.of("match", "within");

  private static final Set<String> OF_TIMES =
      Set.of("misfire", "dst", "jitter", "phase", "delay", "anchor", "key", "map", "overlap");

  private final List<ParamDefinition> params;
  private final JobNeedReader jobs;
  private final List<EventTrigger> found = new ArrayList<>();

  EventTriggerReader(List<ParamDefinition> params, JobNeedReader jobs) {
    this.params = params;
    this.jobs = jobs;
  }

  /** In the order of the text. */
  List<EventTrigger> found() {
    return found;
  }

  /** True when it is one of these kinds, which is then read. */
  boolean takes(Fields fields) {
    List<String> kinds = KINDS.stream().filter(kind -> fields.map().get(kind) != null).toList();
    if (kinds.isEmpty()) {
      return false;
    }
    found.add(jobs.after(fields, params));
    fields.finish(OF_TIMES);
    return true;
  }

  /** The canonical text's own list. */
  void read(Problems problems, Fields job) {
    List<Doc> items = job.list("events");
    if (items == null) {
      return;
    }
    if (found.size() + items.size() > TriggerReader.TRIGGERS_MAX) {
      job.problem(job.map().get("events"), "events", "more than " + TriggerReader.TRIGGERS_MAX);
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      Fields fields = Fields.of(problems, items.get(i), job.path("events") + "[" + i + "]");
      if (fields != null && !takes(fields)) {
        fields.problem("needs one of " + String.join(", ", KINDS));
      }
    }
  }
}
