package dev.millrace.definition;

import dev.millrace.model.Need;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads the {@code needs} of one stage. Confined to one thread. */
final class NeedReader {
  /** So that the canonical text stays within the depth that JSON may have. */
  static final int NESTING_MAX = 8;

  private static final List<String> IS =
      List.of("completed", "failed", "skipped", "cancelled", "ended");

  private final Problems problems;

  /** What the ids of this level begin with: empty, or the group and a dot. */
  private final String prefix;

  private final List<Leaf> leaves = new ArrayList<>();

  /** One edge of the graph: the whole id, and what was written where. */
  record Leaf(String id, String written, Doc at, String path) {}

  NeedReader(Problems problems, String prefix) {
    this.problems = problems;
    this.prefix = prefix;
  }

  /** The edges of what was read, in the order of the text. */
  List<Leaf> leaves() {
    return leaves;
  }

  Need read(Fields stage) {
    Doc value = stage.take("needs");
    String path = stage.path("needs");
    Need need =
        switch (value) {
          case null -> Need.none();
          case Doc.Sequence list -> new Need.All(elements(list, path, 1));
          case Doc.Mapping map -> map(map, path, 1);
          case Doc.Scalar text -> {
            problems.add(text, path, "must be a list of stages, or a map of all, any and not");
            yield Need.none();
          }
        };
    return need == null ? Need.none() : need;
  }

  private List<Need> elements(Doc.Sequence list, String path, int depth) {
    List<Need> elements = new ArrayList<>();
    Set<Need> seen = new HashSet<>();
    for (int i = 0; i < list.items().size(); i++) {
      Doc item = list.items().get(i);
      String where = path + "[" + i + "]";
      Need element = element(item, where, depth + 1);
      if (element != null && !seen.add(element)) {
        problems.add(item, where, secondTime(element));
      } else if (element != null) {
        elements.add(element);
      }
    }
    return elements;
  }

  private String secondTime(Need element) {
    return element instanceof Need.Stage leaf
        ? "'" + leaf.id().substring(prefix.length()) + "' is needed a second time"
        : "says the same a second time";
  }

  private Need element(Doc item, String path, int depth) {
    return switch (item) {
      case Doc.Scalar scalar -> leaf(scalar, scalar, path, Need.Is.COMPLETED);
      case Doc.Mapping map -> map(map, path, depth);
      case Doc.Sequence list -> {
        problems.add(list, path, "must be a stage or a map, not a list; write {all: [...]}");
        yield null;
      }
    };
  }

  private Need leaf(Doc at, Doc.Scalar id, String path, Need.Is is) {
    if (!id.textual()) {
      problems.add(at, path, "must be the id of a stage, not " + id.kindName());
      return null;
    }
    leaves.add(new Leaf(prefix + id.text(), id.text(), at, path));
    return new Need.Stage(prefix + id.text(), is);
  }

  private Need map(Doc.Mapping map, String path, int depth) {
    Fields fields = new Fields(problems, map, path);
    if (depth > NESTING_MAX) {
      fields.problem("is nested more than " + NESTING_MAX + " deep");
      return null;
    }
    if (map.get("stage") != null || map.get("is") != null) {
      return stage(fields);
    }
    List<Need> parts = new ArrayList<>();
    List<Need> all = part(fields, "all", depth);
    List<Need> any = part(fields, "any", depth);
    List<Need> not = part(fields, "not", depth);
    fields.finish(Set.of());
    if (map.entries().isEmpty()) {
      fields.problem("is empty; write all, any, not, or {stage, is}");
    }
    if (all != null) {
      parts.addAll(all);
    }
    if (any != null) {
      parts.add(new Need.Any(any));
    }
    if (not != null) {
      parts.add(new Need.Not(not));
    }
    return all == null && parts.size() == 1 ? parts.get(0) : new Need.All(parts);
  }

  private List<Need> part(Fields fields, String key, int depth) {
    Doc value = fields.take(key);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Doc.Sequence list)) {
      fields.problem(value, key, "must be a list, not " + value.kindName());
      return null;
    }
    if (list.items().isEmpty() && key.equals("any")) {
      fields.problem(value, key, "is empty and can never be true; name a stage or remove it");
    }
    return elements(list, fields.path(key), depth);
  }

  private Need stage(Fields fields) {
    Doc id = fields.takeRequired("stage", "; which one?");
    String is = fields.oneOf("is", IS);
    fields.finish(Set.of());
    Need.Is wanted = is == null ? Need.Is.COMPLETED : Need.Is.valueOf(is.toUpperCase(Locale.ROOT));
    if (id == null) {
      return null;
    }
    if (id instanceof Doc.Scalar scalar) {
      return leaf(id, scalar, fields.path("stage"), wanted);
    }
    fields.problem(id, "stage", "must be the id of a stage, not " + id.kindName());
    return null;
  }
}
