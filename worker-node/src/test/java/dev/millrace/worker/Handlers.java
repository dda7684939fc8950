package dev.millrace.worker;

/** Handlers as tests want them. */
final class Handlers {
  private Handlers() {}

  interface Body {
    Result execute(StageContext context) throws Exception;
  }

  static StageHandler named(String name, Body body) {
    return new Named(name, body, false);
  }

  static StageHandler slotless(String name, Body body) {
    return new Named(name, body, true);
  }

  private record Named(String name, Body body, boolean slotless) implements StageHandler {
    @Override
    public Result execute(StageContext context) throws Exception {
      return body.execute(context);
    }
  }
}
