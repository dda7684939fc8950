package dev.millrace.scheduler.event;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which events somebody wants. Immutable.
 *
 * @param namespaces null for all
 * @param job null for all
 * @param run null for all
 * @param types null for all
 * @param digest only that something changed
 */
public record EventSelector(
    Set<String> namespaces, String job, Long run, Types types, boolean digest) {
  private static final int TYPES_MAX = 50;

  /** Types by their names and by what they begin with. Immutable. */
  public record Types(Set<String> names, List<String> beginnings) {
    boolean hold(String type) {
      return names.contains(type) || beginnings.stream().anyMatch(type::startsWith);
    }
  }

  /**
   * Reads a list such as {@code job_failed,run_*}; "scheduler." before each may be left out.
   *
   * @return null for all of them
   * @throws IllegalArgumentException says for people what is wrong with it
   */
  public static Types types(String list) {
    if (list == null || list.isBlank()) {
      return null;
    }
    Set<String> names = new HashSet<>();
    List<String> beginnings = new ArrayList<>();
    String[] given = list.split(",", -1);
    if (given.length > TYPES_MAX) {
      throw new IllegalArgumentException("more than " + TYPES_MAX + " types; use '*', as in run_*");
    }
    for (String each : given) {
      String type = each.strip().toLowerCase(Locale.ROOT);
      if (type.isEmpty()) {
        throw new IllegalArgumentException("there is nothing between two commas");
      }
      boolean open = type.endsWith("*");
      String plain = open ? type.substring(0, type.length() - 1) : type;
      boolean whole = EventTypes.PREFIX.startsWith(plain) || plain.startsWith(EventTypes.PREFIX);
      String full = whole && (open || !plain.isEmpty()) ? plain : EventTypes.PREFIX + plain;
      check(each.strip(), full, open);
      if (open) {
        beginnings.add(full);
      } else {
        names.add(full);
      }
    }
    return new Types(Set.copyOf(names), List.copyOf(beginnings));
  }

  private static void check(String given, String full, boolean open) {
    boolean known =
        open
            ? EventTypes.ALL.stream().anyMatch(type -> type.startsWith(full))
            : EventTypes.ALL.contains(full);
    if (!known) {
      String shown = given.length() > 60 ? given.substring(0, 60) + "…" : given;
      throw new IllegalArgumentException("there is no type '" + shown + "'");
    }
  }

  /** Something of the row, as far as its run and job tell. */
  public boolean wants(EventRow row) {
    if (run != null && run != row.run()) {
      return false;
    }
    Story story = row.story();
    return (namespaces == null || namespaces.contains(story.namespace()))
        && (job == null || job.equals(story.jobName()));
  }

  /** Such events, of a row that it wants. */
  public boolean wants(String type) {
    return types == null || types.hold(type);
  }

  /** Any event of the row. */
  public boolean wantsAny(EventRow row) {
    return wants(row)
        && (types == null || row.story().told().stream().anyMatch(told -> wants(told.type())));
  }
}
