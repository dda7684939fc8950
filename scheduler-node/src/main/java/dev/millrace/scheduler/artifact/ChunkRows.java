package dev.millrace.scheduler.artifact;

import dev.millrace.scheduler.store.ArtifactRows;
import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.wire.ArtifactChunks;
import java.io.IOException;
import java.io.InputStream;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * The rows that an upload came in stay, and are the artifact. Also how uploads are read whose bytes
 * go elsewhere. Any thread.
 */
final class ChunkRows implements ArtifactBytes {
  private final Jdbi jdbi;

  ChunkRows(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  @Override
  public String location() {
    return "postgres";
  }

  @Override
  public void write(Artifact artifact, InputStream bytes) {
    // They are there.
  }

  @Override
  public byte[] read(Artifact artifact, int number) throws IOException {
    try {
      byte[] bytes =
          jdbi.withHandle(handle -> ArtifactRows.read(handle, artifact.id(), number)).orElse(null);
      if (bytes == null || bytes.length != ArtifactChunks.length(artifact.size(), number)) {
        throw new IOException("chunk " + number + " of artifact " + artifact.id() + " is gone");
      }
      return bytes;
    } catch (JdbiException e) {
      throw new IOException("the database does not give a chunk", e);
    }
  }

  @Override
  public InputStream open(Artifact artifact) {
    return new ChunkStream(artifact.size(), number -> read(artifact, number));
  }

  @Override
  public void delete(Artifact artifact) {
    // They go with the artifact's row.
  }
}
