package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which pattern a job says that it uses: {@code uses: name}, for the newest version at the time
 * when the job is loaded, or {@code uses: name@version}. Immutable.
 *
 * @param namespace of the job, or null when it names none
 * @param version null for the newest
 * @param at where the job says so
 */
record PatternUse(String namespace, String name, Integer version, Doc at) {
  private static final Pattern USES =
      Pattern.compile("([a-zA-Z0-9][a-zA-Z0-9_.-]{0,127})(?:@([1-9][0-9]{0,8}))?");

  /** What the pattern says; a job that says it too would say it twice. */
  private static final Set<String> OF_THE_PATTERN =
      Set.of("pattern", "params", "stages", "on-failure", "finally");

  /**
   * A pattern that is there.
   *
   * @param namespace in which it was found
   */
  record Resolved(String namespace, PatternSource.Found found) {}

  /** Null when it cannot be said; the problems tell why. */
  static PatternUse read(Problems problems, Doc.Mapping job) {
    Fields fields = new Fields(problems, job, "");
    fields.requiredId("id");
    String namespace = fields.id("namespace");
    String uses = fields.requiredText("uses");
    if (job.get("with") != null) {
      fields.fields("with");
    }
    for (Doc.Entry entry : job.entries()) {
      if (OF_THE_PATTERN.contains(entry.key())) {
        problems.add(
            entry.line(),
            entry.column(),
            entry.key(),
            "is what the pattern says; a job that uses one gives its parameters in `with`");
      }
    }
    if (uses == null) {
      return null;
    }
    Matcher parts = USES.matcher(uses);
    if (!parts.matches()) {
      problems.add(
          job.get("uses"),
          "uses",
          "'" + uses + "' is not the name of a pattern, such as nightly-copy or nightly-copy@2");
      return null;
    }
    Integer version = parts.group(2) == null ? null : Integer.valueOf(parts.group(2));
    return new PatternUse(namespace, parts.group(1), version, job.get("uses"));
  }

  /**
   * Looks in the job's own namespace, then in {@code default}.
   *
   * @param standard the job's namespace when it names none
   */
  Resolved resolve(Problems problems, PatternSource patterns, String standard) {
    if (patterns == PatternSource.NONE) {
      problems.add(
          at,
          "uses",
          "what the pattern '"
              + name
              + "' says is known to the server only; `millrace plan` asks it");
      return null;
    }
    Set<String> places = new LinkedHashSet<>();
    places.add(namespace == null ? standard : namespace);
    places.add(JobDefinition.DEFAULT_NAMESPACE);
    for (String place : places) {
      try {
        Optional<PatternSource.Found> found = patterns.find(place, name, version);
        if (found.isPresent()) {
          return checked(problems, new Resolved(place, found.get()));
        }
      } catch (IllegalArgumentException unusable) {
        problems.add(at, "uses", unusable.getMessage());
        return null;
      }
    }
    problems.add(
        at,
        "uses",
        "there is no pattern '"
            + name
            + "' in the namespace "
            + String.join(" or ", places)
            + "; `millrace pattern list` shows what there is");
    return null;
  }

  private Resolved checked(Problems problems, Resolved found) {
    if (found.found.pattern() != null) {
      return found;
    }
    problems.add(
        at,
        "uses",
        "the pattern '"
            + name
            + "' has no version "
            + version
            + "; its newest is "
            + found.found.version());
    return null;
  }
}
