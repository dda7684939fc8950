package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.Need;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.Phase;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads {@code stages}, {@code on-failure} and {@code finally}, and makes one flat list of them: a
 * group stands before what is in it, compensations after all stages that they undo. Confined to one
 * thread.
 */
final class StageReader {
  /** So that the canonical text stays within the depth that JSON may have. */
  static final int GROUPS_MAX = 8;

  /** What the id of a compensation ends in. */
  static final String COMPENSATE = ".compensate";

  private static final int ID_CHARS_MAX = 128;
  private static final Duration TIMEOUT_MIN = Duration.ofMillis(1);
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "uses",
          "concurrency",
          "network",
          "limits",
          "deadline",
          "on-failure",
          "finally",
          "notify",
          "priority",
          "success",
          "outputs",
          "archive",
          "labels",
          "description");

  private final Problems problems;
  private final Fields job;
  private final RetryPolicy jobRetry;
  private final List<ParamDefinition> params;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Node> compensations = new ArrayList<>();
  private boolean goodGraph;

  /**
   * The stages that may need each other.
   *
   * @param group the whole id of the group that they stand in, or null
   * @param each true when one of the groups around them is executed once for each item
   */
  record Level(Phase phase, String group, boolean each, int depth) {
    String prefix() {
      return group == null ? "" : group + ".";
    }
  }

  /**
   * A stage with the places of what was written, for the checks over the whole graph.
   *
   * @param written the id as written, without its groups
   */
  record Node(
      StageDefinition stage,
      String written,
      Level level,
      List<NeedReader.Leaf> needs,
      Expressions expressions,
      Doc at,
      String path) {
    String id() {
      return stage.id();
    }
  }

  StageReader(Problems problems, Fields job, RetryPolicy jobRetry, List<ParamDefinition> params) {
    this.problems = problems;
    this.job = job;
    this.jobRetry = jobRetry;
    this.params = params;
  }

  /** All stages, compensations included, each in its phase. */
  List<Node> read() {
    if (job.takeRequired("stages", "; a job has at least one stage") != null) {
      if (job.map().get("stages") instanceof Doc.Sequence list && list.items().isEmpty()) {
        job.problem(
            job.map().get("stages"),
            "stages",
            "has 0 stages; possible are 1 to " + JobDefinition.STAGES_MAX);
      }
      level(job, "stages", new Level(Phase.MAIN, null, false, 0));
    }
    nodes.addAll(compensations);
    level(job, "on-failure", new Level(Phase.ON_FAILURE, null, false, 0));
    level(job, "finally", new Level(Phase.FINALLY, null, false, 0));
    if (nodes.size() > JobDefinition.STAGES_MAX) {
      job.problem(
          job.map().get("stages"),
          "stages",
          "has "
              + nodes.size()
              + " stages, those in groups, compensations, `on-failure` and `finally` included;"
              + " possible are 1 to "
              + JobDefinition.STAGES_MAX);
      return nodes;
    }
    int before = problems.count();
    Graph.check(problems, nodes);
    goodGraph = problems.count() == before;
    return nodes;
  }

  /** False when nobody can say which stages come before which. */
  boolean hasGoodGraph() {
    return goodGraph;
  }

  private void level(Fields owner, String key, Level level) {
    List<Doc> items = owner.list(key);
    if (items == null) {
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      Fields fields = Fields.of(problems, items.get(i), owner.path(key) + "[" + i + "]");
      if (fields != null) {
        one(fields, level);
      }
    }
  }

  private void one(Fields fields, Level level) {
    String written = fields.requiredId("id");
    String id = wholeId(fields, level, written);
    String handler = LedReader.handler(fields);
    LedReader.refuseUnknownWait(fields, handler);
    Expressions expressions = new Expressions(level.each());
    NeedReader needs = new NeedReader(problems, level.prefix());
    Need need = needs.read(fields);
    StageRules rules = new StageRulesReader(problems, fields, expressions, level).read();
    StageDefinition stage = work(fields, handler, id, need, rules, expressions);
    Doc at = fields.map().get("id");
    if (id != null) {
      nodes.add(
          new Node(stage, written, level, needs.leaves(), expressions, at, fields.path("id")));
    }
    compensate(fields, level, id);
    group(fields, level, stage);
    if (LedReader.isLed(handler)) {
      LedReader.refuseKeys(fields, handler);
    }
    fields.finish(UNSUPPORTED);
  }

  private String wholeId(Fields fields, Level level, String written) {
    if (written == null) {
      return null;
    }
    String id = level.prefix() + written;
    if (id.length() > ID_CHARS_MAX) {
      fields.problem(
          fields.map().get("id"),
          "id",
          "is with its groups '" + id + "', longer than " + ID_CHARS_MAX);
      return null;
    }
    return id;
  }

  /** The part that a compensation has too. */
  private StageDefinition work(
      Fields fields,
      String handler,
      String id,
      Need need,
      StageRules rules,
      Expressions expressions) {
    String pool = fields.id("pool");
    String with = input(fields, handler, expressions);
    RetryPolicy own = RetryReader.read(fields, "retry", expressions);
    Duration timeout = fields.duration("timeout", TIMEOUT_MIN);
    Duration queueTimeout =
        rules.phase() == Phase.COMPENSATE ? null : fields.duration("queue-timeout", TIMEOUT_MIN);
    boolean worker = !LedReader.isLed(handler);
    boolean repeats = worker || StageDefinition.SUB_JOB.equals(handler);
    RetryPolicy inherited = repeats ? jobRetry : RetryPolicy.NONE;
    String usual = worker ? JobDefinition.DEFAULT_POOL : StageDefinition.NO_POOL;
    return new StageDefinition(
        id,
        handler,
        pool == null ? usual : pool,
        with,
        need,
        own == null ? inherited : own,
        timeout,
        queueTimeout,
        rules);
  }

  /** What it is started with; of a group, what it gives the stages in it. */
  private String input(Fields fields, String handler, Expressions expressions) {
    String with = WithReader.read(fields, handler, expressions);
    if (!StageDefinition.GROUP.equals(handler)) {
      return with;
    }
    String given = new GivenReader(params, expressions).read(fields);
    return given.equals("{}") ? given : "{\"params\":" + given + "}";
  }

  private void group(Fields fields, Level level, StageDefinition group) {
    boolean isGroup = StageDefinition.GROUP.equals(group.handler());
    Doc written = fields.take("stages");
    Doc params = fields.take("params");
    if (!isGroup && params != null) {
      fields.problem(
          params,
          "params",
          "is possible for `run: group` only; a stage is given its input by `with`");
    }
    if (!isGroup) {
      if (written != null) {
        fields.problem(written, "stages", "is possible for `run: group` only");
      }
      return;
    }
    if (written == null) {
      fields.problem("is a group without `stages`");
    } else if (written instanceof Doc.Sequence list && list.items().isEmpty()) {
      fields.problem(written, "stages", "is empty; a group has at least one stage");
    } else if (level.depth() == GROUPS_MAX) {
      fields.problem(written, "stages", "groups are nested more than " + GROUPS_MAX + " deep");
    } else {
      boolean each = level.each() || group.rules().forEach() != null;
      level(fields, "stages", new Level(level.phase(), group.id(), each, level.depth() + 1));
    }
  }

  private void compensate(Fields stage, Level level, String id) {
    Fields fields = stage.fields("compensate");
    if (fields == null) {
      return;
    }
    Doc at = stage.map().get("compensate");
    if (level.phase() != Phase.MAIN) {
      stage.problem(at, "compensate", "is possible for stages in `stages` only");
    } else if (level.each()) {
      stage.problem(
          at,
          "compensate",
          "is not possible inside a group with `for-each`; write it at the group");
    }
    String handler = fields.requiredId("run");
    if (LedReader.isWait(handler) || StageDefinition.GROUP.equals(handler)) {
      fields.problem(fields.map().get("run"), "run", "a compensation cannot be a " + handler);
    }
    Expressions expressions = new Expressions(false);
    StageRules rules = compensates(id);
    String own = id == null ? null : id + COMPENSATE;
    if (own != null && own.length() > ID_CHARS_MAX) {
      stage.problem(at, "compensate", "its id '" + own + "' is longer than " + ID_CHARS_MAX);
    }
    StageDefinition compensation = work(fields, handler, own, Need.none(), rules, expressions);
    fields.finish(Set.of());
    if (id != null) {
      Level last = new Level(Phase.COMPENSATE, null, false, 0);
      compensations.add(
          new Node(compensation, own, last, List.of(), expressions, at, stage.path("compensate")));
    }
  }

  static StageRules compensates(String id) {
    StageRules none = StageRules.NONE;
    return new StageRules(
        Phase.COMPENSATE,
        null,
        id,
        null,
        null,
        none.maxParallel(),
        Tolerance.NONE,
        null,
        null,
        List.of(),
        null,
        null,
        null);
  }
}
