package dev.millrace.definition;

import dev.millrace.model.LockUse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads {@code locks}, of a job or of a stage. Stateless. */
final class LockReader {
  static final int LOCKS_MAX = 32;
  static final int WEIGHT_MAX = 1_000_000;

  private LockReader() {}

  static List<LockUse> read(Problems problems, Fields owner) {
    List<LockUse> locks = new ArrayList<>();
    List<Doc> items = owner.list("locks");
    if (items == null) {
      return locks;
    }
    if (items.size() > LOCKS_MAX) {
      owner.problem(owner.map().get("locks"), "locks", "more than " + LOCKS_MAX);
      return locks;
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < items.size(); i++) {
      String path = owner.path("locks") + "[" + i + "]";
      LockUse lock = one(problems, owner, items.get(i), path);
      if (lock != null && !seen.add(lock.name())) {
        problems.add(items.get(i), path, "'" + lock.name() + "' is taken a second time");
      } else if (lock != null) {
        locks.add(lock);
      }
    }
    return locks;
  }

  private static LockUse one(Problems problems, Fields owner, Doc item, String path) {
    if (item instanceof Doc.Scalar) {
      String name = owner.text(item, path);
      return name == null || owner.checkId(item, path, name) == null
          ? null
          : new LockUse(name, 1, false);
    }
    Fields fields = Fields.of(problems, item, path);
    if (fields == null) {
      return null;
    }
    String name = fields.requiredId("name");
    Integer weight = fields.integer("weight", 1, WEIGHT_MAX);
    Boolean exclusive = fields.bool("exclusive");
    fields.finish(Set.of());
    boolean alone = Boolean.TRUE.equals(exclusive);
    if (alone && weight != null) {
      fields.problem(
          fields.map().get("weight"),
          "weight",
          "means nothing beside `exclusive`, which takes the whole lock; remove one of them");
    }
    return name == null ? null : new LockUse(name, weight == null ? 1 : weight, alone);
  }
}
