package dev.millrace.scheduler.leader;

import dev.millrace.definition.StageSecrets;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.StageInput;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartSecrets;
import java.time.Instant;
import java.util.List;

/** Makes the start that a worker gets from a stage that is QUEUED. Stateless. */
final class Starts {
  private Starts() {}

  static Start of(Draft draft, int index) {
    Run run = draft.run();
    Plan plan = run.plan();
    StageDefinition stage = plan.stage(index);
    Stage current = draft.stage(index);
    Run.Parent parent = run.parent();
    return new Start(
        new Claim(new RunId(run.id()), stage.id(), current.attempt()),
        plan.definition().id(),
        plan.definition().namespace(),
        stage.handler(),
        StageInput.with(draft, index),
        StageInput.params(draft, index),
        StageInput.inputs(draft, index),
        current.checkpoint(),
        stage.timeout(),
        run.scheduledFor() == 0
            ? null
            : Instant.ofEpochSecond(
                Math.floorDiv(run.scheduledFor(), 1_000_000L),
                Math.floorMod(run.scheduledFor(), 1_000_000L) * 1_000),
        null,
        parent == null ? null : parent.itemJson(),
        parent == null ? -1 : parent.item(),
        stage.rules().heartbeatTimeout(),
        secrets(plan, index));
  }

  private static StartSecrets secrets(Plan plan, int index) {
    StageSecrets secrets = plan.secrets(index);
    if (secrets == null) {
      return plan.secretParams().isEmpty()
          ? null
          : new StartSecrets(List.of(), List.of(), plan.secretParams(), null);
    }
    return new StartSecrets(secrets.at(), secrets.names(), plan.secretParams(), null);
  }
}
