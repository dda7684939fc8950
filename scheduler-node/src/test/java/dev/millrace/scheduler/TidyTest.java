package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.settings.SettingsTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Style that a machine can judge, over every module. */
class TidyTest {
  private static final Path ROOT = root();
  private static final int LINES_MAX = 500;

  private static final Pattern BANNED_NAME =
      Pattern.compile(
          ".*(Manager|Impl|Helper|Util|Utils|Abstract)\\.java|(Base|Abstract).*\\.java");
  private static final Pattern UNFINISHED = Pattern.compile("\\b(TO" + "DO|FIX" + "ME)\\b");
  private static final Pattern SWITCHED_OFF = Pattern.compile("@Dis" + "abled(?!\\w)");
  private static final Pattern METER = Pattern.compile("\"(millrace(\\.[a-z]+)+)\"");
  private static final Pattern SETTING =
      Pattern.compile("values\\.[a-zA-Z]+\\(\\s*\"([a-z]+\\.[a-z-]+)\"");

  @Test
  void filesAreShort() {
    List<String> long_ = new ArrayList<>();
    for (Path file : java("")) {
      long lines = text(file).lines().count();
      if (lines > LINES_MAX) {
        long_.add(ROOT.relativize(file) + " has " + lines + " lines");
      }
    }
    assertThat(long_).isEmpty();
  }

  @Test
  void namesSayWhatAThingIs() {
    assertThat(java("/src/main/"))
        .noneMatch(file -> BANNED_NAME.matcher(file.getFileName().toString()).matches());
  }

  @Test
  void nothingIsLeftForLater() {
    assertThat(java("")).noneMatch(file -> UNFINISHED.matcher(text(file)).find());
    assertThat(java("/src/test/")).noneMatch(file -> SWITCHED_OFF.matcher(text(file)).find());
  }

  @Test
  void everyMeterIsDocumented() {
    Path operations = ROOT.resolve("docs/operations.md");
    if (Files.notExists(operations)) {
      return; // the page comes with the documentation
    }
    String documented = text(operations);
    TreeSet<String> missing = new TreeSet<>();
    for (Path file : java("/scheduler-node/src/main/")) {
      METER
          .matcher(text(file))
          .results()
          .map(found -> found.group(1))
          .filter(meter -> !documented.contains(meter.replace('.', '_')))
          .filter(meter -> !documented.contains(meter))
          .filter(meter -> !isEntity(meter))
          .forEach(missing::add);
    }
    assertThat(missing).isEmpty();
  }

  private static boolean isEntity(String name) {
    return List.of(
            "dead", "stages", "reports", "heartbeats", "logs", "control", "events", "triggers")
        .contains(name.substring("millrace.".length()));
  }

  @Test
  void everySettingIsInTheTable() {
    TreeSet<String> read = new TreeSet<>();
    for (Path file : java("/shared/src/main/java/dev/millrace/settings/")) {
      SETTING.matcher(text(file)).results().forEach(found -> read.add(found.group(1)));
    }
    assertThat(read).hasSizeGreaterThan(10);
    assertThat(SettingsTable.keys().stream().map(SettingsTable.Key::key)).containsAll(read);
  }

  private static List<Path> java(String part) {
    try (Stream<Path> tree = Files.walk(ROOT)) {
      return tree.filter(file -> file.toString().endsWith(".java"))
          .filter(file -> file.toString().contains("/src/"))
          .filter(file -> file.toString().contains(part))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("shared/pom.xml")) ? here : here.getParent();
  }
}
