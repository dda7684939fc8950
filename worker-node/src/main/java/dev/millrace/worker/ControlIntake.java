package dev.millrace.worker;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Decoded;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears what the leader says to all workers and does what is meant for this one. Runs on the
 * connection's thread and returns at once; what takes time goes to threads of its own.
 */
final class ControlIntake {
  private static final Logger log = LoggerFactory.getLogger(ControlIntake.class);
  private static final int PREFETCH = 200;

  /** Somebody else may be executing the stage already. */
  private static final Duration DROP_GRACE = Duration.ofSeconds(1);

  private final String worker;
  private final Claims claims;
  private final Runner runner;
  private final Runnable drain;
  private final Consumer<Control> files;
  private final QueueConsumer consumer;

  /**
   * @param files takes what is about files; must return at once
   */
  ControlIntake(
      String worker, Claims claims, Runner runner, Runnable drain, Consumer<Control> files) {
    this.worker = worker;
    this.claims = claims;
    this.runner = runner;
    this.drain = drain;
    this.files = files;
    this.consumer = new QueueConsumer(Topology::declareControl, PREFETCH, this::heard);
  }

  AmqpLink.Session session() {
    return consumer;
  }

  void on(AmqpLink link) {
    consumer.on(link);
  }

  private void heard(QueueConsumer.Delivery delivery) {
    switch (ControlCodec.decode(delivery.body())) {
      case Decoded.Ok<Control> ok -> obey(ok.value());
      case Decoded.Bad<Control> bad ->
          log.warn("a control message cannot be read cause={}; ignored", bad.cause());
    }
    consumer.ack(delivery.generation(), delivery.tag(), false);
  }

  private void obey(Control control) {
    switch (control) {
      case Control.Cancel cancel -> {
        Attempt attempt = claims.find(cancel.claim());
        if (attempt == null) {
          claims.cancelEarly(cancel.claim());
        } else {
          runner.end(attempt, Ending.CANCELLED, Duration.ofMillis(cancel.graceMillis()));
        }
      }
      case Control.Drop drop -> {
        Attempt attempt = drop.worker().equals(worker) ? claims.find(drop.claim()) : null;
        if (attempt != null) {
          log.info("told to drop claim={}; ending it without a report", drop.claim());
          runner.end(attempt, Ending.DROPPED, DROP_GRACE);
        }
      }
      case Control.Watch watch -> files.accept(watch);
      case Control.Archive archive -> files.accept(archive);
      case Control.Drain message -> {
        if (message.worker().equals(worker)) {
          log.info("told to drain worker={}", worker);
          drain.run();
        }
      }
    }
  }
}
