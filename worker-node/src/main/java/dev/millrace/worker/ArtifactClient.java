package dev.millrace.worker;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.runtime.Service;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactCodec;
import dev.millrace.wire.ArtifactRequest;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.worker.NodeRequests.Asked;
import dev.millrace.worker.NodeRequests.Question;
import java.io.IOException;
import java.time.Duration;

/** Asks scheduler nodes for artifacts. Any thread. */
final class ArtifactClient implements Service {
  /** Requests of this worker under way; with their answers some 7 MiB at the most. */
  static final int UNDER_WAY_MAX = NodeRequests.UNDER_WAY_MAX;

  /**
   * How patient it is.
   *
   * @param answer with one request; then it is asked again
   * @param all with all repetitions of one request
   */
  record Patience(Duration answer, Duration all) {
    static final Patience USUAL = new Patience(Duration.ofSeconds(20), Duration.ofMinutes(3));
  }

  private final NodeRequests requests;

  ArtifactClient(String worker, RabbitSettings broker, Patience patience) {
    requests =
        new NodeRequests(
            "worker-artifacts-" + worker,
            broker,
            new NodeRequests.Patience(patience.answer(), patience.all()));
  }

  @Override
  public void start() {
    requests.start();
  }

  @Override
  public void close() {
    requests.close();
  }

  AmqpLink link() {
    return requests.link();
  }

  /** Asks and waits for a final answer. */
  ArtifactAnswer ask(ArtifactRequest request) throws IOException, InterruptedException {
    return await(begin(request));
  }

  /** As {@link NodeRequests#begin}. */
  Asked<ArtifactAnswer> begin(ArtifactRequest request) throws InterruptedException {
    return requests.begin(question(request));
  }

  /** As {@link NodeRequests#tryBegin}. */
  Asked<ArtifactAnswer> tryBegin(ArtifactRequest request) {
    return requests.tryBegin(question(request));
  }

  /**
   * Waits for the answer, asking again as long as patience lasts.
   *
   * @throws ArtifactException when it was refused or nobody answered
   */
  ArtifactAnswer await(Asked<ArtifactAnswer> asked) throws IOException, InterruptedException {
    ArtifactAnswer answer;
    try {
      answer = requests.await(asked);
    } catch (NodeRequests.NoAnswer e) {
      throw new ArtifactException(Refusal.UNAVAILABLE, e.getMessage());
    }
    if (answer instanceof ArtifactAnswer.Refused refused) {
      throw new ArtifactException(refused.why(), refused.message());
    }
    return answer;
  }

  /** Nobody waits for it any more. */
  void forget(Asked<ArtifactAnswer> asked) {
    requests.forget(asked);
  }

  private static Question<ArtifactAnswer> question(ArtifactRequest request) {
    return new Question<>(
        Entities.ARTIFACTS,
        ArtifactCodec.encode(request),
        ArtifactClient::decoded,
        answer ->
            answer instanceof ArtifactAnswer.Refused refused && refused.why().isPassing()
                ? refused.message()
                : null);
  }

  private static ArtifactAnswer decoded(byte[] body) {
    return switch (ArtifactCodec.decodeAnswer(body)) {
      case Decoded.Ok<ArtifactAnswer> ok -> ok.value();
      case Decoded.Bad<ArtifactAnswer> bad ->
          new ArtifactAnswer.Refused(Refusal.MALFORMED, bad.cause());
    };
  }
}
