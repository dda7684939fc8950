package dev.millrace.scheduler.definition;

import dev.millrace.definition.Hashes;
import dev.millrace.scheduler.store.JobBatches;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * What applying a set comes to, decided from what its files say and what is in force: the same
 * answer for a plan, which only shows it, and for the leader, which does it. Pure.
 */
public final class SetDecision {
  private SetDecision() {}

  /** What becomes of one job. */
  public enum Action {
    CREATE,
    UPDATE,
    UNCHANGED,
    /** The set owns it and no file says it any more: it is archived. */
    DELETE,
    /** The same without {@code prune}: it stays as it is. */
    ORPHAN,
    /** Somebody else owns it: the whole set is refused. */
    CONFLICT;

    /** True when applying changes something. */
    public boolean changes() {
      return this == CREATE || this == UPDATE || this == DELETE;
    }
  }

  /**
   * How to decide.
   *
   * @param source the set's
   * @param prune archive what the set owns and no file says
   * @param adopt take over what was made through the API
   */
  public record Rules(String source, boolean prune, boolean adopt) {}

  /**
   * What a file says, as far as it matters here.
   *
   * @param pattern the version of a pattern that it was made of, as text, or null
   */
  public record Want(JobBatches.Name name, String hash, String pattern) {}

  /**
   * A living job.
   *
   * @param pattern as in {@link Want}
   */
  public record Have(JobBatches.Known known, String pattern) {
    String owner() {
      return known.row().source();
    }
  }

  /**
   * One job of the decision.
   *
   * @param want null for one that no file says
   * @param have null for one that is not there
   * @param adopts true when the set becomes its owner
   * @param refusal why it is a conflict, else null
   */
  public record Step(Action action, Want want, Have have, boolean adopts, Owners.Refusal refusal) {
    public JobBatches.Name name() {
      return want == null ? have.known().name() : want.name();
    }
  }

  /**
   * Decides, in the order of the files; what no file says comes last, by name.
   *
   * @param have of the wanted names, those that living jobs have
   * @param owned the living jobs that the set owns, by name
   */
  public static List<Step> of(
      List<Want> wants, Map<JobBatches.Name, Have> have, Collection<Have> owned, Rules rules) {
    List<Step> steps = new ArrayList<>();
    Set<JobBatches.Name> wanted = new HashSet<>();
    for (Want want : wants) {
      wanted.add(want.name());
      steps.add(one(want, have.get(want.name()), rules));
    }
    for (Have own : owned) {
      if (!wanted.contains(own.known().name())) {
        Action action = rules.prune() ? Action.DELETE : Action.ORPHAN;
        steps.add(new Step(action, null, own, false, null));
      }
    }
    return steps;
  }

  private static Step one(Want want, Have have, Rules rules) {
    if (have == null) {
      return new Step(Action.CREATE, want, null, false, null);
    }
    boolean adopts = rules.adopt() && have.owner().equals(Owners.API);
    Owners.Refusal refusal =
        adopts
            ? null
            : Owners.refusal("job '" + want.name().name() + "'", have.owner(), rules.source());
    if (refusal != null) {
      return new Step(Action.CONFLICT, want, have, false, refusal);
    }
    // Whoever takes a job over says so with a version of his own, from which drift is counted.
    boolean same =
        !adopts
            && have.known().hash().equals(want.hash())
            && Objects.equals(have.pattern(), want.pattern());
    return new Step(same ? Action.UNCHANGED : Action.UPDATE, want, have, adopts, null);
  }

  /**
   * Names what a decision was based on: equal as long as the same is wanted under the same rules,
   * and none of these jobs was changed, made or archived by anybody.
   */
  public static String basis(
      List<Want> wants, Collection<Have> have, Collection<Have> owned, Rules rules) {
    TreeSet<String> lines = new TreeSet<>();
    lines.add("rules " + rules.source() + " " + rules.prune() + " " + rules.adopt());
    for (Want want : wants) {
      lines.add("want " + want.name().namespace() + "/" + want.name().name() + " " + want.hash());
    }
    for (Collection<Have> some : List.of(have, owned)) {
      for (Have one : some) {
        var row = one.known().row();
        lines.add(
            row.namespace()
                + "/"
                + row.name()
                + " "
                + row.id()
                + " "
                + row.version()
                + " "
                + row.source());
      }
    }
    return Hashes.sha256(String.join("\n", lines)).substring(0, 32);
  }
}
