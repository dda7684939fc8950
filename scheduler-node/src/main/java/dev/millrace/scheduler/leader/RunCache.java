package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.engine.Run;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs in progress, as this leader last committed them: it is the only writer while its term lasts,
 * so what it wrote is what is there. Bounded by stages; cleared when a transaction fails, because
 * then nobody knows. The leader's thread.
 */
final class RunCache {
  private static final int STAGES_MAX = 400_000;

  private final LinkedHashMap<Long, Run> runs = new LinkedHashMap<>(1024, 0.75f, true);
  private int stages;

  Run get(long id) {
    return runs.get(id);
  }

  void put(Run run) {
    Run old = runs.put(run.id(), run);
    stages += run.stages().length - (old == null ? 0 : old.stages().length);
    var eldest = runs.entrySet().iterator();
    while (stages > STAGES_MAX && eldest.hasNext()) {
      Map.Entry<Long, Run> entry = eldest.next();
      stages -= entry.getValue().stages().length;
      eldest.remove();
    }
  }

  void remove(long id) {
    Run old = runs.remove(id);
    if (old != null) {
      stages -= old.stages().length;
    }
  }

  void clear() {
    runs.clear();
    stages = 0;
  }
}
