package dev.millrace.scheduler.ingest;

import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.wire.DeadCodec;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a message that nobody can read into {@code millrace.dead}, with where it came from and why,
 * and waits for the broker's confirm: only then may the original be acked. Rare; blocks the caller
 * for some milliseconds.
 */
public final class Quarantine {
  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final long CONFIRM_SECONDS_MAX = 5;

  private Quarantine() {}

  /**
   * @throws QuietFailure when the broker did not confirm: the caller must not ack, the message
   *     comes again
   */
  public static void put(Outbox outbox, String from, String cause, byte[] body)
      throws InterruptedException {
    CompletableFuture<Boolean> confirmed = new CompletableFuture<>();
    boolean published =
        outbox.quarantine(
            DeadCodec.encode(from, "scheduler", cause, body),
            new Outbox.Fated() {
              @Override
              public void confirmed() {
                confirmed.complete(true);
              }

              @Override
              public void unroutable() {
                confirmed.complete(false);
              }

              @Override
              public void lost() {
                confirmed.complete(false);
              }
            });
    try {
      if (published && confirmed.get(CONFIRM_SECONDS_MAX, TimeUnit.SECONDS)) {
        log.warn("quarantined a message from={} cause={}; it is in millrace.dead", from, cause);
        return;
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new QuietFailure("the broker did not confirm a quarantined message", e);
    }
    throw new QuietFailure(
        "the broker did not take a quarantined message; the original stays where it is");
  }
}
