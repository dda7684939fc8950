package dev.millrace.worker;

/** How a handler ended. Immutable. */
public sealed interface Result {
  Result COMPLETED = new Completed(null, null);

  /**
   * @param outputJson JSON text of at most 64 KiB that successors see, or null
   * @param exitCode a process's exit code, or null
   */
  record Completed(String outputJson, Integer exitCode) implements Result {}

  /**
   * @param errorClass short; retry rules name it, such as {@code exit:1} or {@code http:503}
   * @param message what went wrong, for people
   * @param exitCode a process's exit code, or null
   */
  record Failed(String errorClass, String message, Integer exitCode) implements Result {}

  static Result completed() {
    return COMPLETED;
  }

  static Result completed(String outputJson) {
    return new Completed(outputJson, null);
  }

  static Result failed(String errorClass, String message) {
    return new Failed(errorClass, message, null);
  }
}
