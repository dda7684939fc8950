package dev.millrace.definition;

import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which stages an expression of a stage may name, and by which names: those that it needs, directly
 * or not, and what is in them; in the later phases all of the main one. A stage of a group names
 * those beside it by their short ids. Immutable, any thread.
 */
public final class Upstream {
  private final Map<String, StageDefinition> stages = new LinkedHashMap<>();
  private final Map<String, List<StageDefinition>> byGroup = new HashMap<>();

  /**
   * @param all every stage of a job
   */
  public Upstream(List<StageDefinition> all) {
    for (StageDefinition stage : all) {
      stages.putIfAbsent(stage.id(), stage);
      if (stage.rules().group() != null) {
        byGroup.computeIfAbsent(stage.rules().group(), id -> new ArrayList<>()).add(stage);
      }
    }
  }

  /** Whole ids of stages by the names that the expressions of this stage have for them. */
  public Map<String, String> names(StageDefinition reader) {
    Set<String> ids = new LinkedHashSet<>();
    if (reader.rules().phase() != Phase.MAIN) {
      addPhase(ids, Phase.MAIN);
    }
    List<String> groups = groups(reader);
    Deque<String> open = new ArrayDeque<>(reader.needs().stages());
    groups.stream().map(stages::get).forEach(group -> open.addAll(group.needs().stages()));
    while (!open.isEmpty()) {
      StageDefinition stage = stages.get(open.remove());
      if (stage != null && ids.add(stage.id())) {
        open.addAll(stage.needs().stages());
        byGroup.getOrDefault(stage.id(), List.of()).forEach(inside -> open.add(inside.id()));
      }
    }
    return named(ids, groups);
  }

  /** All stages of its phase, as if it needed them. */
  Map<String, String> namesOfPhase(StageDefinition reader) {
    Set<String> ids = new LinkedHashSet<>();
    addPhase(ids, Phase.MAIN);
    addPhase(ids, reader.rules().phase());
    return named(ids, groups(reader));
  }

  private void addPhase(Set<String> ids, Phase phase) {
    stages.values().stream()
        .filter(stage -> stage.rules().phase() == phase)
        .forEach(stage -> ids.add(stage.id()));
  }

  /** What is nearer hides what is further away and has the same name. */
  private Map<String, String> named(Set<String> ids, List<String> groups) {
    Map<String, String> names = new LinkedHashMap<>();
    for (String id : ids) {
      if (isVisible(stages.get(id), groups)) {
        String near = groups.stream().filter(g -> id.startsWith(g + ".")).findFirst().orElse("");
        String name = near.isEmpty() ? id : id.substring(near.length() + 1);
        names.merge(name, id, (a, b) -> a.length() > b.length() ? a : b);
      }
    }
    return names;
  }

  /** What is executed once for each item has no single result, except for its own item. */
  private boolean isVisible(StageDefinition stage, List<String> readersGroups) {
    return groups(stage).stream()
        .allMatch(id -> stages.get(id).rules().forEach() == null || readersGroups.contains(id));
  }

  /** The groups around it, or around what it undoes, the innermost first. */
  public List<String> groups(StageDefinition stage) {
    String undone = stage.rules().compensates();
    StageDefinition inside = undone == null ? stage : stages.getOrDefault(undone, stage);
    List<String> groups = new ArrayList<>();
    String group = inside.rules().group();
    while (group != null && stages.containsKey(group) && !groups.contains(group)) {
      groups.add(group);
      group = stages.get(group).rules().group();
    }
    return groups;
  }
}
