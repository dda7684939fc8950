package dev.millrace.scheduler.leader;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.Jobs;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Jobs and their compiled versions, read when first needed. The leader is the only writer of jobs,
 * so what it knows stays true for its term. The leader's thread.
 */
final class Catalog {
  private static final int PLANS_MAX = 10_000;

  private record Name(String namespace, String name) {}

  private record Version(long job, int version, int part) {}

  private final Map<Name, Jobs.Row> byName = new HashMap<>();
  private final Map<Long, Jobs.Row> byId = new HashMap<>();
  private final LinkedHashMap<Version, Plan> plans =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Version, Plan> eldest) {
          return size() > PLANS_MAX;
        }
      };

  /** The job of that name, or null; archived jobs have no name any more. */
  Jobs.Row find(Handle tx, String namespace, String name) {
    Name key = new Name(namespace, name);
    Jobs.Row row = byName.get(key);
    if (row == null) {
      row = Jobs.find(tx, namespace, name).orElse(null);
      if (row != null) {
        put(row);
      }
    }
    return row;
  }

  /** The job with that key, archived or not. */
  Jobs.Row find(Handle tx, long id) {
    Jobs.Row row = byId.get(id);
    if (row == null) {
      row =
          Jobs.find(tx, id)
              .orElseThrow(() -> new IllegalStateException("job " + id + " is missing"));
      byId.put(id, row);
    }
    return row;
  }

  Plan plan(Handle tx, long job, int version) {
    return plan(tx, job, version, Plan.WHOLE);
  }

  /** The plan of a version, or of one item of one of its stages. */
  Plan plan(Handle tx, long job, int version, int part) {
    Version key = new Version(job, version, part);
    Plan known = plans.get(key);
    if (known == null) {
      known =
          part == Plan.WHOLE
              ? new Plan(job, version, DefinitionJson.fromJson(Jobs.definition(tx, job, version)))
              : plan(tx, job, version, Plan.WHOLE).part(part);
      plans.put(key, known);
    }
    return known;
  }

  /** True when some job is paused. */
  boolean anyPaused(Handle tx) {
    return Jobs.anyPaused(tx);
  }

  void put(Jobs.Row row) {
    byName.put(new Name(row.namespace(), row.name()), row);
    byId.put(row.id(), row);
  }

  /** The job lost its name. */
  void archived(Jobs.Row row) {
    byName.remove(new Name(row.namespace(), row.name()));
    byId.put(row.id(), row);
  }

  void clear() {
    byName.clear();
    byId.clear();
    plans.clear();
  }
}
