package dev.millrace.scheduler.secret;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.dispatch.Answers;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.StoreException;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.SecretAnswer;
import dev.millrace.wire.SecretAnswer.Refusal;
import dev.millrace.wire.SecretCodec;
import dev.millrace.wire.SecretRequest;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes workers' requests for stored secrets on any scheduler node and answers each once; one that
 * cannot be read is answered too and kept nowhere. Needs no leader. Deliveries come on the
 * connection's thread, one loop works.
 */
public final class SecretExchange implements Service {
  private static final Logger log = LoggerFactory.getLogger(SecretExchange.class);
  private static final int PREFETCH = 64;
  private static final Duration POLL = Duration.ofSeconds(1);

  private final String node;
  private final RabbitSettings broker;
  private final SecretDesk desk;
  private final MeterRegistry metrics;
  private final Answers answers = new Answers();
  private final Pulse pulse = new Pulse();
  private final ConcurrentLinkedQueue<QueueConsumer.Delivery> deliveries =
      new ConcurrentLinkedQueue<>();
  private final QueueConsumer consumer =
      new QueueConsumer(channel -> Entities.SECRETS, PREFETCH, this::delivered);
  private final Services services = new Services();

  public SecretExchange(
      String node, RabbitSettings broker, Jdbi jdbi, SecretVault vault, MeterRegistry metrics) {
    this.node = node;
    this.broker = broker;
    this.desk = new SecretDesk(jdbi, vault);
    this.metrics = metrics;
  }

  @Override
  public void start() throws Exception {
    AmqpLink answering =
        new AmqpLink(
            node + "-secret-answers",
            broker,
            List.of(new Outbox.Declarations(), answers.session()));
    answers.on(answering);
    AmqpLink taking =
        new AmqpLink(node + "-secrets", broker, List.of(new Outbox.Declarations(), consumer));
    consumer.on(taking);
    services.start(answering);
    services.start(new Loop("secrets", this::runOnce, pulse, POLL));
    services.start(taking);
  }

  private void delivered(QueueConsumer.Delivery delivery) {
    deliveries.add(delivery);
    pulse.nudge();
  }

  /** Answers one request; true when there is another. */
  boolean runOnce() {
    QueueConsumer.Delivery delivery = answers.ready() ? deliveries.poll() : null;
    if (delivery == null) {
      return false;
    }
    if (delivery.generation() == consumer.generation()) {
      SecretAnswer answer = answer(delivery.body());
      metrics.counter("millrace.secret.requests", "outcome", outcome(answer)).increment();
      answers.send(delivery.letter(), SecretCodec.encode(answer));
      consumer.ack(delivery.generation(), delivery.tag(), false);
    }
    return !deliveries.isEmpty();
  }

  private SecretAnswer answer(byte[] body) {
    try {
      return switch (SecretCodec.decodeRequest(body)) {
        case Decoded.Bad<SecretRequest> bad ->
            new SecretAnswer.Refused(Refusal.MALFORMED, bad.cause());
        case Decoded.Ok<SecretRequest> ok -> desk.answer(ok.value());
      };
    } catch (RuntimeException e) {
      if (!StoreException.isOfDatabase(e)) {
        log.error("a request for secrets could not be answered; the worker asks again", e);
        return new SecretAnswer.Refused(Refusal.UNAVAILABLE, "this node could not answer");
      }
      log.warn("stored secrets cannot be read cause={}; the worker asks again", e.getMessage());
      return new SecretAnswer.Refused(Refusal.UNAVAILABLE, "the database does not answer");
    }
  }

  private static String outcome(SecretAnswer answer) {
    return answer instanceof SecretAnswer.Refused refused
        ? refused.why().name().toLowerCase(Locale.ROOT).replace('_', '-')
        : "given";
  }

  @Override
  public void close() {
    services.close();
  }

  @Override
  public String toString() {
    return "secrets of " + node;
  }
}
