package dev.millrace.model;

import java.time.Duration;
import java.util.List;

/**
 * A URL that other systems call to start runs of a job; its calls are signed. Immutable.
 *
 * @param name ends its URL; unique among the webhooks of a job
 * @param secrets references to what its calls are signed with, such as {@code ${env:NAME}}: one, or
 *     two while it is being changed
 * @param scheme how its calls are signed
 * @param header the header that has the signature
 * @param window how far the signed time may be from now; null where no time is signed
 * @param once true when equal calls, with the same signature, start one run
 * @param mapJson the run's params as JSON text: an object, or a text that is one expression; its
 *     strings may hold expressions. Null for none
 * @param key the expression for the run's key, or null
 * @param condition the expression that says whether a call starts a run, or null
 */
public record WebhookTrigger(
    String name,
    List<String> secrets,
    Scheme scheme,
    String header,
    Duration window,
    boolean once,
    String mapJson,
    String key,
    String condition)
    implements EventTrigger {
  public static final String KIND = "webhook";
  public static final String DEFAULT_NAME = "webhook";
  public static final Duration DEFAULT_WINDOW = Duration.ofMinutes(5);

  /** How a call is signed: always HMAC-SHA256 of the body as it came. */
  public enum Scheme {
    /** {@code sha256=} and hexadecimal digits. */
    GITHUB("X-Hub-Signature-256"),
    /** {@code t=SECONDS,v1=HEX}; what is signed is the seconds, a dot, and the body. */
    STRIPE("Stripe-Signature"),
    /** Hexadecimal digits. */
    HEX("X-Signature"),
    /** Base 64. */
    BASE64("X-Signature");

    private final String header;

    Scheme(String header) {
      this.header = header;
    }

    /** Where it stands unless something else is said. */
    public String header() {
      return header;
    }

    /** True when an old call can be told from a new one. */
    public boolean signsTime() {
      return this == STRIPE;
    }
  }

  public WebhookTrigger {
    secrets = List.copyOf(secrets);
  }

  @Override
  public String kind() {
    return KIND;
  }
}
