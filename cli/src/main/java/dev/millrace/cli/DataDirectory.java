package dev.millrace.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * The folder that an embedded Millrace keeps everything in, owned by one process at a time.
 *
 * <pre>{@code
 * <folder>/up.lock      held while a process runs here; tells which, and where its dashboard is
 * <folder>/postgres     the database
 * <folder>/work         folders of attempts
 * <folder>/examples     exists once the example jobs were applied; they are applied once only
 * }</pre>
 *
 * The main thread only.
 */
final class DataDirectory implements AutoCloseable {
  private static final int SECRET_KEY_BYTES = 32;

  private final Path folder;
  private final FileChannel channel;

  private DataDirectory(Path folder, FileChannel channel) {
    this.folder = folder;
    this.channel = channel;
  }

  /** Takes the folder, creating it when it is missing. Never waits. */
  static DataDirectory take(Path wanted) {
    try {
      Path folder = Files.createDirectories(wanted.toAbsolutePath().normalize());
      Path file = folder.resolve("up.lock");
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (!locked(channel)) {
        channel.close();
        throw new UserError(
            "Millrace already runs in " + folder + " (" + Files.readString(file).strip() + ")",
            "Use that one, stop it first, or give this one its own --data-dir and --port.");
      }
      DataDirectory taken = new DataDirectory(folder, channel);
      taken.tell("process " + ProcessHandle.current().pid());
      return taken;
    } catch (IOException e) {
      throw new UserError(
          "the data folder " + wanted + " cannot be used: " + Reasons.of(e),
          "Name another one with --data-dir.",
          e);
    }
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return false;
    }
  }

  /** What somebody else is told who wants the folder too. */
  void tell(String text) throws IOException {
    byte[] line = (text + "\n").getBytes(StandardCharsets.UTF_8);
    channel.truncate(0).write(ByteBuffer.wrap(line), 0);
  }

  Path folder() {
    return folder;
  }

  Path postgres() {
    return folder.resolve("postgres");
  }

  Path work() {
    return folder.resolve("work");
  }

  /**
   * The file with the key of stored secrets, made when it is missing and readable by its owner
   * only. Without it what was stored cannot be read again.
   */
  Path secretKeys() throws IOException {
    Path file = folder.resolve("secrets.key");
    if (!Files.exists(file)) {
      byte[] key = new byte[SECRET_KEY_BYTES];
      new SecureRandom().nextBytes(key);
      Path made = folder.resolve("secrets.key.new");
      Files.deleteIfExists(made);
      // The permission comes with the creation, so that there is no moment without it.
      if (made.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            made,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(made, "up:" + Base64.getEncoder().encodeToString(key) + "\n");
      Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
    }
    return file;
  }

  boolean examplesApplied() {
    return Files.exists(folder.resolve("examples"));
  }

  void rememberExamples() throws IOException {
    Files.writeString(folder.resolve("examples"), "applied once; edit or delete the jobs freely\n");
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UserError("the lock of " + folder + " cannot be released", "", e);
    }
  }
}
