package dev.millrace.definition;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.QueueTrigger;
import dev.millrace.model.WebhookTrigger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads the triggers that are no time: they stand in one list with those that are, and in the
 * canonical text in a list of their own. Each kind has a reader of its own. Confined to one thread.
 */
final class EventTriggerReader {
  /** Reads one element, all of whose keys are its own. */
  @FunctionalInterface
  private interface Kind {
    /** Null with a problem. */
    EventTrigger read(Fields trigger);
  }

  /** What stands beside one of them and beside no time. */
  static final List<String> BESIDE = List.of("match", "within");

  private final Map<String, Kind> kinds = new TreeMap<>();
  private final List<EventTrigger> found = new ArrayList<>();

  /**
   * @param params what the job declares
   * @param jobs reads the names of other jobs
   * @param ofRequests is added to: expressions that read a request
   * @param ofMessages is added to: expressions that read a message
   * @param ofFiles is added to: expressions that read a file
   */
  EventTriggerReader(
      List<ParamDefinition> params,
      JobNeedReader jobs,
      Expressions ofRequests,
      Expressions ofMessages,
      Expressions ofFiles) {
    GivenReader ofFile = new GivenReader(params, ofFiles);
    WebhookReader webhooks = new WebhookReader(ofRequests);
    QueueTriggerReader queues = new QueueTriggerReader(params, ofMessages);
    kinds.put(AfterTrigger.KIND, trigger -> jobs.after(trigger, params));
    kinds.put(FileTrigger.KIND, trigger -> FileTriggerReader.read(trigger, ofFile));
    kinds.put(QueueTrigger.KIND, queues::read);
    kinds.put(WebhookTrigger.KIND, webhooks::read);
  }

  /** In the order of the text. */
  List<EventTrigger> found() {
    return found;
  }

  /** Those of these kinds that it has. */
  List<String> kindsOf(Fields trigger) {
    return kinds.keySet().stream().filter(kind -> trigger.map().get(kind) != null).toList();
  }

  void read(String kind, Fields trigger) {
    EventTrigger event = kinds.get(kind).read(trigger);
    if (event != null) {
      found.add(event);
    }
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
      if (fields == null) {
        continue;
      }
      List<String> own = kindsOf(fields);
      if (own.size() == 1) {
        read(own.getFirst(), fields);
      } else {
        fields.problem("needs one of " + String.join(", ", kinds.keySet()));
      }
    }
  }
}
