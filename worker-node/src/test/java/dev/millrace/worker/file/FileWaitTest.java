package dev.millrace.worker.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.file.FileMark;
import dev.millrace.file.FileRoots;
import dev.millrace.wire.FoundFiles;
import dev.millrace.wire.Wire;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks of a wait, with a clock of the test's own. */
final class FileWaitTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Instant NOW = Instant.parse("2027-01-04T14:00:00Z");
  @TempDir Path temporary;
  private final List<String> logged = new ArrayList<>();
  private Path root;
  private long nanos;

  @BeforeEach
  void makeRoot() throws Exception {
    root = Files.createDirectory(temporary.resolve("root")).toRealPath();
  }

  private FileWait wait(String files, String more) throws Exception {
    String with = "{\"path\":\"" + root + "/" + files + "\"" + more + "}";
    return new FileWait(
        FileSpec.read(JSON.readTree(with)),
        new FileRoots(List.of(root)),
        context(),
        NOW,
        () -> nanos);
  }

  private StageContext context() {
    return (StageContext)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {StageContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("log")) {
                logged.add((String) arguments[1]);
              }
              return null;
            });
  }

  private void advance(Duration time) {
    nanos += time.toNanos();
  }

  private Path file(String name, String text) throws Exception {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    Files.setLastModifiedTime(file, FileTime.from(NOW));
    return file;
  }

  private static List<String> paths(Optional<Result> result) throws Exception {
    JsonNode files = output(result).path("files");
    return StreamSupport.stream(files.spliterator(), false)
        .map(file -> file.path("path").asText())
        .toList();
  }

  private static JsonNode output(Optional<Result> result) throws Exception {
    return JSON.readTree(((Result.Completed) result.orElseThrow()).outputJson());
  }

  @Test
  void aFileCountsWhenItHasNotChangedForAWhile() throws Exception {
    FileWait wait = wait("*.csv", "");
    assertThat(wait.look()).isEmpty();
    Path growing = file("a.csv", "12345");
    file("a.txt", "other");
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofMillis(9_900));
    file("a.csv", "678");
    assertThat(wait.look()).as("it has grown").isEmpty();
    advance(Duration.ofMillis(9_900));
    Files.setLastModifiedTime(growing, FileTime.from(NOW.plusSeconds(1)));
    assertThat(wait.look()).as("it was written").isEmpty();
    advance(Duration.ofMillis(9_900));
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofMillis(100));
    assertThat(output(wait.look()))
        .isEqualTo(
            JSON.readTree(
                "{\"files\":[{\"path\":\"%s\",\"size\":8,\"modified\":\"2027-01-04T14:00:01Z\"}]}"
                    .formatted(growing)));
  }

  @Test
  void aFileThatGoesAndComesBackCountsFromItsReturn() throws Exception {
    FileWait wait = wait("*.csv", "");
    Path file = file("a.csv", "1");
    wait.look();
    Files.delete(file);
    advance(Duration.ofSeconds(9));
    wait.look();
    file("a.csv", "1");
    advance(Duration.ofSeconds(5));
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofSeconds(10));
    assertThat(wait.look()).isPresent();
  }

  @Test
  void whatIsStillWrittenDoesNotHoldUpTheOthers() throws Exception {
    FileWait wait = wait("*", "");
    Path done = file("b", "1");
    Path alsoDone = file("a", "1");
    wait.look();
    advance(Duration.ofSeconds(10));
    file("growing", "1");
    assertThat(paths(wait.look())).containsExactly(alsoDone.toString(), done.toString());
  }

  @Test
  void anAgeIsByTheDateOfTheFile() throws Exception {
    Path old = file("old", "1");
    Files.setLastModifiedTime(old, FileTime.from(NOW.minusSeconds(50)));
    FileWait wait = wait("*", ",\"stable-for\":\"0s\",\"min-age\":\"1m\"");
    file("new", "1");
    advance(Duration.ofMillis(9_999));
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofMillis(1));
    assertThat(paths(wait.look())).containsExactly(old.toString());
  }

  @Test
  void aFolderMayComeAndGo() throws Exception {
    FileWait wait = wait("later/*", "");
    wait.look();
    wait.look();
    Path file = file("later/a", "1");
    wait.look();
    Files.delete(file);
    Files.delete(file.getParent());
    advance(Duration.ofSeconds(20));
    assertThat(wait.look()).isEmpty();
    file("later/a", "1");
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofSeconds(10));
    assertThat(paths(wait.look())).containsExactly(file.toString());
    assertThat(logged).containsExactly(root.resolve("later") + " is not there; waiting for it");
  }

  @Test
  void aWaitMayHaveAnEnd() throws Exception {
    FileWait wait = wait("*", ",\"timeout\":\"30s\"");
    advance(Duration.ofMillis(29_999));
    assertThat(wait.look()).isEmpty();
    advance(Duration.ofMillis(1));
    assertThat(wait.look().orElseThrow())
        .extracting("errorClass", "retryable")
        .containsExactly("timeout", true);
  }

  @Test
  void foldersBelowAreLookedAtAsDeepAsIsSaid() throws Exception {
    Path first = file("a.csv", "1");
    Path second = file("x/b.csv", "1");
    file("x/y/c.csv", "1");
    assertThat(paths(wait("**.csv", ",\"stable-for\":\"0s\",\"depth\":2").look()))
        .containsExactly(first.toString(), second.toString());
    assertThat(paths(wait("*/*.csv", ",\"stable-for\":\"0s\"").look()))
        .containsExactly(second.toString());
  }

  @Test
  void linksLeadNobodyOut() throws Exception {
    Path outside = Files.createDirectory(temporary.resolve("outside"));
    Path secret = Files.writeString(outside.resolve("secret"), "1");
    Path inside = file("inside/real", "1");
    Files.createSymbolicLink(root.resolve("out"), secret);
    Files.createSymbolicLink(root.resolve("in"), inside);
    Files.createSymbolicLink(root.resolve("folder"), outside);
    Files.createDirectory(root.resolve("plain"));
    String now = ",\"stable-for\":\"0s\"";
    assertThat(paths(wait("*", now).look())).containsExactly(root.resolve("in").toString());
    assertThat(paths(wait("**", now + ",\"depth\":9").look()))
        .containsExactly(root.resolve("in").toString(), inside.toString());
    assertThat(wait("folder/*", now).look().orElseThrow())
        .extracting("errorClass", "retryable")
        .containsExactly("config", false);
    FileWait later = wait("plain/*", now);
    assertThat(later.look()).isEmpty();
    Files.delete(root.resolve("plain"));
    Files.createSymbolicLink(root.resolve("plain"), outside);
    assertThat(later.look().orElseThrow()).extracting("errorClass").isEqualTo("config");
  }

  @Test
  void aRootMayBeALinkItself() throws Exception {
    Path file = file("a", "1");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), root);
    FileRoots roots = new FileRoots(List.of(link));
    assertThat(roots.allow(root)).isTrue();
    assertThat(roots.allow(link.resolve("not/yet/there"))).isTrue();
    assertThat(roots.allow(file)).isTrue();
    assertThat(roots.allow(temporary.resolve("root-of-somebody-else"))).isFalse();
    assertThat(roots.allow(temporary)).isFalse();
  }

  @Test
  void anOutputHoldsNoMoreThanItMay() throws Exception {
    List<FileMark> few = new ArrayList<>();
    List<FileMark> many = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      var short_ = new FileMark("/" + i, 1, NOW);
      few.addAll(i < 10 ? List.of(short_) : List.of());
      many.add(new FileMark("/" + "\u20ac".repeat(100) + i, 1, NOW));
    }
    assertThat(JSON.readTree(FoundFiles.json(few)).has("more")).isFalse();
    String json = FoundFiles.json(many);
    assertThat(json.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(Wire.VALUE_BYTES_MAX);
    JsonNode output = JSON.readTree(json);
    assertThat(output.path("files").size()).isBetween(150, 1_000);
    assertThat(output.path("files").size() + output.path("more").asInt()).isEqualTo(1_500);
  }
}
