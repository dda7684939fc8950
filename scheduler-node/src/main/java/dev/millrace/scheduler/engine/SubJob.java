package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.JobRef;
import dev.millrace.model.StageDefinition;
import java.util.Optional;

/** Which job a stage starts. Stateless. */
public final class SubJob {
  private SubJob() {}

  /**
   * Empty for a stage that starts none.
   *
   * @param own the namespace of the job that the stage belongs to
   */
  public static Optional<JobRef> of(StageDefinition stage, String own) {
    if (!stage.handler().equals(StageDefinition.SUB_JOB)) {
      return Optional.empty();
    }
    JsonNode with = JsonText.parse(stage.withJson());
    return Optional.of(new JobRef(with.path("namespace").asText(own), with.path("job").asText()));
  }
}
