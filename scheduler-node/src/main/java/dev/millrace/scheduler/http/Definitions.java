package dev.millrace.scheduler.http;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.model.JobDefinition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Definitions as they were stored, parsed once: a version never changes. Bounded; any thread. */
final class Definitions {
  private static final int KEPT_MAX = 500;

  private static final Map<String, JobDefinition> KNOWN =
      Collections.synchronizedMap(
          new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, JobDefinition> eldest) {
              return size() > KEPT_MAX;
            }
          });

  private Definitions() {}

  /** Null for null. */
  static JobDefinition of(String json) {
    if (json == null) {
      return null;
    }
    JobDefinition known = KNOWN.get(json);
    if (known == null) {
      known = DefinitionJson.fromJson(json);
      KNOWN.put(json, known);
    }
    return known;
  }
}
