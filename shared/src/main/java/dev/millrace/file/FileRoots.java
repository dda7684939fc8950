package dev.millrace.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The folders below which jobs may look for files. Immutable; any thread. */
public record FileRoots(List<Path> roots) {
  public FileRoots {
    roots = List.copyOf(roots);
  }

  public boolean isEmpty() {
    return roots.isEmpty();
  }

  /**
   * Does it lie below one of them, wherever links lead? A part that does not exist leads nowhere.
   */
  public boolean allow(Path path) {
    Path real = real(path);
    return roots.stream().anyMatch(root -> real.startsWith(real(root)));
  }

  private static Path real(Path path) {
    Path normal = path.normalize();
    for (Path there = normal; there != null; there = there.getParent()) {
      try {
        return there.toRealPath().resolve(there.relativize(normal));
      } catch (IOException e) {
        // not there: its parent may be
      }
    }
    return normal;
  }
}
