package dev.millrace.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes files that nobody but their owner may read.
 *
 * <p>Stateless; safe for any thread.
 */
final class OwnerOnly {
  private OwnerOnly() {}

  /** The permission comes with the creation, so that there is no moment without it. */
  static void write(Path file, String text) throws IOException {
    Files.deleteIfExists(file);
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      var ownerOnly =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
      Files.createFile(file, ownerOnly);
    }
    Files.writeString(file, text);
  }
}
