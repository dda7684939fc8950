package dev.millrace.wire;

/**
 * A message as read: a value, or why it is none. A bad message never throws, so that it cannot stop
 * a consumer.
 */
public sealed interface Decoded<T> {
  record Ok<T>(T value) implements Decoded<T> {}

  /**
   * @param cause what is wrong, naming the place; goes with the message into {@code millrace.dead}
   */
  record Bad<T>(String cause) implements Decoded<T> {}
}
