package dev.millrace.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.runtime.Service;
import dev.millrace.secret.SealedAnswer;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.SecretAnswer;
import dev.millrace.wire.SecretAnswer.Refusal;
import dev.millrace.wire.SecretCodec;
import dev.millrace.wire.SecretRequest;
import dev.millrace.wire.Start;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Asks scheduler nodes for the stored secrets of an attempt, each time with a key that is used
 * once. Any thread.
 */
final class SecretClient implements Service {
  private final String worker;
  private final NodeRequests requests;

  SecretClient(String worker, RabbitSettings broker, NodeRequests.Patience patience) {
    this.worker = worker;
    this.requests = new NodeRequests("worker-secrets-" + worker, broker, patience);
  }

  /** Connects when the first secret is asked for. */
  @Override
  public void start() {
    requests.start();
  }

  @Override
  public void close() {
    requests.close();
  }

  /** The values by name, of all stored secrets that the start refers to. */
  Map<String, String> ask(Start start) throws SecretException, InterruptedException {
    String names = String.join(", ", start.secrets().names());
    if (start.secrets().grant() == null) {
      throw new SecretException(
          "secret "
              + names
              + ": the scheduler has no keys for stored secrets; set MILLRACE_SECRETS_KEYS there",
          false);
    }
    KeyPair keys = SealedAnswer.newKeys();
    SecretRequest request =
        new SecretRequest(
            start.claim(),
            worker,
            start.namespace(),
            start.secrets().names(),
            start.secrets().grant(),
            SealedAnswer.publicKey(keys));
    SecretAnswer answer;
    try {
      answer = requests.await(requests.begin(question(request)));
    } catch (NodeRequests.NoAnswer e) {
      throw new SecretException("secret " + names + ": " + e.getMessage(), true);
    }
    return switch (answer) {
      case SecretAnswer.Refused refused ->
          throw new SecretException("secret " + names + ": " + refused.message(), false);
      case SecretAnswer.Sealed sealed -> opened(keys, start, sealed, names);
    };
  }

  private Map<String, String> opened(
      KeyPair keys, Start start, SecretAnswer.Sealed sealed, String names) throws SecretException {
    byte[] context = SecretCodec.context(start.claim(), worker, start.namespace());
    byte[] plain =
        new SealedAnswer(sealed.key(), sealed.sealed())
            .open(keys, context)
            .orElseThrow(
                () -> new SecretException("secret " + names + ": the answer does not open", true));
    JsonNode json = JsonText.tree(new String(plain, StandardCharsets.UTF_8));
    Map<String, String> values = new LinkedHashMap<>();
    for (String name : start.secrets().names()) {
      if (!json.path(name).isTextual()) {
        throw new SecretException("secret " + name + ": is not in the answer", true);
      }
      values.put(name, json.get(name).textValue());
    }
    return values;
  }

  private static NodeRequests.Question<SecretAnswer> question(SecretRequest request) {
    return new NodeRequests.Question<>(
        Entities.SECRETS,
        SecretCodec.encode(request),
        SecretClient::decoded,
        answer ->
            answer instanceof SecretAnswer.Refused refused && refused.why().isPassing()
                ? refused.message()
                : null);
  }

  private static SecretAnswer decoded(byte[] body) {
    return switch (SecretCodec.decodeAnswer(body)) {
      case Decoded.Ok<SecretAnswer> ok -> ok.value();
      case Decoded.Bad<SecretAnswer> bad ->
          new SecretAnswer.Refused(Refusal.MALFORMED, bad.cause());
    };
  }
}
