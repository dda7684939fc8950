package dev.millrace.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What one look at a folder finds. */
class FileWalkTest {
  @TempDir Path temporary;
  private Path root;

  @BeforeEach
  void folders() throws IOException {
    root = Files.createDirectories(temporary.toRealPath().resolve("root/in")).getParent();
  }

  private FileWalk.Found walk(String pattern, int depth, int max) {
    FilePattern files = FilePattern.of(root + "/" + pattern, depth);
    return FileWalk.walk(files, new FileRoots(List.of(root)), max);
  }

  private List<String> names(String pattern, int depth) {
    return walk(pattern, depth, 100).files().stream()
        .map(mark -> root.relativize(Path.of(mark.path())).toString())
        .sorted()
        .toList();
  }

  @Test
  void patternsAndDepthSayWhatIsFound() throws IOException {
    Files.createDirectories(root.resolve("in/x/y"));
    for (String name : List.of("in/a.csv", "in/b.txt", "in/x/c.csv", "in/x/y/d.csv")) {
      Files.writeString(root.resolve(name), name);
    }
    assertThat(names("in/*.csv", 0)).containsExactly("in/a.csv");
    assertThat(names("in/*/*.csv", 0)).containsExactly("in/x/c.csv");
    assertThat(names("in/**.csv", 3)).containsExactly("in/a.csv", "in/x/c.csv", "in/x/y/d.csv");
    assertThat(names("in/**.csv", 2)).containsExactly("in/a.csv", "in/x/c.csv");
    assertThat(walk("in/*", 0, 100).state()).isEqualTo(FileWalk.State.READ);
    assertThat(walk("in/a.csv", 0, 100).files().getFirst().size()).isEqualTo(8);
  }

  @Test
  void aFolderThatIsNotThereIsToldAndNotAnError() {
    assertThat(walk("gone/*", 0, 100))
        .isEqualTo(
            new FileWalk.Found(List.of(), FileWalk.State.MISSING, root + "/gone is not there"));
  }

  @Test
  void linksThatLeadOutAreNotLookedAt() throws IOException {
    Path outside = Files.createDirectory(temporary.toRealPath().resolve("outside"));
    Path secret = Files.writeString(outside.resolve("secret.csv"), "x");
    Files.createSymbolicLink(root.resolve("in/secret.csv"), secret);
    Path mine = Files.writeString(root.resolve("mine.csv"), "x");
    Files.createSymbolicLink(root.resolve("in/mine.csv"), mine);
    assertThat(names("in/*.csv", 0)).containsExactly("in/mine.csv");
    Files.createSymbolicLink(root.resolve("out"), outside);
    assertThat(walk("out/*", 0, 100).state()).isEqualTo(FileWalk.State.REFUSED);
    assertThat(names("*/*.csv", 0)).as("folders that are links").containsExactly("in/mine.csv");
  }

  @Test
  void thereIsABound() throws IOException {
    for (int i = 0; i < 5; i++) {
      Files.writeString(root.resolve("in/" + i), "x");
    }
    FileWalk.Found found = walk("in/*", 0, 3);
    assertThat(found.state()).isEqualTo(FileWalk.State.CROWDED);
    assertThat(found.files()).hasSize(3);
    assertThat(found.problem()).contains("3 such files");
  }
}
