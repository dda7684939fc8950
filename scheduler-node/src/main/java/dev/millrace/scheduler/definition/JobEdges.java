package dev.millrace.scheduler.definition;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.SubJob;
import dev.millrace.scheduler.store.Dependencies.Edge;
import dev.millrace.scheduler.store.Dependencies.Kind;
import java.util.LinkedHashSet;
import java.util.Set;

/** Which other jobs a definition names. Stateless; any thread. */
public final class JobEdges {
  private JobEdges() {}

  /** The jobs that a definition names, in the order of its text. */
  public static Set<Edge> of(JobDefinition job) {
    Set<Edge> edges = new LinkedHashSet<>();
    for (EventTrigger event : job.events()) {
      if (event instanceof AfterTrigger after) {
        after.jobs().stages().forEach(name -> edges.add(edge(Kind.AFTER, name, job)));
      }
    }
    if (job.rules().requires() != null) {
      job.rules()
          .requires()
          .jobs()
          .stages()
          .forEach(name -> edges.add(edge(Kind.REQUIRES, name, job)));
    }
    for (StageDefinition stage : job.stages()) {
      SubJob.of(stage, job.namespace()).ifPresent(other -> edges.add(new Edge(Kind.RUN, other)));
    }
    return edges;
  }

  private static Edge edge(Kind kind, String written, JobDefinition job) {
    return new Edge(kind, JobRef.of(written, job.namespace()));
  }
}
