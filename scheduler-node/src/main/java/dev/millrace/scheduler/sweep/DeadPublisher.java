package dev.millrace.scheduler.sweep;

import dev.millrace.model.RunId;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.wire.DeadCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jdbi.v3.core.Jdbi;

/**
 * Tells other systems of dead letters: each goes to {@code millrace.dead} at least once. The row is
 * the outbox; it is marked when the broker has confirmed the message. Runs on its own loop.
 */
public final class DeadPublisher {
  private static final int LETTERS_PER_PASS_MAX = 100;
  private static final long CONFIRM_SECONDS_MAX = 10;

  private final Jdbi jdbi;
  private final Outbox outbox;

  public DeadPublisher(Jdbi jdbi, Outbox outbox) {
    this.jdbi = jdbi;
    this.outbox = outbox;
  }

  /** One bounded pass; true when there are probably more. */
  public boolean runOnce() throws InterruptedException {
    if (!outbox.ready()) {
      return false;
    }
    List<DeadLetters.Row> letters =
        jdbi.withHandle(handle -> DeadLetters.unpublished(handle, LETTERS_PER_PASS_MAX));
    List<CompletableFuture<Boolean>> fates = new ArrayList<>();
    for (DeadLetters.Row letter : letters) {
      CompletableFuture<Boolean> fate = new CompletableFuture<>();
      if (!outbox.quarantine(encode(letter), new Told(fate))) {
        fate.complete(false);
      }
      fates.add(fate);
    }
    List<Long> confirmed = new ArrayList<>();
    for (int i = 0; i < letters.size(); i++) {
      if (confirmed(fates.get(i))) {
        confirmed.add(letters.get(i).id());
      }
    }
    if (!confirmed.isEmpty()) {
      jdbi.useHandle(handle -> DeadLetters.published(handle, confirmed));
    }
    return confirmed.size() == LETTERS_PER_PASS_MAX;
  }

  private static boolean confirmed(CompletableFuture<Boolean> fate) throws InterruptedException {
    try {
      return fate.get(CONFIRM_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new QuietFailure("the broker did not confirm a dead letter; it is told again", e);
    }
  }

  private static byte[] encode(DeadLetters.Row letter) {
    return DeadCodec.encodeStage(
        new DeadCodec.DeadStage(
            new RunId(letter.id()).toString(),
            new RunId(letter.run()).toString(),
            letter.namespace(),
            letter.job(),
            letter.version(),
            letter.stage(),
            letter.item(),
            letter.reason(),
            letter.error(),
            letter.fingerprint(),
            letter.attempts(),
            letter.worker(),
            letter.firstFailed(),
            letter.lastFailed(),
            letter.message()));
  }

  private record Told(CompletableFuture<Boolean> fate) implements Outbox.Fated {
    @Override
    public void confirmed() {
      fate.complete(true);
    }

    @Override
    public void unroutable() {
      fate.complete(false);
    }

    @Override
    public void lost() {
      fate.complete(false);
    }
  }
}
