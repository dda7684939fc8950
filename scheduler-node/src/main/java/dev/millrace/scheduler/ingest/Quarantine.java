package dev.millrace.scheduler.ingest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.dispatch.Outbox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
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
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long CONFIRM_SECONDS_MAX = 5;

  /** The base64 form must fit a message again. */
  private static final int BODY_BYTES_MAX = 128 * 1024;

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
            envelope(from, cause, body),
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

  private static byte[] envelope(String from, String cause, byte[] body) {
    var envelope = JSON.createObjectNode();
    envelope
        .put("v", 1)
        .put("type", "dead.message")
        .put("from", from)
        .put("cause", cause)
        .put("bytes", body.length);
    byte[] kept =
        body.length > BODY_BYTES_MAX ? java.util.Arrays.copyOf(body, BODY_BYTES_MAX) : body;
    envelope.put("bodyBase64", Base64.getEncoder().encodeToString(kept));
    try {
      return JSON.writeValueAsString(envelope).getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
