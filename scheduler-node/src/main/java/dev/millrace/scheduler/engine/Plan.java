package dev.millrace.scheduler.engine;

import dev.millrace.definition.StageSecrets;
import dev.millrace.definition.Upstream;
import dev.millrace.expression.Expression;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRules;
import dev.millrace.model.Need;
import dev.millrace.model.Overlap;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * One version of a job, compiled once: stages by index, what they need and who needs them, groups,
 * phases and expressions. A part of it is the plan of the runs that a fan-out makes, one for each
 * item. Immutable; any thread.
 */
public final class Plan {
  /** The part of a run of the job itself. */
  public static final int WHOLE = -1;

  private static final int NONE = -1;

  private final long job;
  private final int version;
  private final int part;
  private final JobDefinition definition;
  private final StageDefinition[] stages;
  private final Map<String, Integer> indexById = new HashMap<>();
  private final Condition[] needs;
  private final int[][] needed;
  private final int[][] dependents;
  private final int[] group;
  private final int[][] members;
  private final int[] undoes;
  private final int[] undoneBy;
  private final Code[] code;
  private final StageSecrets[] secrets;
  private final List<String> secretParams;
  private final boolean phased;
  private final boolean readsOuter;
  private final boolean timed;
  private final boolean limited;
  private final boolean led;
  private final Expression key;
  private final ParamCode params;
  private final Blackouts blackouts;

  /**
   * @param job the job's key in Postgres
   * @throws IllegalArgumentException when a stage needs an unknown one or an expression is wrong;
   *     the definition reader lets no such job in
   */
  public Plan(long job, int version, JobDefinition definition) {
    this(
        job,
        version,
        WHOLE,
        definition,
        definition.stages().toArray(StageDefinition[]::new),
        ParamCode.of(definition));
  }

  private Plan(
      long job,
      int version,
      int part,
      JobDefinition definition,
      StageDefinition[] stages,
      ParamCode params) {
    this.job = job;
    this.version = version;
    this.part = part;
    this.definition = definition;
    this.stages = stages;
    this.params = params;
    this.blackouts = Blackouts.of(part == WHOLE ? definition.rules().window() : null);
    for (int i = 0; i < stages.length; i++) {
      indexById.put(stages[i].id(), i);
    }
    this.needs = new Condition[stages.length];
    this.needed = new int[stages.length][];
    this.group = new int[stages.length];
    this.undoes = new int[stages.length];
    this.undoneBy = new int[stages.length];
    Arrays.fill(undoneBy, NONE);
    this.code = new Code[stages.length];
    this.secrets = new StageSecrets[stages.length];
    this.secretParams =
        definition.params().stream()
            .filter(ParamDefinition::secret)
            .map(ParamDefinition::name)
            .toList();
    boolean anyPhase = false;
    Upstream upstream = null;
    for (int i = 0; i < stages.length; i++) {
      StageDefinition stage = stages[i];
      Need need = stage.needs();
      needed[i] = need.stages().stream().mapToInt(this::require).toArray();
      needs[i] = needed[i].length == 0 ? null : Condition.of(need, this::require);
      group[i] = stage.rules().group() == null ? NONE : require(stage.rules().group());
      undoes[i] = stage.rules().compensates() == null ? NONE : require(stage.rules().compensates());
      if (undoes[i] >= 0) {
        undoneBy[undoes[i]] = i;
      }
      if (Code.has(stage)) {
        upstream = upstream == null ? new Upstream(definition.stages()) : upstream;
        code[i] = Code.of(definition, stage, upstream.names(original(stage.id())));
      }
      secrets[i] = stage.ledByLeader() ? null : StageSecrets.of(stage.handler(), stage.withJson());
      anyPhase |= stage.rules().phase() != Phase.MAIN;
    }
    this.phased = anyPhase;
    this.dependents = inverse(needed);
    this.members = inverse(Arrays.stream(group).mapToObj(g -> g < 0 ? new int[0] : new int[] {g}));
    this.readsOuter = readsOuter();
    JobRules rules = definition.rules();
    boolean whole = part == WHOLE;
    this.timed =
        whole
            && (rules.timeout() != null
                || rules.deadline() != null
                || rules.window() != null
                || (rules.limits() != null && rules.limits().runTime() != null));
    this.limited = limited(rules, whole);
    this.led = Arrays.stream(stages).anyMatch(StageDefinition::ledByLeader);
    boolean keyed = whole && rules.concurrency() != null && rules.concurrency().key() != null;
    this.key =
        keyed
            ? Expression.compile(
                rules.concurrency().key(), Code.scope(definition, Set.of()), Expression.Kind.TEXT)
            : null;
  }

  private boolean limited(JobRules rules, boolean whole) {
    boolean run =
        whole
            && (rules.overlap().kind() != Overlap.Kind.ALLOW
                || rules.concurrency() != null
                || !rules.locks().isEmpty());
    return run
        || Arrays.stream(stages)
            .anyMatch(stage -> !stage.rules().locks().isEmpty() || stage.rules().rate() != null);
  }

