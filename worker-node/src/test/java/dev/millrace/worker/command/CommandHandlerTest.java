package dev.millrace.worker.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.wire.Start;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir Path directory;
  private final CommandHandler handler = CommandHandler.onThisMachine();

  /** An attempt without a worker around it. */
  private final class Attempt implements StageContext {
    final List<String> lines = new CopyOnWriteArrayList<>();
    final CompletableFuture<Consumer<Duration>> hook = new CompletableFuture<>();
    private Start start;
    private volatile boolean cancelled;

    Attempt(String with, String params) {
      start =
          new Start(
              new Claim(new RunId(7), "build", 3),
              "nightly",
              "shop",
              "command",
              with,
              params,
              "{\"before\":{\"n\":1}}",
              null,
              null,
              null,
              null);
    }

    void item(String json, int index) {
      start =
          new Start(
              start.claim(),
              start.job(),
              start.namespace(),
              start.handler(),
              start.with(),
              start.params(),
              start.inputs(),
              null,
              null,
              null,
              null,
              json,
              index,
              null);
    }

    void cancel(Duration grace) {
      cancelled = true;
      hook.join().accept(grace);
    }

    @Override
    public Start start() {
      return start;
    }

    @Override
    public JsonNode with() {
      return tree(start.with());
    }

    @Override
    public JsonNode params() {
      return tree(start.params());
    }

    @Override
    public JsonNode inputs() {
      return tree(start.inputs());
    }

    @Override
    public JsonNode item() {
      return start.item() == null ? null : tree(start.item());
    }

    @Override
    public void counter(String name, long value) {
      lines.add("counter: " + name + "=" + value);
    }

    @Override
    public JsonNode previousCheckpoint() {
      return null;
    }

    @Override
    public void log(String stream, String line) {
      lines.add(stream + ": " + line);
    }

    @Override
    public void progress(Integer percent, String message) {
      lines.add("progress: " + percent + " " + message);
    }

    @Override
    public void checkpoint(String json) {
      lines.add("checkpoint: " + json);
    }

    @Override
    public boolean cancelled() {
      return cancelled;
    }

    @Override
    public void onCancel(Consumer<Duration> newHook) {
      hook.complete(newHook);
    }

    @Override
    public String putArtifact(String name, String mediaType, Path file) throws IOException {
      lines.add("artifact: " + name + " " + mediaType + " " + Files.size(file));
      return "{\"artifact\":\"%s\"}".formatted(name);
    }

    @Override
    public String putArtifact(String name, String mediaType, InputStream bytes, long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public InputStream artifact(String idOrReferenceJson) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Path workDir() throws IOException {
      return directory;
    }

    private JsonNode tree(String json) {
      try {
        return JSON.readTree(json);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String shell(String script) {
    return JSON.createObjectNode().put("shell", script).toString();
  }

  @Test
  void aDirectoryThatNoPathCanHoldIsNamed() {
    JsonNode with = JSON.createObjectNode().put("shell", "true").put("dir", "a\0b");
    assertThatThrownBy(() -> CommandSpec.read(with))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("command: dir holds a NUL character");
  }

  @Test
  void aCommandSeesOnlyWhatItShould() throws Exception {
    Attempt attempt =
        new Attempt(
            shell("env | sort; pwd; umask; read x; echo in=$x >&2"), "{\"site-url\":\"a b\"}");
    assertThat(handler.execute(attempt)).isEqualTo(new Result.Completed(null, 0));
    assertThat(attempt.lines)
        .contains(
            "stdout: MILLRACE_RUN=0000000000007",
            "stdout: MILLRACE_STAGE=build",
            "stdout: MILLRACE_ATTEMPT=3",
            "stdout: MILLRACE_JOB=nightly",
            "stdout: MILLRACE_NAMESPACE=shop",
            "stdout: MILLRACE_PARAM_SITE_URL=a b",
            "stdout: MILLRACE_INPUTS={\"before\":{\"n\":1}}",
            "stdout: HOME=" + directory.resolve("work"),
            "stdout: " + directory.resolve("work"),
            "stdout: 0077",
            "stderr: in=");
    assertThat(attempt.lines)
        .filteredOn(line -> line.matches("stdout: [A-Z_]+=.*"))
        .allMatch(
            line -> line.matches("stdout: (MILLRACE_\\w+|PATH|HOME|LANG|PWD|SHLVL|_|OLDPWD)=.*"));
  }

  @Test
  void argumentsStayArguments() throws Exception {
    Attempt attempt =
        new Attempt("{\"argv\":[\"printf\",\"%s|\",\"$HOME\",\"; rm -rf x\",\"\"]}", "{}");
    assertThat(handler.execute(attempt)).isEqualTo(new Result.Completed(null, 0));
    assertThat(attempt.lines).containsExactly("stdout: $HOME|; rm -rf x||");
  }

  @Test
  void theOutputFileBecomesTheOutput() throws Exception {
    Attempt attempt = new Attempt(shell("echo '{\"n\": 2}' > $MILLRACE_OUTPUT"), "{}");
    assertThat(handler.execute(attempt)).isEqualTo(new Result.Completed("{\"n\": 2}", 0));
  }

  @Test
  void endingsHaveClasses() throws Exception {
    assertThat(run(shell("exit 3"))).isEqualTo("exit:3");
    assertThat(run(shell("no-such-program"))).isEqualTo("exit:127");
    assertThat(run(shell("kill -9 $$"))).isEqualTo("signal:9");
    assertThat(run("{\"shell\":\"exit 3\",\"success-codes\":[0,3]}")).isEqualTo("completed");
    assertThat(run("{\"shel\":\"exit 3\"}")).isEqualTo("config");
    assertThat(run("{\"shell\":\"true\",\"dir\":\"/no/such/place\"}")).isEqualTo("config");
    assertThat(run(shell("head -c 70000 /dev/zero | tr '\\0' 1 > $MILLRACE_OUTPUT")))
        .isEqualTo("config");
  }

  @Test
  void whatNoAttemptHereCouldDoBetterIsNotTriedAgain() throws Exception {
    assertHopeless("{\"shel\":\"exit 3\"}", "unknown key 'shel'");
    assertHopeless("{\"shell\":\"true\",\"dir\":\"/no/such/place\"}", "/no/such/place");
    assertHopeless("{\"argv\":[\"no-such-program\"]}", "program not found in PATH");
    assertHopeless("{\"argv\":[\"./no-such-program\"]}", "program not found");
    assertHopeless("{\"argv\":[\"/dev/null\"]}", "cannot be executed");
    assertHopeless(
        shell("head -c 70000 /dev/zero | tr '\\0' 1 > $MILLRACE_OUTPUT"), "the limit is 65536");
  }

  private void assertHopeless(String with, String why) throws Exception {
    assertThat(handler.execute(attempt(with)))
        .asInstanceOf(InstanceOfAssertFactories.type(Result.Failed.class))
        .satisfies(failed -> assertThat(failed.errorClass()).as(with).isEqualTo("config"))
        .satisfies(failed -> assertThat(failed.message()).contains(why))
        .satisfies(failed -> assertThat(failed.retryable()).as(with).isFalse());
  }

  @Test
  void whatTheJobItselfDidMayBeTriedAgain() throws Exception {
    // A program of the job's own that ends with 127, and one that is there.
    for (String with : List.of(shell("exit 127"), "{\"argv\":[\"sh\",\"-c\",\"exit 127\"]}")) {
      assertThat(handler.execute(attempt(with)))
          .extracting("errorClass", "retryable")
          .containsExactly("exit:127", true);
    }
  }

  @Test
  void anItemOfAFanOutIsGiven() throws Exception {
    Attempt attempt = attempt(shell("echo $MILLRACE_INDEX $MILLRACE_ITEM ${MILLRACE_ITEM_FILE-}"));
    attempt.item("{\"url\": \"a b\"}", 4);
    assertThat(handler.execute(attempt)).isInstanceOf(Result.Completed.class);
    assertThat(attempt.lines).containsExactly("stdout: 4 {\"url\": \"a b\"}");

    Attempt long_ = attempt(shell("echo ${MILLRACE_ITEM-none}; wc -c < $MILLRACE_ITEM_FILE"));
    long_.item("\"" + "x".repeat(200_000) + "\"", 0);
    assertThat(handler.execute(long_)).isInstanceOf(Result.Completed.class);
    assertThat(long_.lines).containsExactly("stdout: none", "stdout: 200002");

    Attempt none = attempt(shell("echo ${MILLRACE_ITEM-none} ${MILLRACE_INDEX-none}"));
    assertThat(handler.execute(none)).isInstanceOf(Result.Completed.class);
    assertThat(none.lines).containsExactly("stdout: none none");
  }

  private Attempt attempt(String with) throws IOException {
    clear();
    return new Attempt(with, "{}");
  }

  /** The directory of the attempt before is not this one's. */
  private void clear() throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(directory)) {
          Files.delete(path);
        }
      }
    }
  }

  private String run(String with) throws Exception {
    return switch (handler.execute(attempt(with))) {
      case Result.Completed completed -> "completed";
      case Result.Failed failed -> failed.errorClass();
    };
  }

  @Test
  void aStubbornTreeIsGoneSoonAfterTheGrace() throws Exception {
    Path pids = directory.resolve("pids");
    // One that ignores TERM, one forked twice, one forked twice into a session of its own.
    String script =
        """
        trap '' TERM
        echo $$ >> %1$s
        (sleep 600 & echo $! >> %1$s)
        (sh -c 'trap "" TERM; echo $$ >> %1$s; while :; do sleep 1; done' &)
        (setsid sh -c 'trap "" TERM; echo $$ >> %1$s; while :; do sleep 1; done' &)
        while :; do sleep 1; done
        """
            .formatted(pids);
    Attempt attempt = new Attempt(shell(script), "{}");
    CompletableFuture<Result> ended =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return handler.execute(attempt);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> Files.exists(pids) && Files.readAllLines(pids).size() == 4);
    long askedNanos = System.nanoTime();
    attempt.cancel(Duration.ofMillis(200));
    ended.join();
    assertThat(Duration.ofNanos(System.nanoTime() - askedNanos)).isLessThan(Duration.ofSeconds(3));
    for (String pid : Files.readAllLines(pids)) {
      assertThat(alive(pid)).as("pid " + pid).isFalse();
    }
  }

  @Test
  void nobodyIsLeftBehindByACommandThatEnded() throws Exception {
    Path pids = directory.resolve("pids");
    Attempt attempt =
        new Attempt(shell("(setsid sleep 600 & echo $! > " + pids + "); echo done"), "{}");
    assertThat(handler.execute(attempt)).isEqualTo(new Result.Completed(null, 0));
    assertThat(attempt.lines)
        .contains("stdout: done")
        .anyMatch(line -> line.contains("keep-background"));
    assertThat(alive(Files.readString(pids).strip())).isFalse();
  }

  private static boolean alive(String pid) throws IOException {
    Path stat = Path.of("/proc", pid, "stat");
    return Files.exists(stat) && !Files.readString(stat).contains(") Z ");
  }

  @Test
  void whatLiesInTheFolderOfArtifactsIsStoredAndReferredTo() throws Exception {
    Attempt attempt =
        new Attempt(
            shell(
                "mkdir $MILLRACE_ARTIFACTS/report; echo 1,2 > $MILLRACE_ARTIFACTS/report/a.csv;"
                    + " echo x > $MILLRACE_ARTIFACTS/data; echo '{\"n\":2}' > $MILLRACE_OUTPUT"),
            "{}");
    assertThat(handler.execute(attempt))
        .isEqualTo(
            new Result.Completed(
                "{\"n\":2,\"artifacts\":{\"data\":{\"artifact\":\"data\"},"
                    + "\"report/a.csv\":{\"artifact\":\"report/a.csv\"}}}",
                0));
    assertThat(attempt.lines)
        .contains("artifact: report/a.csv text/csv 4", "artifact: data application/octet-stream 2");
  }

  @Test
  void noArtifactIsStoredWhenSomethingIsWrong() throws Exception {
    assertThat(run(shell("echo x > $MILLRACE_ARTIFACTS/a; exit 3"))).isEqualTo("exit:3");
    assertThat(run(shell("echo x > $MILLRACE_ARTIFACTS/a; echo [] > $MILLRACE_OUTPUT")))
        .isEqualTo("config");
    assertThat(run(shell("ln -s /etc/passwd $MILLRACE_ARTIFACTS/link"))).isEqualTo("config");
    assertThat(run(shell("rm $MILLRACE_ARTIFACTS/link; echo x > \"$MILLRACE_ARTIFACTS/a b\"")))
        .isEqualTo("config");
    assertThat(
            run(
                shell(
                    "rm $MILLRACE_ARTIFACTS/*;"
                        + " for i in $(seq 101); do echo > $MILLRACE_ARTIFACTS/$i; done")))
        .isEqualTo("config");
  }
}
