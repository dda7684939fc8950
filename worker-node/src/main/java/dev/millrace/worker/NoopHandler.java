package dev.millrace.worker;

/** Completes at once: a join stage, and what benchmarks run. Stateless; any thread. */
final class NoopHandler implements StageHandler {
  @Override
  public String name() {
    return "noop";
  }

  @Override
  public Result execute(StageContext context) {
    return Result.COMPLETED;
  }

  @Override
  public boolean inline() {
    return true;
  }
}
