package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;
import java.time.Duration;

/**
 * The AMQP properties that make a message a question or the answer to one. Immutable.
 *
 * @param replyTo the queue that waits for the answer, or null
 * @param correlationId what the answer repeats, or null
 * @param worthwhile after this time at the broker nobody waits for the message any more; null: ever
 */
public record Letter(String replyTo, String correlationId, Duration worthwhile) {
  public static final Letter NONE = new Letter(null, null, null);

  static Letter of(AMQP.BasicProperties properties) {
    if (properties.getReplyTo() == null && properties.getCorrelationId() == null) {
      return NONE;
    }
    return new Letter(properties.getReplyTo(), properties.getCorrelationId(), null);
  }

  AMQP.BasicProperties on(AMQP.BasicProperties plain) {
    AMQP.BasicProperties.Builder builder =
        plain.builder().replyTo(replyTo).correlationId(correlationId);
    return worthwhile == null
        ? builder.build()
        : builder.expiration(Long.toString(worthwhile.toMillis())).build();
  }
}
