package dev.millrace.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Moves a file into a folder, so that it may be asked for again after a crash at any point: the
 * file is always whole in one of both places, and is there once when it is over. Nothing there is
 * overwritten. Stateless; any thread, but one at a time for one file.
 */
public final class FileMover {
  /** Files of one name that a folder can take. */
  static final int NAMES_MAX = 10_000;

  private FileMover() {}

  /** What came of it. */
  public sealed interface Moved {
    /** It is there under this path. */
    record To(String path) implements Moved {}

    /** It was not where it was to be taken from, or is another one by now: nothing was done. */
    record Gone() implements Moved {}

    /** It may not be moved. */
    record Refused(String problem) implements Moved {}
  }

  /**
   * @param folder made when it is missing
   * @param by tells apart who copies; the same after a restart
   * @throws IOException may be tried again
   */
  public static Moved move(FileMark mark, Path folder, FileRoots roots, String by)
      throws IOException {
    Path source = Path.of(mark.path());
    for (Path path : new Path[] {source, folder}) {
      if (!roots.allow(path)) {
        return new Moved.Refused(path + " leads out of the allowed folders");
      }
    }
    if (!isStill(source, mark)) {
      return new Moved.Gone();
    }
    Files.createDirectories(folder);
    for (int number = 0; number < NAMES_MAX; number++) {
      Path target = folder.resolve(numbered(mark.name(), number));
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        if (isCopy(source, target)) { // of a copy that crashed before its end
          Files.delete(source);
          return new Moved.To(target.toString());
        }
      } else if (take(source, target, by)) {
        return new Moved.To(target.toString());
      }
    }
    return new Moved.Refused(folder + " has " + NAMES_MAX + " files named like " + mark.name());
  }

  /** {@code a.csv}, {@code a.1.csv}, {@code a.2.csv} and so on. */
  static String numbered(String name, int number) {
    if (number == 0) {
      return name;
    }
    int dot = name.lastIndexOf('.');
    return dot <= 0
        ? name + "." + number
        : name.substring(0, dot) + "." + number + name.substring(dot);
  }

  private static boolean isStill(Path source, FileMark mark) throws IOException {
    try {
      var attributes = Files.readAttributes(source, BasicFileAttributes.class);
      FileMark now =
          new FileMark(mark.path(), attributes.size(), attributes.lastModifiedTime().toInstant());
      return attributes.isRegularFile()
          && now.size() == mark.size()
          && now.modifiedMicros() == mark.modifiedMicros();
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static boolean isCopy(Path source, Path target) throws IOException {
    return Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && Files.size(target) == Files.size(source)
        && Files.getLastModifiedTime(target).equals(Files.getLastModifiedTime(source))
        && Files.mismatch(source, target) < 0;
  }

  /** False when somebody else has taken the name meanwhile. */
  private static boolean take(Path source, Path target, String by) throws IOException {
    try {
      Files.createFile(target); // the name is ours; to rename would overwrite another's file
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    try {
      Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      copy(source, target, by);
      Files.delete(source);
    } catch (IOException e) {
      Files.deleteIfExists(target);
      throw e;
    }
    return true;
  }

  /** To another file system: durable there before it goes here. */
  static void copy(Path source, Path target, String by) throws IOException {
    Path part = target.resolveSibling("." + target.getFileName() + "." + by + ".part");
    try {
      Files.copy(
          source, part, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      sync(part);
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      sync(target.getParent());
    } catch (IOException e) {
      Files.deleteIfExists(part);
      Files.deleteIfExists(target);
      throw e;
    }
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
