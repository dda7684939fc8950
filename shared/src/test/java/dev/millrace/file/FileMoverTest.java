package dev.millrace.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file gets to its folder once, wherever the last one who tried it has crashed. */
class FileMoverTest {
  private static final Instant WRITTEN = Instant.parse("2027-01-01T00:00:00.123456Z");

  @TempDir Path temporary;
  private Path in;
  private Path archive;

  @BeforeEach
  void folders() throws IOException {
    in = Files.createDirectory(temporary.toRealPath().resolve("in"));
    archive = in.resolveSibling("archive");
  }

  private FileMark file(String name, String text) throws IOException {
    Path path = Files.writeString(in.resolve(name), text);
    Files.setLastModifiedTime(path, FileTime.from(WRITTEN));
    return new FileMark(path.toString(), text.length(), WRITTEN);
  }

  private FileMover.Moved move(FileMark mark) throws IOException {
    return FileMover.move(mark, archive, new FileRoots(List.of(temporary.toRealPath())), "test");
  }

  private List<String> archived() throws IOException {
    try (Stream<Path> files = Files.list(archive)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void itIsMovedAndMovingItAgainDoesNothing() throws IOException {
    FileMark mark = file("a.csv", "one");
    assertThat(move(mark)).isEqualTo(new FileMover.Moved.To(archive.resolve("a.csv").toString()));
    assertThat(Path.of(mark.path())).doesNotExist();
    assertThat(archive.resolve("a.csv")).hasContent("one");
    assertThat(move(mark)).isEqualTo(new FileMover.Moved.Gone());
    assertThat(archived()).containsExactly("a.csv");
  }

  @Test
  void nothingIsOverwritten() throws IOException {
    move(file("a.csv", "one"));
    move(file("a.csv", "two"));
    move(file("a.csv", "three"));
    move(file("plain", "1"));
    move(file("plain", "2"));
    move(file(".hidden", "1"));
    move(file(".hidden", "2"));
    assertThat(archived())
        .containsExactly(".hidden", ".hidden.1", "a.1.csv", "a.2.csv", "a.csv", "plain", "plain.1");
    assertThat(archive.resolve("a.csv")).hasContent("one");
    assertThat(archive.resolve("a.2.csv")).hasContent("three");
  }

  @Test
  void whatWasWrittenSinceStays() throws IOException {
    FileMark mark = file("a.csv", "one");
    Files.writeString(Path.of(mark.path()), "longer");
    assertThat(move(mark)).isEqualTo(new FileMover.Moved.Gone());
    assertThat(Path.of(mark.path())).hasContent("longer");
    FileMark same = file("b.csv", "one");
    Files.setLastModifiedTime(Path.of(same.path()), FileTime.from(WRITTEN.plusMillis(1)));
    assertThat(move(same)).isEqualTo(new FileMover.Moved.Gone());
    assertThat(Path.of(same.path())).exists();
  }

  @Test
  void aCopyThatCrashedBeforeItsEndIsEnded() throws IOException {
    FileMark mark = file("a.csv", "one");
    Files.createDirectory(archive);
    FileMover.copy(Path.of(mark.path()), archive.resolve("a.csv"), "test");
    assertThat(Path.of(mark.path())).exists();
    assertThat(move(mark)).isEqualTo(new FileMover.Moved.To(archive.resolve("a.csv").toString()));
    assertThat(Path.of(mark.path())).doesNotExist();
    assertThat(archived()).containsExactly("a.csv");
  }

  @Test
  void aCopyKeepsBytesAndTimeAndLeavesNothingBeside() throws IOException {
    FileMark mark = file("a.csv", "one");
    Files.createDirectory(archive);
    Files.writeString(archive.resolve(".a.csv.test.part"), "half of one that crashed");
    FileMover.copy(Path.of(mark.path()), archive.resolve("a.csv"), "test");
    assertThat(archived()).containsExactly("a.csv");
    assertThat(archive.resolve("a.csv")).hasContent("one");
    assertThat(Files.getLastModifiedTime(archive.resolve("a.csv")))
        .isEqualTo(FileTime.from(WRITTEN));
  }

  @Test
  void linksLeadNowhereElse() throws IOException {
    Path outside = Files.createTempDirectory("outside");
    Files.createSymbolicLink(archive, outside);
    FileMark mark = file("a.csv", "one");
    assertThat(move(mark)).isInstanceOf(FileMover.Moved.Refused.class);
    assertThat(Path.of(mark.path())).exists();
    assertThat(outside).isEmptyDirectory();
    Files.delete(outside);
  }
}
