package dev.millrace.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * One look at a folder and those below it. Links to folders are not followed, and what a link leads
 * to outside of the roots is not looked at. Used once, by one thread.
 */
public final class FileWalk {
  /** Entries of folders that one walk goes through. */
  public static final int ENTRIES_MAX = 100_000;

  /** How a look went. */
  public enum State {
    /** The folder was read. */
    READ,
    /** It is not there. */
    MISSING,
    /** It is there and cannot be read, or some of the folders below cannot. */
    UNREADABLE,
    /** It leads out of the roots. */
    REFUSED,
    /** It has more entries or more such files than are looked at. */
    CROWDED
  }

  /**
   * What was found.
   *
   * @param problem what is wrong, for people, or null
   */
  public record Found(List<FileMark> files, State state, String problem) {
    public Found {
      files = List.copyOf(files);
    }
  }

  private final FilePattern pattern;
  private final FileRoots roots;
  private final int filesMax;
  private final List<FileMark> files = new ArrayList<>();
  private int entries;
  private boolean crowded;
  private String unreadable;

  private FileWalk(FilePattern pattern, FileRoots roots, int filesMax) {
    this.pattern = pattern;
    this.roots = roots;
    this.filesMax = filesMax;
  }

  /**
   * @param filesMax files that are looked at
   */
  public static Found walk(FilePattern pattern, FileRoots roots, int filesMax) {
    return new FileWalk(pattern, roots, filesMax).found();
  }

  private Found found() {
    Path folder = pattern.folder();
    if (!roots.allow(folder)) {
      return new Found(List.of(), State.REFUSED, folder + " leads out of the allowed folders");
    }
    try {
      walk(folder, pattern.depth());
    } catch (NoSuchFileException | NotDirectoryException e) {
      return new Found(List.of(), State.MISSING, folder + " is not there");
    } catch (IOException | DirectoryIteratorException e) {
      unreadable = cannotRead(folder, e);
    }
    if (crowded) {
      String more =
          "%s has more than %d entries or %d such files; the others are not looked at"
              .formatted(folder, ENTRIES_MAX, filesMax);
      return new Found(files, State.CROWDED, more);
    }
    return new Found(files, unreadable == null ? State.READ : State.UNREADABLE, unreadable);
  }

  private static String cannotRead(Path folder, Exception cause) {
    return folder + " cannot be read (" + cause.getMessage() + ")";
  }

  private void walk(Path folder, int levels) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path path : inside) {
        if (++entries > ENTRIES_MAX || files.size() >= filesMax) {
          crowded = true;
          return;
        }
        if (levels > 1 && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          walkOn(path, levels - 1);
        } else if (pattern.files().matches(path)) {
          look(path);
        }
      }
    }
  }

  /** A folder below may go, or be closed to us, while the others are looked at. */
  private void walkOn(Path folder, int levels) {
    try {
      walk(folder, levels);
    } catch (NoSuchFileException e) {
      // it went since it was listed
    } catch (IOException | DirectoryIteratorException e) {
      unreadable = cannotRead(folder, e);
    }
  }

  /** A regular file that may be looked at. */
  private void look(Path path) {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (attributes.isRegularFile() && (!Files.isSymbolicLink(path) || roots.allow(path))) {
        files.add(
            new FileMark(
                path.toString(), attributes.size(), attributes.lastModifiedTime().toInstant()));
      }
    } catch (IOException e) {
      // gone since it was listed
    }
  }
}
