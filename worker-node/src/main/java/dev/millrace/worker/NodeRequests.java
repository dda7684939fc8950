package dev.millrace.worker;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.amqp.Letter;
import dev.millrace.amqp.QueueConsumer;
import dev.millrace.amqp.Topology;
import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Service;
import dev.millrace.settings.RabbitSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks scheduler nodes, over a connection of its own, so that megabytes never stand before a
 * heartbeat; it is opened when it is needed first. What gets no answer is asked again: all requests
 * may be repeated. Any thread.
 */
final class NodeRequests implements Service {
  /** Requests of this worker under way; with their answers some 7 MiB at the most. */
  static final int UNDER_WAY_MAX = 16;

  private static final Logger log = LoggerFactory.getLogger(NodeRequests.class);
  private static final Duration PAUSE_FIRST = Duration.ofMillis(50);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(2);

  /**
   * How patient it is.
   *
   * @param answer with one request; then it is asked again
   * @param all with all repetitions of one request
   */
  record Patience(Duration answer, Duration all) {}

  /** A request under way; it can be repeated, under another number. One thread's. */
  static final class Asked<A> {
    private final Question<A> question;
    private CompletableFuture<byte[]> answer;
    private String number;

    private Asked(Question<A> question) {
      this.question = question;
    }
  }

  /**
   * What is asked.
   *
   * @param queue where scheduler nodes take it
   * @param reader reads an answer
   * @param passing tells why an answer is worth asking again, or null when it is final
   */
  record Question<A>(
      String queue, byte[] body, Function<byte[], A> reader, Function<A, String> passing) {}

  /** Nobody gave a final answer. */
  static final class NoAnswer extends IOException {
    private static final long serialVersionUID = 1;

    NoAnswer(String message) {
      super(message);
    }
  }

  private final AmqpLink link;
  private final Patience patience;
  private final ConfirmedPublisher<String> publisher = new ConfirmedPublisher<>(new Fates());
  private final QueueConsumer answers;
  private final Map<String, CompletableFuture<byte[]>> open = new ConcurrentHashMap<>();
  private final Semaphore underWay = new Semaphore(UNDER_WAY_MAX);
  private final AtomicLong numbers = new AtomicLong();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile String answerQueue;
  private boolean started;

  /**
   * @param name of its connection
   */
  NodeRequests(String name, RabbitSettings broker, Patience patience) {
    this.patience = patience;
    this.answers = new QueueConsumer(channel -> declare(channel), UNDER_WAY_MAX, this::answered);
    this.link = new AmqpLink(name, broker, List.of(answers, publisher, losses()));
    publisher.on(link);
    answers.on(link);
  }

  private String declare(com.rabbitmq.client.Channel channel) throws IOException {
    Topology.declareShared(channel);
    answerQueue = Topology.declareAnswers(channel);
    return answerQueue;
  }

  /** Connects when somebody asks first. */
  @Override
  public void start() {}

  /** Whoever still asks is told that the worker ends. */
  @Override
  public void close() {
    closed.countDown();
    failOpen("the worker ends");
    synchronized (this) {
      if (started) {
        link.close();
      }
    }
  }

  AmqpLink link() {
    return link;
  }

  /** Begins to ask; waits while too much is under way. */
  <A> Asked<A> begin(Question<A> question) throws InterruptedException {
    connect();
    Asked<A> asked = new Asked<>(question);
    underWay.acquire();
    send(asked);
    return asked;
  }

  /** Begins to ask one more thing, unless too much is under way. */
  <A> Asked<A> tryBegin(Question<A> question) {
    if (!underWay.tryAcquire()) {
      return null;
    }
    Asked<A> asked = new Asked<>(question);
    send(asked);
    return asked;
  }

  /**
   * Waits for a final answer, asking again as long as patience lasts.
   *
   * @throws NoAnswer when there was none
   */
  <A> A await(Asked<A> asked) throws NoAnswer, InterruptedException {
    try {
      return awaitPatiently(asked);
    } finally {
      forget(asked);
    }
  }

  private <A> A awaitPatiently(Asked<A> asked) throws NoAnswer, InterruptedException {
    long giveUpNanos = System.nanoTime() + patience.all().toNanos();
    Delays pauses = new Delays(PAUSE_FIRST, PAUSE_MAX);
    String problem;
    do {
      problem = "no scheduler node answered";
      try {
        A answer =
            asked
                .question
                .reader()
                .apply(asked.answer.get(patience.answer().toMillis(), TimeUnit.MILLISECONDS));
        String again = asked.question.passing().apply(answer);
        if (again == null) {
          return answer;
        }
        problem = again;
      } catch (ExecutionException e) {
        problem = e.getCause().getMessage();
      } catch (TimeoutException e) {
        forget(asked);
      }
      if (closed.await(pauses.nextMillis(), TimeUnit.MILLISECONDS)) {
        throw new NoAnswer("the worker ends");
      }
      log.debug("asking again queue={} cause={}", asked.question.queue(), problem);
      underWay.acquire();
      send(asked);
    } while (System.nanoTime() < giveUpNanos);
    throw new NoAnswer(problem + " within " + patience.all() + "; gave up");
  }

  /** Nobody waits for it any more. */
  void forget(Asked<?> asked) {
    take(asked.number);
  }

  /** What waits under this number, once: its place is free. */
  private Optional<CompletableFuture<byte[]>> take(String number) {
    CompletableFuture<byte[]> asked = number == null ? null : open.remove(number);
    if (asked != null) {
      underWay.release();
    }
    return Optional.ofNullable(asked);
  }

  private void send(Asked<?> asked) {
    String number = Long.toString(numbers.incrementAndGet());
    asked.number = number;
    asked.answer = new CompletableFuture<>();
    open.put(number, asked.answer);
    String replyTo = answerQueue;
    Letter letter = new Letter(replyTo, number);
    if (replyTo == null
        || !publisher.publish(
            asked.question.queue(), letter, true, asked.question.body(), number)) {
      lost(number);
    }
  }

  private synchronized void connect() {
    if (!started && closed.getCount() > 0) {
      started = true;
      link.start();
    }
  }

  /** On the connection's thread. */
  private void answered(QueueConsumer.Delivery delivery) {
    answers.ack(delivery.generation(), delivery.tag(), false);
    // Nobody waits for an answer to what was asked again meanwhile.
    take(delivery.letter().correlationId()).ifPresent(asked -> asked.complete(delivery.body()));
  }

  private void lost(String number) {
    fail(number, "the broker did not take the request");
  }

  private void failOpen(String why) {
    List.copyOf(open.keySet()).forEach(number -> fail(number, why));
  }

  private void fail(String number, String why) {
    take(number).ifPresent(asked -> asked.completeExceptionally(new IOException(why)));
  }

  /** With the connection the queue of answers is gone, and every answer to come with it. */
  private AmqpLink.Session losses() {
    return new AmqpLink.Session() {
      @Override
      public void opened(Connection connection, long generation) {}

      @Override
      public void closed(long generation) {
        answerQueue = null;
        failOpen("the connection to the broker was lost");
      }
    };
  }

  /** Told on the connection's threads. */
  private final class Fates implements ConfirmedPublisher.Fate<String> {
    @Override
    public void confirmed(String number) {
      // The answer is what counts.
    }

    @Override
    public void unroutable(String number) {
      lost(number);
    }

    @Override
    public void lost(String number) {
      NodeRequests.this.lost(number);
    }
  }

  @Override
  public String toString() {
    return "requests to scheduler nodes";
  }
}
