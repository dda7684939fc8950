package dev.millrace.scheduler.artifact;

import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactRequest;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/** What a node counts of artifacts. Labels come from the protocol's fixed words. Thread-safe. */
final class ArtifactMeters {
  private final MeterRegistry registry;

  ArtifactMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  void answered(ArtifactRequest request, ArtifactAnswer answer) {
    String asked = request.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    registry
        .counter("millrace.artifact.requests", "request", asked, "answer", word(answer))
        .increment();
    if (request instanceof ArtifactRequest.Chunk chunk && answer instanceof ArtifactAnswer.Took) {
      registry.counter("millrace.artifact.bytes", "way", "in").increment(chunk.data().length);
    }
    if (answer instanceof ArtifactAnswer.Data data) {
      registry.counter("millrace.artifact.bytes", "way", "out").increment(data.data().length);
    }
  }

  private static String word(ArtifactAnswer answer) {
    return answer instanceof ArtifactAnswer.Refused refused
        ? refused.why().name().toLowerCase(Locale.ROOT)
        : "done";
  }

  void quarantined() {
    registry.counter("millrace.messages.quarantined").increment();
  }

  void deleted(int artifacts) {
    registry.counter("millrace.artifact.deleted").increment(artifacts);
  }
}
