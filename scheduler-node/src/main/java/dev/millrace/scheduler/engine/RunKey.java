package dev.millrace.scheduler.engine;

import dev.millrace.expression.Bindings;
import dev.millrace.expression.Expression;
import dev.millrace.expression.ExpressionException;
import dev.millrace.model.Concurrency;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.KeyText;

/** The value of a run's concurrency key. Stateless. */
public final class RunKey {
  private RunKey() {}

  /**
   * Evaluates the key of a run that is about to be created.
   *
   * @return null when its job has none
   * @throws ExpressionException when it has no value
   */
  public static String of(Run run) {
    JobDefinition job = run.plan().definition();
    Concurrency concurrency = job.rules().concurrency();
    if (concurrency == null || concurrency.key() == null || run.plan().part() != Plan.WHOLE) {
      return null;
    }
    Expression key = run.plan().key();
    Bindings values = Values.start(run).build();
    return checked(key.text(values));
  }

  /**
   * The same key.
   *
   * @throws ExpressionException when no key can be so
   */
  static String checked(String key) {
    String problem = KeyText.problem(key);
    if (problem != null) {
      throw new ExpressionException("it " + problem);
    }
    return key;
  }
}
