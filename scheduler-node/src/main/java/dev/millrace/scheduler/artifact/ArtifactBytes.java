package dev.millrace.scheduler.artifact;

import dev.millrace.scheduler.store.Artifacts.Artifact;
import java.io.IOException;
import java.io.InputStream;

/** Where the bytes of stored artifacts are. Chosen once by the settings. Any thread. */
sealed interface ArtifactBytes permits ChunkRows, DirectoryBytes, S3Bytes {
  /** As the column {@code location} has it. */
  String location();

  /**
   * Keeps all bytes of a complete upload; the same again changes nothing.
   *
   * @param bytes whose hash was checked; not closed here
   */
  void write(Artifact artifact, InputStream bytes) throws IOException, InterruptedException;

  /** One chunk; as long as it must be. */
  byte[] read(Artifact artifact, int number) throws IOException, InterruptedException;

  /** All bytes, from the first; the caller closes it. */
  InputStream open(Artifact artifact) throws IOException, InterruptedException;

  /** What is not there is deleted already. */
  void delete(Artifact artifact) throws IOException, InterruptedException;
}
