package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.util.Optional;

/**
 * What a worker asks of any scheduler node on {@code millrace.artifacts}. Every request may arrive
 * twice or late and does the same again. Immutable.
 */
public sealed interface ArtifactRequest {
  /** The artifact will come in chunks. The same again gets the same id. */
  record Begin(Claim claim, String name, String mediaType, long size, String sha256)
      implements ArtifactRequest {
    public Begin {
      if (claim == null) {
        throw new IllegalArgumentException("claim is missing");
      }
      Optional<String> problem =
          ArtifactReference.nameProblem(name)
              .or(() -> ArtifactReference.mediaTypeProblem(mediaType));
      if (problem.isPresent()) {
        throw new IllegalArgumentException(problem.get());
      }
      ArtifactReference.requireSize(size);
      ArtifactReference.requireSha256(sha256);
    }
  }

  /** Chunk number 0, 1, 2 ..., in any order. */
  record Chunk(String artifact, int number, byte[] data) implements ArtifactRequest {
    public Chunk {
      ArtifactReference.requireId(artifact);
      requireNumber(number);
      if (data == null || data.length == 0 || data.length > ArtifactChunks.BYTES) {
        throw new IllegalArgumentException("data must be 1 to " + ArtifactChunks.BYTES + " bytes");
      }
    }
  }

  /** All chunks were taken: make it visible. */
  record End(String artifact) implements ArtifactRequest {
    public End {
      ArtifactReference.requireId(artifact);
    }
  }

  /** Give one chunk of a visible artifact; 0 also of an empty one. */
  record Get(String artifact, int number) implements ArtifactRequest {
    public Get {
      ArtifactReference.requireId(artifact);
      requireNumber(number);
    }
  }

  private static void requireNumber(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("number must be 0 or more");
    }
  }
}
