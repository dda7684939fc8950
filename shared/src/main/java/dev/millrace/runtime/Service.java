package dev.millrace.runtime;

/**
 * A part with a life: constructors assign and do nothing else, {@link #start} starts, {@link
 * #close} stops and waits. Both are called once, by the owner's thread, in this order.
 */
public interface Service extends AutoCloseable {
  /**
   * Starts the part and returns when it is usable.
   *
   * @throws Exception when it cannot start; it has then released what it had taken
   */
  void start() throws Exception;

  /** Stops the part and waits until its threads have ended. Never throws. */
  @Override
  void close();
}
