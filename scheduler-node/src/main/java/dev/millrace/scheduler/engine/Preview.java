package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.Expression;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Template;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What the stages of a run would do if it was created now, as far as that can be known before any
 * of them has ended. Pure; one for each run, one thread.
 */
public final class Preview {
  private static final String ITEM = "item";

  private final Plan plan;
  private final Draft draft;

  /** Whether a stage is executed. */
  public enum Executes {
    YES,
    NO,
    /** What decides it is not known yet. */
    DEPENDS
  }

  /**
   * An expression.
   *
   * @param value null while it is not known
   * @param reads stages, and {@code item}, that it has to wait for
   * @param problem why it has no value although everything is there, or null
   */
  public record Known(String source, JsonNode value, Set<String> reads, String problem) {}

  /**
   * A stage.
   *
   * @param condition or null
   * @param forEach or null
   * @param problem what is wrong with its input already now, or null
   */
  public record Look(
      int index, Executes executes, Known condition, Known forEach, String problem) {}

  /**
   * @param run with its params, not created yet
   * @param now microseconds since 1970
   */
  public Preview(Run run, long now) {
    this.plan = run.plan();
    this.draft = Engine.create(run, "command", now);
  }

  /** In the order of the graph, then by id. */
  public List<Look> stages() {
    List<Look> looks = new ArrayList<>();
    Look[] byIndex = new Look[plan.size()];
    for (int index : order()) {
      byIndex[index] = look(index, byIndex);
      looks.add(byIndex[index]);
    }
    return looks;
  }

  private Look look(int index, Look[] before) {
    Code code = plan.code(index);
    Known condition = null;
    Known forEach = null;
    String problem = null;
    if (code != null) {
      condition = known(index, code.condition());
      forEach = known(index, code.forEach());
      problem = code.with() == null ? null : input(index, code.with());
    }
    return new Look(index, executes(index, condition, before), condition, forEach, problem);
  }

  private Known known(int index, Expression expression) {
    if (expression == null) {
      return null;
    }
    Set<String> reads = missing(index, expression.stages(), expression.usesItem());
    if (!reads.isEmpty()) {
      return new Known(expression.source(), null, reads, null);
    }
    try {
      return new Known(expression.source(), evaluated(index, expression::evaluate), Set.of(), null);
    } catch (ExpressionException wrong) {
      return new Known(expression.source(), null, Set.of(), wrong.getMessage());
    }
  }

  /** Why its input cannot be made, as far as that is known. */
  private String input(int index, Template with) {
    boolean group = Led.isGroup(plan, index);
    if (!missing(index, with.stages(), with.usesItem()).isEmpty()) {
      return null;
    }
    try {
      if (group) {
        Values.checkGroup(draft, index);
      } else {
        evaluated(index, with::render);
      }
      return null;
    } catch (ExpressionException wrong) {
      return (group ? "" : "with: ") + wrong.getMessage();
    }
  }

  private JsonNode evaluated(int index, Function<Bindings, JsonNode> expression) {
    return expression.apply(Values.of(draft, index));
  }

  /** What has to be there first, for the expression itself and for what its groups give it. */
  private Set<String> missing(int index, Set<String> stages, boolean item) {
    Set<String> missing = new TreeSet<>();
    add(missing, stages, plan.code(index).names(), item);
    for (ParamCode.OfGroup group : plan.params().around(plan.stage(index).id())) {
      add(missing, group.template().stages(), group.names(), group.template().usesItem());
    }
    return missing;
  }

  private static void add(
      Set<String> missing, Set<String> stages, Map<String, String> names, boolean item) {
    stages.forEach(name -> missing.add(names.getOrDefault(name, name)));
    if (item) {
      missing.add(ITEM);
    }
  }

  private Executes executes(int index, Known condition, Look[] before) {
    Executes own = Executes.YES;
    if (condition != null) {
      own =
          condition.value() == null
              ? Executes.DEPENDS
              : condition.value().asBoolean() ? Executes.YES : Executes.NO;
    }
    int group = plan.group(index);
    Executes around = group < 0 ? Executes.YES : before[group].executes();
    if (own == Executes.NO || around == Executes.NO) {
      return Executes.NO;
    }
    Phase phase = plan.phase(index);
    boolean always = phase == Phase.MAIN || phase == Phase.FINALLY;
    boolean sure = own == Executes.YES && around == Executes.YES && always;
    return sure && onlyCompletions(plan.stage(index).needs()) ? Executes.YES : Executes.DEPENDS;
  }

  /** True when it waits for stages to complete and for nothing else. */
  private static boolean onlyCompletions(Need need) {
    return switch (need) {
      case Need.All all -> all.of().stream().allMatch(Preview::onlyCompletions);
      case Need.Any any -> any.of().stream().anyMatch(Preview::onlyCompletions);
      case Need.Not not -> not.of().isEmpty();
      case Need.Stage stage -> stage.is() == Need.Is.COMPLETED || stage.is() == Need.Is.ENDED;
    };
  }

  private List<Integer> order() {
    List<List<Integer>> followers = new ArrayList<>();
    int[] open = new int[plan.size()];
    for (int i = 0; i < plan.size(); i++) {
      followers.add(new ArrayList<>());
    }
    for (int i = 0; i < plan.size(); i++) {
      for (int need : plan.inputsOf(i)) {
        follow(followers, open, need, i);
      }
      if (plan.group(i) >= 0) {
        followers.get(plan.group(i)).add(i);
        open[i]++;
      }
    }
    PriorityQueue<Integer> ready =
        new PriorityQueue<>(
            Comparator.comparing((Integer i) -> plan.phase(i))
                .thenComparing(i -> plan.stage(i).id()));
    for (int i = 0; i < open.length; i++) {
      if (open[i] == 0) {
        ready.add(i);
      }
    }
    List<Integer> order = new ArrayList<>();
    while (!ready.isEmpty()) {
      int next = ready.poll();
      order.add(next);
      for (int follower : followers.get(next)) {
        if (--open[follower] == 0) {
          ready.add(follower);
        }
      }
    }
    return order;
  }

  /** After a stage, and after all that is in it. */
  private void follow(List<List<Integer>> followers, int[] open, int first, int then) {
    followers.get(first).add(then);
    open[then]++;
    if (plan.stage(first).handler().equals(StageDefinition.GROUP)) {
      for (int member : plan.members(first)) {
        follow(followers, open, member, then);
      }
    }
  }
}
