package dev.millrace.scheduler.dispatch;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.amqp.Letter;

/**
 * Sends transient answers to the queues of workers that wait for them. An answer that is lost is
 * asked for again, so nobody keeps it. Any thread.
 */
public final class Answers {
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

  public AmqpLink.Session on(AmqpLink link) {
    return publisher.on(link);
  }

  public AmqpLink.Session session() {
    return publisher;
  }

  /** False while an answer would go nowhere; then nothing should be done that asks for one. */
  public boolean ready() {
    return publisher.ready();
  }

  public void send(Letter question, byte[] answer) {
    if (question.replyTo() == null) {
      return; // nobody waits
    }
    Letter letter = new Letter(null, question.correlationId());
    publisher.publish(question.replyTo(), letter, false, answer, letter);
  }
}
