package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;

/**
 * The AMQP properties that make a message a question or the answer to one. Immutable.
 *
 * @param replyTo the queue that waits for the answer, or null
 * @param correlationId what the answer repeats, or null
 */
public record Letter(String replyTo, String correlationId) {
  public static final Letter NONE = new Letter(null, null);

  static Letter of(AMQP.BasicProperties properties) {
    return new Letter(properties.getReplyTo(), properties.getCorrelationId());
  }

  AMQP.BasicProperties on(AMQP.BasicProperties plain) {
    return plain.builder().replyTo(replyTo).correlationId(correlationId).build();
  }
}
