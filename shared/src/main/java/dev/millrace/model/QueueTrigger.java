package dev.millrace.model;

/**
 * Starts a run for each message of a queue that others made and write to. Immutable.
 *
 * @param queue its name at the broker
 * @param map JSON text of what the run gets as params: an object whose strings may hold
 *     expressions, or one expression that gives an object; null for no params
 * @param key an expression without braces; messages of the same key are one run. Null: the
 *     message's id is the key
 * @param condition an expression without braces; a message for which it is false starts nothing.
 *     Null for none
 * @param prefetch how many messages may be under way to this queue's runs at once
 * @param reply what is told to who asks for an answer
 */
public record QueueTrigger(
    String queue, String map, String key, String condition, int prefetch, Reply reply)
    implements EventTrigger {
  public static final String KIND = "queue";
  public static final int PREFETCH_DEFAULT = 50;
  public static final int PREFETCH_MAX = 1_000;

  /** What a message's {@code reply_to} is told. */
  public enum Reply {
    /** Nothing: the property is meant for others. */
    NONE,
    /** That the run is made, or what forbids it. */
    RUN,
    /** That, and how the run ended. */
    OUTCOME
  }

  @Override
  public String kind() {
    return KIND;
  }
}
