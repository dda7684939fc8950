package dev.millrace.settings;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;

/**
 * How to reach the broker. Immutable.
 *
 * @param uri {@code amqp://user:password@host:port/vhost} or {@code amqps:}
 * @param heartbeat whole seconds: a peer that says nothing for about two of them is taken for gone
 * @param connectTimeout for reaching the broker, and again for its login
 */
public record RabbitSettings(String uri, Duration heartbeat, Duration connectTimeout) {
  private static final String KEY = "rabbitmq.url";
  private static final Duration HEARTBEAT_USUAL = Duration.ofSeconds(10);
  private static final Duration CONNECT_TIMEOUT_USUAL = Duration.ofSeconds(5);

  /** The usual times, for whoever has no settings. */
  public static RabbitSettings of(String uri) {
    return new RabbitSettings(uri, HEARTBEAT_USUAL, CONNECT_TIMEOUT_USUAL);
  }

  static RabbitSettings read(Values values) {
    String uri = values.requiredText(KEY, "amqp://guest:guest@localhost:5672");
    if (!uri.isEmpty()) {
      check(values, uri);
    }
    Duration heartbeat =
        values.duration("rabbitmq.heartbeat", Duration.ofSeconds(1), Duration.ofMinutes(5));
    values.require(
        heartbeat.equals(Duration.ofSeconds(heartbeat.toSeconds())),
        "AMQP heartbeats are whole seconds",
        "rabbitmq.heartbeat");
    return new RabbitSettings(
        uri,
        heartbeat,
        values.duration("rabbitmq.connect-timeout", Duration.ofMillis(100), Duration.ofMinutes(5)));
  }

  /** The message never quotes the URL: it holds the password. */
  private static void check(Values values, String uri) {
    try {
      URI parsed = new URI(uri);
      boolean scheme = "amqp".equals(parsed.getScheme()) || "amqps".equals(parsed.getScheme());
      if (!scheme) {
        values.problem(KEY, "must start with amqp:// or amqps://");
      } else if (parsed.getHost() == null) {
        values.problem(KEY, "names no host; write amqp://user:password@host:5672/vhost");
      } else if (parsed.getRawPath() != null && parsed.getRawPath().indexOf('/', 1) > 0) {
        values.problem(KEY, "the virtual host may not contain '/'; write it as %2F");
      }
    } catch (URISyntaxException wrong) {
      values.problem(
          KEY,
          "is not a URL at character "
              + (wrong.getIndex() + 1)
              + "; write special characters of the password as %40 and the like");
    }
  }

  @Override
  public String toString() {
    return "RabbitSettings[uri="
        + Masks.url(uri)
        + ", heartbeat="
        + heartbeat
        + ", connectTimeout="
        + connectTimeout
        + "]";
  }
}
