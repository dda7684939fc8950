package dev.millrace.scheduler.dispatch;

import dev.millrace.amqp.Letter;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Replies;
import dev.millrace.wire.StartAnswerCodec;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;

/**
 * Sends the answers that are owed to senders of messages, from the table in which the leader's
 * transaction wrote them, and deletes what the broker has confirmed: at least once. A queue for
 * answers that is gone is nobody's loss. {@link #runOnce} is its own loop's; the rest any thread.
 */
public final class ReplySender {
  private static final int PAGE = 500;
  private static final int AWAITED_MAX = 1_000_000;

  /** What is unconfirmed is looked for again after a broken connection. */
  private static final long POLL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** The tables are the truth: news of ends may be lost. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Jdbi jdbi;
  private final Outbox outbox;
  private final Runnable nudge;
  private final Counter sent;
  private final Counter lost;

  /** Runs whose end somebody wants to hear of. */
  private final Set<Long> awaited = ConcurrentHashMap.newKeySet();

  private final ConcurrentLinkedQueue<Long> ended = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Once> once = new ConcurrentLinkedQueue<>();

  /** Sent and not confirmed, with their runs. */
  private final Map<Long, Long> underway = new ConcurrentHashMap<>();

  private final ConcurrentLinkedQueue<Long> confirmed = new ConcurrentLinkedQueue<>();
  private volatile boolean due = true;
  private long lookedNanos;
  private boolean looked;

  private record Once(Letter letter, byte[] body, Runnable then) {}

  /**
   * @param nudge that {@link #runOnce} has something to do
   */
  public ReplySender(Jdbi jdbi, Outbox outbox, Runnable nudge, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.outbox = outbox;
    this.nudge = nudge;
    this.sent = metrics.counter("millrace.start.replies", "fate", "sent");
    this.lost = metrics.counter("millrace.start.replies", "fate", "lost");
  }

  /** Answers were committed; the ends of these runs are to be told. */
  public void added(List<Long> runs) {
    awaited.addAll(runs);
    due = true;
    nudge.run();
  }

  /** A run has ended. Cheap when nobody waits for it. */
  public void ended(long run) {
    if (!awaited.isEmpty() && awaited.contains(run)) {
      ended.add(run);
      nudge.run();
    }
  }

  /**
   * Sends something that no table has.
   *
   * @param then called when the broker has it or never will: it is not tried again
   */
  public void once(Letter letter, byte[] body, Runnable then) {
    once.add(new Once(letter, body, then));
    nudge.run();
  }

  /** How long the loop may wait. */
  public long waitNanos() {
    return underway.isEmpty() && !due ? LOOK_NANOS : POLL_NANOS;
  }

  /** One pass: true when there is probably more. */
  public boolean runOnce() {
    sendOnce();
    settle();
    look();
    tellEnded();
    return sendDue();
  }

  private void sendOnce() {
    for (Once each = once.poll(); each != null; each = once.poll()) {
      Runnable then = each.then();
      Outbox.Fated fated =
          new Outbox.Fated() {
            @Override
            public void confirmed() {
              sent.increment();
              then.run();
            }

            @Override
            public void unroutable() {
              confirmed();
            }

            @Override
            public void lost() {
              lost.increment();
              then.run();
            }
          };
      if (!outbox.answer(each.letter(), each.body(), fated)) {
        fated.lost();
      }
    }
  }

  /** What the broker has confirmed is not owed any more. */
  private void settle() {
    List<Long> ids = new ArrayList<>();
    for (Long id = confirmed.poll(); id != null; id = confirmed.poll()) {
      ids.add(id);
    }
    if (ids.isEmpty()) {
      return;
    }
    try {
      jdbi.useTransaction(tx -> Replies.sent(tx, ids));
    } catch (RuntimeException e) {
      confirmed.addAll(ids); // else they would be sent again, now and for ever
      throw e;
    }
    for (Long id : ids) {
      Long run = underway.remove(id);
      if (run != null && awaited.contains(run)) {
        ended.add(run); // its end may have come before its answer was sent
      }
    }
    sent.increment(ids.size());
  }

  /** All whose end is awaited, at the start of a term and now and then. */
  private void look() {
    long now = System.nanoTime();
    if (looked && now - lookedNanos < LOOK_NANOS) {
      return;
    }
    List<Long> runs = jdbi.withHandle(handle -> Replies.awaited(handle, AWAITED_MAX));
    awaited.addAll(runs);
    ended.addAll(runs);
    due = true;
    looked = true;
    lookedNanos = now;
  }

  private void tellEnded() {
    List<Long> runs = new ArrayList<>();
    while (runs.size() < PAGE && !ended.isEmpty()) {
      runs.add(ended.poll()); // nobody else takes from it
    }
    if (runs.isEmpty()) {
      return;
    }
    List<Replies.Ended> told;
    try {
      told =
          jdbi.inTransaction(
              tx -> {
                List<Replies.Ended> all = Replies.ended(tx, runs);
                Replies.tell(
                    tx,
                    all.stream().map(Replies.Ended::id).toList(),
                    all.stream().map(ReplySender::answer).toList());
                return all;
              });
    } catch (RuntimeException e) {
      ended.addAll(runs);
      throw e;
    }
    if (!told.isEmpty()) {
      told.forEach(each -> awaited.remove(each.run()));
      due = true;
    }
  }

  private static String answer(Replies.Ended end) {
    return StartAnswerCodec.ended(
        end.namespace(),
        end.job(),
        new RunId(end.run()),
        end.state(),
        end.reason(),
        end.finishedAt());
  }

  private boolean sendDue() {
    if (!due || !outbox.ready()) {
      return !ended.isEmpty();
    }
    due = false;
    long after = 0;
    List<Replies.Due> page;
    do {
      long from = after;
      page = jdbi.withHandle(handle -> Replies.due(handle, from, PAGE));
      for (Replies.Due each : page) {
        send(each);
      }
      after = page.isEmpty() ? after : page.getLast().id();
    } while (page.size() == PAGE);
    return !ended.isEmpty();
  }

  private void send(Replies.Due reply) {
    if (underway.putIfAbsent(reply.id(), reply.run()) != null) {
      return;
    }
    boolean published =
        outbox.answer(
            new Letter(reply.queue(), reply.correlation()),
            reply.answer().getBytes(StandardCharsets.UTF_8),
            new Outbox.Fated() {
              @Override
              public void confirmed() {
                confirmed.add(reply.id());
                nudge.run();
              }

              @Override
              public void unroutable() {
                confirmed();
              }

              @Override
              public void lost() {
                lost.increment();
                underway.remove(reply.id());
                due = true;
                nudge.run();
              }
            });
    if (!published) {
      underway.remove(reply.id());
      due = true;
    }
  }
}
