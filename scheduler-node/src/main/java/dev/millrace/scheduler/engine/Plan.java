package dev.millrace.scheduler.engine;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One version of a job, compiled once: stages by index, needs and successors as index arrays.
 * Immutable; any thread.
 */
public final class Plan {
  private final long job;
  private final int version;
  private final JobDefinition definition;
  private final StageDefinition[] stages;
  private final int[][] needs;
  private final int[][] successors;
  private final Map<String, Integer> indexById = new HashMap<>();

  /**
   * @param job the job's key in Postgres
   * @throws IllegalArgumentException when a stage needs an unknown one; the definition reader lets
   *     no such job in
   */
  public Plan(long job, int version, JobDefinition definition) {
    this.job = job;
    this.version = version;
    this.definition = definition;
    this.stages = definition.stages().toArray(StageDefinition[]::new);
    for (int i = 0; i < stages.length; i++) {
      indexById.put(stages[i].id(), i);
    }
    this.needs = new int[stages.length][];
    List<List<Integer>> after = new ArrayList<>();
    for (int i = 0; i < stages.length; i++) {
      after.add(new ArrayList<>());
    }
    for (int i = 0; i < stages.length; i++) {
      needs[i] = stages[i].needs().stages().stream().mapToInt(this::require).toArray();
      for (int need : needs[i]) {
        after.get(need).add(i);
      }
    }
    this.successors =
        after.stream()
            .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
            .toArray(int[][]::new);
  }

  private int require(String id) {
    Integer index = indexById.get(id);
    if (index == null) {
      throw new IllegalArgumentException("stage '" + id + "' is needed and does not exist");
    }
    return index;
  }

  public long job() {
    return job;
  }

  public int version() {
    return version;
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
    return indexById.getOrDefault(id, -1);
  }

  int[] needs(int index) {
    return needs[index];
  }

  /** Indexes of the stages whose outputs a stage is given. The caller must not change the array. */
  public int[] inputsOf(int index) {
    return needs[index];
  }

  int[] successors(int index) {
    return successors[index];
  }
}
