package dev.millrace.scheduler.artifact;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.amqp.Letter;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactCodec;

/**
 * Sends answers to the queues that wait for them. An answer that is lost is asked for again, so
 * nobody keeps it. Any thread.
 */
final class ArtifactAnswers {
  /** Nothing is done about any fate: the worker asks again. */
  private static final class Careless implements ConfirmedPublisher.Fate<Letter> {
    @Override
    public void confirmed(Letter letter) {}

    @Override
    public void unroutable(Letter letter) {}

    @Override
    public void lost(Letter letter) {}
  }

  private final ConfirmedPublisher<Letter> publisher = new ConfirmedPublisher<>(new Careless());

  AmqpLink.Session on(AmqpLink link) {
    return publisher.on(link);
  }

  AmqpLink.Session session() {
    return publisher;
  }

  /** False while an answer would go nowhere; then nothing should be done that asks for one. */
  boolean ready() {
    return publisher.ready();
  }

  void send(Letter question, ArtifactAnswer answer) {
    if (question.replyTo() == null) {
      return; // nobody waits
    }
    Letter letter = new Letter(null, question.correlationId());
    publisher.publish(question.replyTo(), letter, false, ArtifactCodec.encode(answer), letter);
  }
}
