package dev.millrace.scheduler.engine;

import dev.millrace.expression.ExpressionException;

/** What a stage is started with, its expressions replaced by their values. Stateless. */
public final class StageInput {
  private StageInput() {}

  /**
   * The handler's input as JSON text.
   *
   * @throws ExpressionException when an expression has no value as things are
   */
  public static String with(Draft draft, int index) {
    Code code = draft.plan().code(index);
    return code == null || code.with() == null
        ? draft.plan().stage(index).withJson()
        : code.with().render(Values.of(draft, index)).toString();
  }

  /**
   * The params as the stage sees them, as a JSON object.
   *
   * @throws ExpressionException when what a group around it gives has no value
   */
  public static String params(Draft draft, int index) {
    return Values.params(draft, index);
  }

  /** Outputs of the stages that this one needs, by id, as a JSON object. */
  public static String inputs(Draft draft, int index) {
    Plan plan = draft.plan();
    int[] needs = plan.inputsOf(index);
    if (needs.length == 0) {
      return "{}";
    }
    StringBuilder json = new StringBuilder("{");
    for (int need : needs) {
      String output = draft.stage(need).output();
      if (output != null) {
        json.append(json.length() > 1 ? "," : "")
            .append('"')
            .append(plan.stage(need).id())
            .append("\":")
            .append(output);
      }
    }
    return json.append('}').toString();
  }

  /**
   * The value of a key.
   *
   * @return null when the stage has no rate with a key
   * @throws ExpressionException when it has no value
   */
  public static String rateKey(Draft draft, int index) {
    Code code = draft.plan().code(index);
    return code == null || code.rateKey() == null
        ? null
        : RunKey.checked(code.rateKey().text(Values.of(draft, index)));
  }
}