  private static int[][] inverse(java.util.stream.Stream<int[]> lists) {
    return inverse(lists.toArray(int[][]::new));
  }

  private static int[][] inverse(int[][] lists) {
    List<List<Integer>> found = new ArrayList<>();
    for (int i = 0; i < lists.length; i++) {
      found.add(new ArrayList<>(0));
    }
    for (int i = 0; i < lists.length; i++) {
      for (int other : lists[i]) {
        found.get(other).add(i);
      }
    }
    return found.stream()
        .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
        .toArray(int[][]::new);
  }

  private boolean readsOuter() {
    TreeSet<String> read = new TreeSet<>();
    for (Code each : code) {
      if (each != null) {
        read.addAll(each.stages());
      }
    }
    return part != WHOLE && !indexById.keySet().containsAll(read);
  }

  /** Where the input of a stage refers to secrets, or null. */
  public StageSecrets secrets(int index) {
    return secrets[index];
  }

  /** Names of the params that are not shown. */
  public List<String> secretParams() {
    return secretParams;
  }

  /** As the job has it: in a part, its needs and its group are not there. */
  private StageDefinition original(String id) {
    return definition.stages().stream()
        .filter(stage -> stage.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private int require(String id) {
    Integer index = indexById.get(id);
    if (index == null) {
      throw new IllegalArgumentException("stage '" + id + "' is needed and does not exist");
    }
    return index;
  }

  /**
   * The plan of one item of a fan-out.
   *
   * @param index of the stage, in the whole plan, that is executed for each item
   */
  public Plan part(int index) {
    StageDefinition fan = stages[index];
    if (!fan.handler().equals(StageDefinition.GROUP)) {
      StageDefinition[] only = {Parts.single(fan)};
      return new Plan(job, version, index, definition, only, params);
    }
    List<StageDefinition> inside = new ArrayList<>();
    addMembers(index, inside);
    StageDefinition[] all =
        inside.stream()
            .map(stage -> Parts.without(stage, fan.id()))
            .toArray(StageDefinition[]::new);
    return new Plan(job, version, index, definition, all, params);
  }

  private void addMembers(int index, List<StageDefinition> into) {
    for (int member : members[index]) {
      into.add(stages[member]);
      addMembers(member, into);
    }
  }

  public long job() {
    return job;
  }

  public int version() {
    return version;
  }

  /** {@link #WHOLE}, or the index of the stage whose items it is for. */
  public int part() {
    return part;
  }

  public JobDefinition definition() {
    return definition;
  }

  public int size() {
    return stages.length;
  }

  public StageDefinition stage(int index) {
    return stages[index];
  }

  /** The index of a stage, or -1 when this version has none of that name. */
  public int indexOf(String id) {
    return indexById.getOrDefault(id, NONE);
  }

  /** True when its expressions read stages of the run that its item belongs to. */
  public boolean outer() {
    return readsOuter;
  }

  /** True when some of its stages are executed by the leader itself. */
  public boolean led() {
    return led;
  }

  /** True when no other stage needs this one, and it stands in no group. */
  public boolean isLast(int index) {
    return dependents[index].length == 0 && group[index] == NONE;
  }

  /** The expressions in its params. */
  ParamCode params() {
    return params;
  }

  /** When nothing new starts in its runs. */
  public Blackouts blackouts() {
    return blackouts;
  }

  /** The expression of its concurrency key, or null. */
  Expression key() {
    return key;
  }

  /** True when its runs have timers of their own. */
  boolean timed() {
    return timed;
  }

  /** True when its runs or their stages take seats: overlap, concurrency, locks, rates. */
  public boolean limited() {
    return limited;
  }

  /** Null when it needs nothing. */
  Condition needs(int index) {
    return needs[index];
  }

  /** Indexes of the stages whose outputs a stage is given. The caller must not change the array. */
  public int[] inputsOf(int index) {
    return needed[index];
  }

  int[] dependents(int index) {
    return dependents[index];
  }

  /** The group that a stage stands in, or -1. */
  int group(int index) {
    return group[index];
  }

  int[] members(int index) {
    return members[index];
  }

  /** True for what is executed in the runs of items only: it stands in a group with for-each. */
  boolean isForItems(int index) {
    for (int at = group[index]; at >= 0; at = group[at]) {
      if (stages[at].rules().forEach() != null) {
        return true;
      }
    }
    return false;
  }

  /** The stage that undoes this one, or -1. */
  int undoneBy(int index) {
    return undoneBy[index];
  }

  /** The stage that this one compensates, or -1. */
  int undoes(int index) {
    return undoes[index];
  }

  /** Its expressions, or null when it has none. */
  Code code(int index) {
    return code[index];
  }

  Phase phase(int index) {
    return stages[index].rules().phase();
  }

  /** True when a stage stands in another phase than the main one. */
  boolean phased() {
    return phased;
  }
}
