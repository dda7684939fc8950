package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.LongNode;
import io.javalin.http.Context;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How often somebody may call, and how often somebody may be wrong about who he is. What is right
 * is never kept out by what is wrong. Of this node only. Any thread.
 */
final class Limits {
  static final int FAILURES_OF_KEY = 10;
  static final int FAILURES_OF_ADDRESS = 100;

  private final Buckets requests;
  private final Buckets failuresOfKey;
  private final Buckets failuresOfAddress;

  Limits(int requestsPerSecond, LongSupplier nanos) {
    this.requests = new Buckets(2.0 * requestsPerSecond, requestsPerSecond, nanos);
    this.failuresOfKey = new Buckets(FAILURES_OF_KEY, 1 / 6.0, nanos);
    this.failuresOfAddress = new Buckets(FAILURES_OF_ADDRESS, 1, nanos);
  }

  /** Counts a wrong credential; too many are answered 429. */
  void failed(String ip, String key) {
    long wait = Math.max(failuresOfAddress.take(ip), failuresOfKey.take(ip + ' ' + key));
    if (wait > 0) {
      throw tooMany(wait, "too many wrong credentials from " + ip);
    }
  }

  /** Keeps those out who were wrong too often, before anything is written about them. */
  void requireFewFailures(String ip) {
    long wait = failuresOfAddress.look(ip);
    if (wait > 0) {
      throw tooMany(wait, "too many wrong credentials from " + ip);
    }
  }

  /** Counts a request; too many are answered 429. */
  void requireCalm(Context http, Principal principal) {
    boolean known =
        principal.kind() == Principal.Kind.TOKEN || principal.kind() == Principal.Kind.OIDC;
    long wait = requests.take(known ? principal.actor("") : http.ip());
    if (wait > 0) {
      throw tooMany(wait, "more requests than one caller may send");
    }
  }

  private static Problem.Refused tooMany(long wait, String detail) {
    return new Problem.Refused(
        new Problem(
            429,
            "rate",
            "Too many requests",
            detail,
            "Wait " + wait + " s, as Retry-After says, and send less.",
            Map.of("retryAfter", LongNode.valueOf(wait))));
  }
}
