package dev.millrace.wire;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.time.Instant;

/**
 * A stage that failed for good, as operators and other systems are told of it. Immutable.
 *
 * @param id the dead letter's own
 * @param claim of the last attempt; its attempt is 0 when there was none
 * @param item number of the item of a fan-out, or {@link Start#NO_ITEM}
 * @param message what the last attempt was started with, a JSON object as text, secrets masked
 * @param reason the class of the error
 * @param error what went wrong, or null
 * @param fingerprint equal for errors that look alike
 * @param attempts how many failed or were lost
 * @param worker who ran the last one, or null
 */
public record DeadStage(
    RunId id,
    Claim claim,
    String namespace,
    String job,
    int version,
    int item,
    String handler,
    String pool,
    String message,
    String reason,
    String error,
    String fingerprint,
    int attempts,
    String worker,
    Instant firstFailed,
    Instant lastFailed) {}
