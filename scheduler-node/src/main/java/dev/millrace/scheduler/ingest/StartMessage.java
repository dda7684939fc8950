package dev.millrace.scheduler.ingest;

import dev.millrace.amqp.Letter;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/**
 * A message that asks for a run, as far as it was understood, until it is acked or given back.
 * Handed from thread to thread through queues; used by one at a time.
 */
public final class StartMessage implements Delayed {
  /**
   * What it asks for.
   *
   * @param params a JSON object as text
   * @param key who asks twice with one key gets one run; null for none
   * @param reason shown with the run, or null
   * @param orchestration the id under which its run belongs to others, or null
   * @param reply where the answer goes, {@link Letter#NONE} when none is wanted
   * @param outcome whether the end of the run is told too
   */
  public record Ask(
      String namespace,
      String job,
      String params,
      String key,
      String reason,
      String orchestration,
      Letter reply,
      boolean outcome) {}

  /**
   * Why it will never start a run: goes with it into quarantine, and to who waits for an answer.
   */
  public record Refusal(int status, String detail, String remedy) {}

  private final QueueDelivery delivery;
  private final Ask ask;
  private final Letter reply;
  private Refusal refusal;
  private int failures;
  private int waits;
  private long dueNanos = System.nanoTime();

  private StartMessage(QueueDelivery delivery, Ask ask, Letter reply, Refusal refusal) {
    this.delivery = delivery;
    this.ask = ask;
    this.reply = reply;
    this.refusal = refusal;
  }

  static StartMessage of(QueueDelivery delivery, Ask ask) {
    return new StartMessage(delivery, ask, ask.reply(), null);
  }

  static StartMessage bad(QueueDelivery delivery, Letter reply, String cause) {
    return new StartMessage(
        delivery, null, reply, new Refusal(422, cause, "correct the message and send it again"));
  }

  public QueueUse use() {
    return delivery.source().use();
  }

  /** Null when it could not be read. */
  public Ask ask() {
    return ask;
  }

  Letter reply() {
    return reply;
  }

  /** Null as long as it may start a run. */
  Refusal refusal() {
    return refusal;
  }

  void refuse(Refusal why) {
    refusal = why;
  }

  QueueDelivery delivery() {
    return delivery;
  }

  boolean isGone() {
    return delivery.source().closed();
  }

  void ack() {
    delivery.source().ack(delivery.tag());
  }

  void putBack() {
    delivery.source().putBack(delivery.tag());
  }

  int failures() {
    return failures;
  }

  /** True when a transaction has failed with it: nothing else is to be done in its next one. */
  public boolean isSuspect() {
    return failures > 0;
  }

  void failed() {
    failures++;
  }

  /** How often it had to wait for something that is not its fault. */
  int waits() {
    return waits;
  }

  void waitsFor(long millis) {
    waits++;
    dueIn(millis);
  }

  void dueIn(long millis) {
    dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
  }

  @Override
  public long getDelay(TimeUnit unit) {
    return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  /** By time, and those of the same time in the order in which they came. */
  @Override
  public int compareTo(Delayed other) {
    StartMessage that = (StartMessage) other;
    int byTime = Long.signum(dueNanos - that.dueNanos);
    return byTime != 0 ? byTime : Long.compare(delivery.tag(), that.delivery.tag());
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
