package dev.millrace.scheduler.artifact;

import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.wire.ArtifactChunks;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A folder that all nodes share. A file's path is made of the artifact's id, which this side chose,
 * and of nothing that a user wrote. It appears whole: written beside, synced, renamed. Any thread.
 */
final class DirectoryBytes implements ArtifactBytes {
  private final Path root;

  DirectoryBytes(Path root) {
    this.root = root;
  }

  @Override
  public String location() {
    return "dir";
  }

  @Override
  public void write(Artifact artifact, InputStream bytes) throws IOException {
    Path file = file(artifact);
    if (Files.exists(file)) {
      return;
    }
    Files.createDirectories(file.getParent());
    // Readable by this user only.
    Path part = Files.createTempFile(file.getParent(), artifact.id() + ".", ".part");
    try {
      try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE);
          OutputStream out = Channels.newOutputStream(channel)) {
        bytes.transferTo(out);
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
    syncFolder(file.getParent());
  }

  /** Without it the name may be lost with the power, though the bytes are not. */
  private static void syncFolder(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  @Override
  public byte[] read(Artifact artifact, int number) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(ArtifactChunks.length(artifact.size(), number));
    long from = (long) number * ArtifactChunks.BYTES;
    try (FileChannel channel = FileChannel.open(file(artifact), StandardOpenOption.READ)) {
      while (chunk.hasRemaining()) {
        if (channel.read(chunk, from + chunk.position()) < 0) {
          throw new IOException("the file of artifact " + artifact.id() + " is too short");
        }
      }
    }
    return chunk.array();
  }

  @Override
  public InputStream open(Artifact artifact) throws IOException {
    return Files.newInputStream(file(artifact));
  }

  @Override
  public void delete(Artifact artifact) throws IOException {
    Path folder = file(artifact).getParent();
    // What a node left that died while it wrote goes too.
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, artifact.id() + "*")) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException e) {
      return; // nothing was ever written there
    }
  }

  private Path file(Artifact artifact) {
    return root.resolve(artifact.id().substring(0, 2)).resolve(artifact.id());
  }
}
