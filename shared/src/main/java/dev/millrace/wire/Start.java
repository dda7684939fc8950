package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.time.Duration;
import java.time.Instant;

/**
 * What a worker needs to execute one attempt. JSON texts travel as they are. Immutable.
 *
 * @param claim shown again in every report
 * @param handler what executes it
 * @param with the handler's input, a JSON object as text
 * @param params the run's parameters, a JSON object as text
 * @param inputs outputs of the stages that this one needs, by stage id, a JSON object as text
 * @param checkpoint what the previous attempt stored, as JSON text, or null
 * @param timeout how long the attempt may run, or null. Durations travel, never deadlines: clocks
 *     may differ.
 * @param scheduledFor the tick that the run stands for, or null
 * @param traceparent W3C trace context, or null
 * @param item what this one of a fan-out is about, as JSON text, or null
 * @param index the item's place in its fan-out, from 0, or {@link #NO_ITEM}
 * @param heartbeatTimeout an attempt that is silent for so long (no log line, no progress, no
 *     checkpoint) is ended, or null
 * @param secrets what the worker puts into {@code with}, and hides, or null
 */
public record Start(
    Claim claim,
    String job,
    String namespace,
    String handler,
    String with,
    String params,
    String inputs,
    String checkpoint,
    Duration timeout,
    Instant scheduledFor,
    String traceparent,
    String item,
    int index,
    Duration heartbeatTimeout,
    StartSecrets secrets) {
  /** The index of a stage that is no item of a fan-out. */
  public static final int NO_ITEM = -1;

  /** Starts in one message at the most. */
  public static final int BUNDLE_MAX = 64;

  /**
   * A start above this cannot be sent: with it a message may reach {@link Wire#MESSAGE_BYTES_MAX}.
   */
  public static final int CHARS_MAX = 80 * 1024;

  /**
   * A stage whose {@code with} is above this is refused with its definition. With the params below
   * and the claim it always fits; what remains is for inputs and the checkpoint.
   */
  public static final int WITH_CHARS_MAX = 32 * 1024;

  /** Params above this, defaults included, are refused with the run that is asked for. */
  public static final int PARAMS_CHARS_MAX = 32 * 1024;

  /** No item of a fan-out, and free to be silent. */
  public Start(
      Claim claim,
      String job,
      String namespace,
      String handler,
      String with,
      String params,
      String inputs,
      String checkpoint,
      Duration timeout,
      Instant scheduledFor,
      String traceparent) {
    this(
        claim,
        job,
        namespace,
        handler,
        with,
        params,
        inputs,
        checkpoint,
        timeout,
        scheduledFor,
        traceparent,
        null,
        NO_ITEM,
        null,
        null);
  }

  /** Without secrets. */
  public Start(
      Claim claim,
      String job,
      String namespace,
      String handler,
      String with,
      String params,
      String inputs,
      String checkpoint,
      Duration timeout,
      Instant scheduledFor,
      String traceparent,
      String item,
      int index,
      Duration heartbeatTimeout) {
    this(
        claim,
        job,
        namespace,
        handler,
        with,
        params,
        inputs,
        checkpoint,
        timeout,
        scheduledFor,
        traceparent,
        item,
        index,
        heartbeatTimeout,
        null);
  }

  /** The same start for another attempt of its stage. */
  public Start ofAttempt(int attempt) {
    return with(new Claim(claim.run(), claim.stage(), attempt), secrets);
  }

  /** The same start with what lets its worker ask for the stored secrets. */
  public Start granted(String grant) {
    return with(claim, secrets.granted(grant));
  }

  private Start with(Claim otherClaim, StartSecrets otherSecrets) {
    return new Start(
        otherClaim,
        job,
        namespace,
        handler,
        with,
        params,
        inputs,
        checkpoint,
        timeout,
        scheduledFor,
        traceparent,
        item,
        index,
        heartbeatTimeout,
        otherSecrets);
  }

  /** Characters of its JSON, about. */
  public int chars() {
    return 256
        + job.length()
        + namespace.length()
        + length(with)
        + length(params)
        + length(inputs)
        + length(checkpoint)
        + length(item)
        + (secrets == null ? 0 : secrets.chars());
  }

  private static int length(String json) {
    return json == null ? 0 : json.length();
  }
}
