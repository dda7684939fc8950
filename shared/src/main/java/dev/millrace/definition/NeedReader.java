package dev.millrace.definition;

import dev.millrace.model.Need;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads what something waits for: the {@code needs} of one stage, or the jobs that a job waits for.
 * Confined to one thread.
 */
final class NeedReader {
  /** So that the canonical text stays within the depth that JSON may have. */
  static final int NESTING_MAX = 8;

  private static final List<String> IS =
      List.of("completed", "failed", "skipped", "cancelled", "ended");

  private static final List<String> IS_OF_JOBS =
      List.of("completed", "failed", "cancelled", "ended");

  private static final Pattern JOB =
      Pattern.compile("([a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}/)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");

  private final Problems problems;
  private final boolean jobs;

  /** What the ids of this level begin with: empty, or the group and a dot. */
  private final String prefix;

  private final List<Leaf> leaves = new ArrayList<>();

  /** One edge of the graph: the whole id, and what was written where. */
  record Leaf(String id, String written, Doc at, String path) {}

  /** For the stages of one level. */
  NeedReader(Problems problems, String prefix) {
    this(problems, prefix, false);
  }

  private NeedReader(Problems problems, String prefix, boolean jobs) {
    this.problems = problems;
    this.prefix = prefix;
    this.jobs = jobs;
  }

  /** For jobs: {@code job}, or {@code namespace/job} for one of another namespace. */
  static NeedReader ofJobs(Problems problems) {
    return new NeedReader(problems, "", true);
  }

  private String noun() {
    return jobs ? "job" : "stage";
  }

  /** The edges of what was read, in the order of the text. */
  List<Leaf> leaves() {
    return leaves;
  }

  Need read(Fields stage) {
    return read(stage.take("needs"), stage.path("needs"));
  }

  /** A list, or a map of all, any and not; {@link Need#none} for nothing. */
  Need read(Doc value, String path) {
    Need need =
        switch (value) {
          case null -> Need.none();
          case Doc.Sequence list -> new Need.All(elements(list, path, 1));
          case Doc.Mapping map -> map(map, path, 1);
          case Doc.Scalar text -> {
            String what = "must be a list of " + noun() + "s, or a map of all, any and not";
            problems.add(text, path, what);
            yield Need.none();
          }
        };
    return need == null ? Need.none() : need;
  }

  /** What a map with other keys beside all, any and not says of them; those are not judged. */
  Need beside(Fields fields) {
    return together(part(fields, "all", 1), part(fields, "any", 1), part(fields, "not", 1));
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
        problems.add(
            list, path, "must be a " + noun() + " or a map, not a list; write {all: [...]}");
        yield null;
      }
    };
  }

  private Need leaf(Doc at, Doc.Scalar id, String path, Need.Is is) {
    if (!id.textual()) {
      problems.add(at, path, "must be the id of a " + noun() + ", not " + id.kindName());
      return null;
    }
    if (jobs && !JOB.matcher(id.text()).matches()) {
      problems.add(at, path, "'" + id.text() + "' is no job: write its id, or namespace/id");
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
    if (map.get(noun()) != null || map.get("is") != null) {
      return leaf(fields);
    }
    List<Need> all = part(fields, "all", depth);
    List<Need> any = part(fields, "any", depth);
    List<Need> not = part(fields, "not", depth);
    fields.finish(Set.of());
    if (map.entries().isEmpty()) {
      fields.problem("is empty; write all, any, not, or {" + noun() + ", is}");
    }
    return together(all, any, not);
  }

  /** The keys of one map hold together. */
  private static Need together(List<Need> all, List<Need> any, List<Need> not) {
    List<Need> parts = new ArrayList<>();
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
      fields.problem(
          value, key, "is empty and can never be true; name a " + noun() + " or remove it");
    }
    return elements(list, fields.path(key), depth);
  }

  private Need leaf(Fields fields) {
    Doc id =
        jobs
            ? fields.takeRequired("job", "; which one?")
            : fields.takeRequired("stage", "; which one?");
    String is = fields.oneOf("is", jobs ? IS_OF_JOBS : IS);
    fields.finish(Set.of());
    Need.Is wanted = is == null ? Need.Is.COMPLETED : Need.Is.valueOf(is.toUpperCase(Locale.ROOT));
    if (id == null) {
      return null;
    }
    if (id instanceof Doc.Scalar scalar) {
      return leaf(id, scalar, fields.path(noun()), wanted);
    }
    fields.problem(id, noun(), "must be the id of a " + noun() + ", not " + id.kindName());
    return null;
  }
}
