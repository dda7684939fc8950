package dev.millrace.scheduler.ingest;

import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.ReplySender;
import dev.millrace.wire.DeadCodec;
import dev.millrace.wire.StartAnswerCodec;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts messages that never start a run into {@code millrace.dead}, with where they came from and
 * why, and tells their senders who want to know. Waits for nobody: thousands of bad messages must
 * not hold up the leader. Any thread.
 */
public final class Refusals {
  private static final Logger log = LoggerFactory.getLogger(Refusals.class);

  private final Outbox outbox;
  private final ReplySender replies;
  private final Counter quarantined;

  public Refusals(Outbox outbox, ReplySender replies, MeterRegistry metrics) {
    this.outbox = outbox;
    this.replies = replies;
    this.quarantined = metrics.counter("millrace.messages.quarantined");
  }

  /**
   * @param safe called when the broker has it: the original may be acked
   * @param again called when it has not: this is to be tried again
   */
  void put(StartMessage message, Runnable safe, Runnable again) {
    StartMessage.Refusal why = message.refusal();
    QueueDelivery delivery = message.delivery();
    byte[] letter =
        DeadCodec.encode(
            new DeadCodec.Found(
                message.use().queue(), message.use().namespace(), message.use().job()),
            "scheduler",
            why.detail(),
            delivery.body(),
            delivery.bytes());
    boolean published =
        outbox.quarantine(
            letter,
            new Outbox.Fated() {
              @Override
              public void confirmed() {
                quarantined.increment();
                log.warn(
                    "refused a message queue={} cause={}; it is in millrace.dead",
                    message.use().told(),
                    why.detail());
                answer(message, why, safe);
              }

              @Override
              public void unroutable() {
                again.run();
              }

              @Override
              public void lost() {
                again.run();
              }
            });
    if (!published) {
      again.run();
    }
  }

  private void answer(StartMessage message, StartMessage.Refusal why, Runnable safe) {
    if (message.reply().replyTo() == null) {
      safe.run();
      return;
    }
    replies.once(
        message.reply(), StartAnswerCodec.refused(why.status(), why.detail(), why.remedy()), safe);
  }
}
