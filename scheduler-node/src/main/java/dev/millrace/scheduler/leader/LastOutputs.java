package dev.millrace.scheduler.leader;

import dev.millrace.model.Phase;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.wire.Wire;

/**
 * What a run of another job hands to the stage that started it: the output of its last stage, or,
 * when several have an output and nobody after them, an object with those by id. Stateless.
 */
final class LastOutputs {
  private LastOutputs() {}

  /** Null when there is none, or when together they are larger than an output may be. */
  static String of(Run run) {
    Plan plan = run.plan();
    StringBuilder json = new StringBuilder("{");
    String only = null;
    int found = 0;
    for (int i = 0; i < plan.size(); i++) {
      Stage stage = run.stages()[i];
      if (stage.output() == null
          || !plan.isLast(i)
          || plan.stage(i).rules().phase() != Phase.MAIN) {
        continue;
      }
      found++;
      only = stage.output();
      json.append(json.length() > 1 ? "," : "")
          .append('"')
          .append(plan.stage(i).id())
          .append("\":")
          .append(stage.output());
    }
    String output = found == 1 ? only : json.append('}').toString();
    return found == 0 || output.length() > Wire.VALUE_BYTES_MAX ? null : output;
  }
}
