package dev.millrace.scheduler.ingest;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import dev.millrace.wire.DeadCodec;
import dev.millrace.wire.Wire;
import java.util.Arrays;

/**
 * One message as the broker gave it.
 *
 * @param body of a message that is larger than may be, only the beginning, for people to see
 * @param bytes how many it had
 */
public record QueueDelivery(
    QueueSource source,
    Envelope envelope,
    AMQP.BasicProperties properties,
    byte[] body,
    int bytes) {
  /** Others decide how large their messages are; what is too large is not held in memory. */
  static QueueDelivery of(
      QueueSource source, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
    byte[] kept =
        body.length > Wire.MESSAGE_BYTES_MAX ? Arrays.copyOf(body, DeadCodec.BODY_BYTES_MAX) : body;
    return new QueueDelivery(source, envelope, properties, kept, body.length);
  }

  boolean tooLarge() {
    return bytes > Wire.MESSAGE_BYTES_MAX;
  }

  long tag() {
    return envelope.getDeliveryTag();
  }
}
