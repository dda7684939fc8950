package dev.millrace.scheduler.sweep;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.millrace.model.RunId;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.DeadPosts;
import dev.millrace.scheduler.store.Redrives;
import dev.millrace.wire.DeadCodec;
import dev.millrace.wire.DeadStage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;

/**
 * What dead letters want done in the background: publishes each once or more, by what the rows say,
 * and asks the turn for the next step of redrives that go on. Its own loop, one for a term.
 */
public final class DeadLetterSweep {
  private static final int PAGE = 100;
  private static final int BATCHES_MAX = 20;
  private static final long CONFIRM_SECONDS_MAX = 5;
  private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long COUNT_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** A step that was asked for and did not come is asked for again. */
  private static final long ASK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final String ACTOR = "leader";

  /** A step that was asked for, and when. */
  private record Asked(long steps, long atNanos) {}

  private final Jdbi jdbi;
  private final Outbox outbox;
  private final Commands commands;
  private final Map<Long, Asked> asked = new HashMap<>();
  private boolean busy;
  private long countedNanos;
  private boolean counted;
  private volatile int open;

  public DeadLetterSweep(Jdbi jdbi, Outbox outbox, Commands commands) {
    this.jdbi = jdbi;
    this.outbox = outbox;
    this.commands = commands;
  }

  public Loop loop() {
    return new Loop(
        "dead-letters", this::runOnce, new Pulse(), () -> busy ? BUSY_NANOS : IDLE_NANOS);
  }

  /** Letters that nobody has dealt with, as last counted. Any thread. */
  public int open() {
    return open;
  }

  /** One pass: true when there is probably more. */
  public boolean runOnce() throws InterruptedException {
    count();
    askForSteps();
    return publish();
  }

  private void count() {
    long now = System.nanoTime();
    if (!counted || now - countedNanos > COUNT_EVERY_NANOS) {
      open = jdbi.withHandle(DeadLetters::countOpen);
      countedNanos = now;
      counted = true;
    }
  }

  /** A batch is asked for again when it was stepped, so that steps do not pile up in the inbox. */
  private void askForSteps() {
    List<Redrives.Running> running =
        jdbi.withHandle(handle -> Redrives.running(handle, BATCHES_MAX));
    busy = !running.isEmpty();
    asked.keySet().retainAll(running.stream().map(Redrives.Running::id).toList());
    long now = System.nanoTime();
    List<Redrives.Running> due =
        running.stream().filter(batch -> isDue(asked.get(batch.id()), batch.steps(), now)).toList();
    if (!due.isEmpty()) {
      due.forEach(batch -> asked.put(batch.id(), new Asked(batch.steps(), now)));
      commands.tell(due.stream().map(DeadLetterSweep::step).toList());
    }
  }

  private static boolean isDue(Asked before, long steps, long now) {
    return before == null || before.steps() != steps || now - before.atNanos() > ASK_AGAIN_NANOS;
  }

  private static Command step(Redrives.Running batch) {
    String body =
        JsonNodeFactory.instance
            .objectNode()
            .put("step", new RunId(batch.id()).toString())
            .toString();
    return new Command(Command.Kind.DEAD_REDRIVE, batch.namespace(), null, body, ACTOR, null);
  }

  private boolean publish() throws InterruptedException {
    List<DeadStage> letters = jdbi.withHandle(handle -> DeadPosts.unpublished(handle, PAGE));
    if (letters.isEmpty()) {
      return false;
    }
    Queue<Long> confirmed = new ConcurrentLinkedQueue<>();
    CountDownLatch open = new CountDownLatch(letters.size());
    for (DeadStage letter : letters) {
      if (!outbox.dead(DeadCodec.encode(letter), new Fate(letter.id().value(), confirmed, open))) {
        open.countDown();
      }
    }
    boolean told = open.await(CONFIRM_SECONDS_MAX, TimeUnit.SECONDS);
    List<Long> published = List.copyOf(confirmed);
    jdbi.useHandle(handle -> DeadPosts.published(handle, published));
    if (!told || published.size() < letters.size()) {
      throw new QuietFailure(
          "the broker confirmed "
              + published.size()
              + " of "
              + letters.size()
              + " dead letters; the others stay and are published again");
    }
    return letters.size() == PAGE;
  }

  /** Of one published letter. The connection's thread. */
  private record Fate(long id, Queue<Long> taken, CountDownLatch open) implements Outbox.Fated {
    @Override
    public void confirmed() {
      taken.add(id);
      open.countDown();
    }

    @Override
    public void unroutable() {
      open.countDown();
    }

    @Override
    public void lost() {
      open.countDown();
    }
  }
}
