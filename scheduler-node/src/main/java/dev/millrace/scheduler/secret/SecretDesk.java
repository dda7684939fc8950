package dev.millrace.scheduler.secret;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.store.SecretRows;
import dev.millrace.secret.SealedAnswer;
import dev.millrace.wire.SecretAnswer;
import dev.millrace.wire.SecretAnswer.Refusal;
import dev.millrace.wire.SecretAnswer.Refused;
import dev.millrace.wire.SecretCodec;
import dev.millrace.wire.SecretRequest;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges who may have which stored secrets: the worker that holds the claim by its row, with the
 * grant that came with its start, for exactly the names that the stage's definition has. The answer
 * is sealed for the key of the request. Any thread.
 */
final class SecretDesk {
  private static final Logger log = LoggerFactory.getLogger(SecretDesk.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Sealed and in base64, more would not fit into a message. */
  private static final int PLAIN_BYTES_MAX = 160 * 1024;

  private final Jdbi jdbi;
  private final SecretVault vault;

  SecretDesk(Jdbi jdbi, SecretVault vault) {
    this.jdbi = jdbi;
    this.vault = vault;
  }

  SecretAnswer answer(SecretRequest request) {
    if (!vault
        .keys()
        .isGranted(request.claim(), request.namespace(), request.names(), request.grant())) {
      log.warn(
          "refused secrets claim={} worker={} names={} cause=grant",
          request.claim(),
          request.worker(),
          request.names());
      return new Refused(
          Refusal.GRANT,
          "the scheduler has not granted these secrets to this attempt, or its keys have changed");
    }
    return jdbi.inTransaction(tx -> answer(tx, request));
  }

  private SecretAnswer answer(Handle tx, SecretRequest request) {
    Optional<Refused> refused = judged(tx, request);
    if (refused.isPresent()) {
      return refused.get();
    }
    Map<String, String> values;
    try {
      values = vault.open(tx, request.namespace(), request.names());
    } catch (SecretVault.Locked locked) {
      log.error("a stored secret cannot be opened cause={}", locked.getMessage());
      return new Refused(Refusal.LOCKED, locked.getMessage());
    }
    for (String name : request.names()) {
      if (!values.containsKey(name)) {
        return new Refused(
            Refusal.UNKNOWN,
            "there is no secret '%s' in namespace '%s'; set it with `millrace secret set %s`"
                .formatted(name, request.namespace(), name));
      }
    }
    return sealed(request, values);
  }

  /** The row says who holds the claim; what a worker says of itself does not count. */
  private static Optional<Refused> judged(Handle tx, SecretRequest request) {
    SecretRows.Holder holder =
        SecretRows.holder(tx, request.claim().run().value(), request.claim().stage()).orElse(null);
    if (holder != null && holder.attempt() == request.claim().attempt()) {
      if (holder.state().equals(StageState.RUNNING.name())
          && request.worker().equals(holder.worker())) {
        return Optional.empty();
      }
      if (holder.state().equals(StageState.QUEUED.name())) {
        return Optional.of(new Refused(Refusal.NOT_YET, "the start is not recorded yet"));
      }
    }
    log.warn(
        "refused secrets claim={} worker={} names={} cause=not-held",
        request.claim(),
        request.worker(),
        request.names());
    return Optional.of(
        new Refused(Refusal.NOT_HELD, "this worker does not hold the claim " + request.claim()));
  }

  private static SecretAnswer sealed(SecretRequest request, Map<String, String> values) {
    try {
      byte[] plain = JSON.writeValueAsBytes(values);
      if (plain.length > PLAIN_BYTES_MAX) {
        return new Refused(
            Refusal.MALFORMED,
            "the secrets of one stage have "
                + plain.length
                + " bytes, possible are "
                + PLAIN_BYTES_MAX);
      }
      byte[] context = SecretCodec.context(request.claim(), request.worker(), request.namespace());
      SealedAnswer answer = SealedAnswer.seal(request.key(), plain, context);
      Arrays.fill(plain, (byte) 0);
      return new SecretAnswer.Sealed(answer.key(), answer.sealed());
    } catch (IllegalArgumentException e) {
      return new Refused(Refusal.MALFORMED, e.getMessage());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of texts can always be written", e);
    }
  }
}
