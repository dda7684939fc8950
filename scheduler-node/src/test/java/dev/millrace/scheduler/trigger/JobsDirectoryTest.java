package dev.millrace.scheduler.trigger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Problem;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real directory and a real database; the leader's part is written out in {@link Leader}. */
class JobsDirectoryTest {
  private static TestDatabase testDatabase;
  private static Database database;

  @TempDir Path temp;
  private Path directory;
  private final Leader leader = new Leader();
  private final AtomicLong nanos = new AtomicLong();
  private JobsDirectory watched;

  @BeforeAll
  static void startDatabase() throws Exception {
    testDatabase = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(
                testDatabase.jdbcUrl(), testDatabase.user(), testDatabase.password(), 2));
    database.start();
  }

  @AfterAll
  static void stopDatabase() throws Exception {
    database.close();
    testDatabase.close();
  }

  @BeforeEach
  void newDirectory() {
    database.api().useHandle(h -> h.execute("truncate job, job_version, trigger cascade"));
    directory = temp.resolve("jobs.d");
    watched = newWatch("node-1");
  }

  @Test
  void aMissingDirectoryIsCreated() throws Exception {
    watched.runOnce();
    assertThat(directory).isDirectory();
    assertThat(watched.problems()).isEmpty();
  }

  @Test
  void aNewFileDefinesItsJobAndAChangedOneChangesIt() throws Exception {
    write("a.yaml", job("a", "1"));
    settle();
    assertThat(jobs()).containsExactly("a v1 a.yaml");
    write("a.yaml", job("a", "two"));
    settle();
    assertThat(jobs()).containsExactly("a v2 a.yaml");
    int asked = leader.asked.size();
    settle();
    assertThat(leader.asked).as("nothing changed, nothing is asked").hasSize(asked);
    assertThat(leader.asked.getFirst().actor()).isEqualTo("dir:node-1");
  }

  @Test
  void theSimpleJobFileIsFollowed() throws Exception {
    write(
        "new.json",
        """
        {"job_id":"new-job","description":"d","schedule":"*/5 * * * *",
         "task":{"type":"execute_command","command":"echo hi"}}
        """);
    settle();
    assertThat(jobs()).containsExactly("new-job v1 new.json");
  }

  @Test
  void aFileIsReadOnlyWhenItNoLongerGrows() throws Exception {
    write("a.yaml", "id: a\nstages:\n");
    watched.runOnce();
    write("a.yaml", "id: a\nstages:\n  - id: s\n");
    watched.runOnce();
    write("a.yaml", job("a", "done"));
    watched.runOnce();
    assertThat(watched.problems()).isEmpty();
    assertThat(leader.asked).isEmpty();
    watched.runOnce();
    assertThat(jobs()).containsExactly("a v1 a.yaml");
  }

  @Test
  void aBrokenFileIsNamedWithLineAndReasonAndHarmsNoOther() throws Exception {
    write("bad.yaml", "id: bad\nstages:\n  - id: s\n    runn: command\n");
    write("good.yaml", job("good", "1"));
    settle();
    assertThat(jobs()).containsExactly("good v1 good.yaml");
    assertThat(watched.problems())
        .anySatisfy(
            problem -> {
              assertThat(problem.source()).isEqualTo("bad.yaml");
              assertThat(problem.line()).isEqualTo(4);
              assertThat(problem.toString()).contains("stages[0].runn", "did you mean");
            });
    write("bad.yaml", job("bad", "mended"));
    settle();
    assertThat(jobs()).containsExactly("bad v1 bad.yaml", "good v1 good.yaml");
    assertThat(watched.problems()).isEmpty();
  }

  @Test
  void aFileThatBreaksKeepsItsJobEvenOverARestart() throws Exception {
    write("a.yaml", job("a", "1"));
    settle();
    write("a.yaml", "id: [");
    settle();
    watched = newWatch("node-1");
    settle();
    settle();
    assertThat(jobs()).containsExactly("a v1 a.yaml");
    assertThat(watched.problems()).isNotEmpty();
  }

  @Test
  void aDeletedFileDeletesItsJob() throws Exception {
    write("a.yaml", job("a", "1"));
    write("b.yaml", job("b", "1"));
    settle();
    Files.delete(directory.resolve("a.yaml"));
    settle();
    assertThat(jobs()).containsExactly("b v1 b.yaml");
  }

  @Test
  void aFileReplacedByDeleteAndCreateKeepsItsJob() throws Exception {
    write("a.yaml", job("a", "1"));
    settle();
    Files.delete(directory.resolve("a.yaml"));
    watched.runOnce();
    write("a.yaml", job("a", "second"));
    settle();
    assertThat(jobs()).containsExactly("a v2 a.yaml");
    assertThat(leader.kinds()).doesNotContain(Command.Kind.JOB_DELETE);
  }

  @Test
  void aRenamedFileKeepsItsJob() throws Exception {
    write("a.yaml", job("a", "1"));
    settle();
    Files.move(directory.resolve("a.yaml"), directory.resolve("z.yaml"));
    settle();
    settle();
    assertThat(jobs()).containsExactly("a v1 z.yaml");
    assertThat(leader.kinds()).doesNotContain(Command.Kind.JOB_DELETE);
  }

  @Test
  void anIdRenamedInItsFileDeletesTheOldJob() throws Exception {
    write("a.yaml", job("before", "1"));
    settle();
    write("a.yaml", job("afterwards", "1"));
    settle();
    assertThat(jobs()).containsExactly("afterwards v1 a.yaml");
  }

  @Test
  void twoFilesMaySwapTheirIds() throws Exception {
    write("a.yaml", job("one", "1"));
    write("b.yaml", job("two", "1"));
    settle();
    write("a.yaml", job("two", "swap"));
    write("b.yaml", job("one", "swap"));
    settle();
    settle();
    assertThat(jobs()).containsExactly("one v2 b.yaml", "two v2 a.yaml");
  }

  @Test
  void ofTwoFilesWithOneIdTheHolderKeepsItAndTheOtherTakesOver() throws Exception {
    write("m.yaml", job("a", "from m"));
    settle();
    write("b.yaml", job("a", "from b, earlier by name"));
    settle();
    assertThat(jobs()).containsExactly("a v1 m.yaml");
    assertThat(watched.problems())
        .singleElement()
        .satisfies(
            problem ->
                assertThat(problem.toString()).contains("conflict", "m.yaml", "b.yaml", "job a"));
    watched = newWatch("node-1");
    settle();
    assertThat(jobs()).as("after a restart too").containsExactly("a v1 m.yaml");
    Files.delete(directory.resolve("m.yaml"));
    settle();
    assertThat(jobs()).containsExactly("a v2 b.yaml");
    assertThat(watched.problems()).isEmpty();
  }

  @Test
  void ofTwoNewFilesWithOneIdTheFirstByNameDefinesIt() throws Exception {
    write("y.yaml", job("a", "1"));
    write("x.yaml", job("a", "2"));
    settle();
    assertThat(jobs()).containsExactly("a v1 x.yaml");
    assertThat(watched.problems()).singleElement().extracting(Problem::source).isEqualTo("y.yaml");
  }

  @Test
  void aJobOfTheApiIsNotTakenOver() throws Exception {
    database
        .api()
        .useHandle(h -> Jobs.insert(h, "default", "a", JobState.SCHEDULED, "api", 1_000_000));
    write("a.yaml", job("a", "1"));
    settle();
    assertThat(leader.asked).isEmpty();
    assertThat(watched.problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.toString()).contains("a.yaml", "api"));
  }

  @Test
  void aVanishedDirectoryIsReportedAndNotObeyed() throws Exception {
    write("a.yaml", job("a", "1"));
    write("b.yaml", job("b", "1"));
    settle();
    Files.move(directory, temp.resolve("away"));
    settle();
    settle();
    assertThat(directory).isEmptyDirectory();
    assertThat(jobs()).hasSize(2);
    assertThat(watched.problems()).singleElement().asString().contains("was away");

    Files.delete(directory);
    Files.move(temp.resolve("away"), directory);
    settle();
    settle();
    assertThat(jobs()).containsExactly("a v1 a.yaml", "b v1 b.yaml");
    assertThat(watched.problems()).isEmpty();
    Files.delete(directory.resolve("a.yaml"));
    settle();
    settle();
    assertThat(jobs()).containsExactly("b v1 b.yaml");
  }

  @Test
  void atStartJobsWhoseFilesAreGoneAreDeletedAndOthersDirectoriesAreLeftAlone() throws Exception {
    write("a.yaml", job("a", "1"));
    write("b.yaml", job("b", "1"));
    settle();
    database
        .api()
        .useHandle(
            h ->
                Jobs.insert(
                    h, "default", "nested", JobState.SCHEDULED, source("sub/n.yaml"), 1_000_000));
    Files.delete(directory.resolve("a.yaml"));
    watched = newWatch("node-1");
    settle();
    assertThat(jobs()).containsExactly("b v1 b.yaml", "nested v1 sub/n.yaml");
  }

  @Test
  void aSecondNodeHasNothingToAsk() throws Exception {
    write("a.yaml", job("a", "1"));
    settle();
    int asked = leader.asked.size();
    watched = newWatch("node-2");
    settle();
    assertThat(leader.asked).hasSize(asked);
  }

  @Test
  void linksOutOfTheDirectoryHugeFilesAndTemporaryFilesAreNotRead() throws Exception {
    Files.writeString(temp.resolve("secret.yaml"), job("secret", "1"));
    Files.createDirectories(directory.resolve("..data"));
    Files.writeString(directory.resolve("..data/in.yaml"), job("inside", "1"));
    Files.createSymbolicLink(directory.resolve("out.yaml"), temp.resolve("secret.yaml"));
    Files.createSymbolicLink(directory.resolve("in.yaml"), Path.of("..data", "in.yaml"));
    Files.createSymbolicLink(directory.resolve("nowhere.yaml"), Path.of("missing"));
    write("huge.yaml", job("huge", "x".repeat(1 << 20)));
    write(".hidden.yaml", job("hidden", "1"));
    write("a.yaml~", job("backup", "1"));
    write("notes.txt", "not a job");
    settle();
    assertThat(jobs()).containsExactly("inside v1 in.yaml");
    assertThat(watched.problems())
        .extracting(Problem::source)
        .containsExactly("huge.yaml", "nowhere.yaml", "out.yaml");
  }

  @Test
  void aRefusalIsReportedAndNotAskedAgainAtOnce() throws Exception {
    leader.refusal = Optional.of(new Outcome(422, "{\"detail\":\"too many jobs\"}"));
    write("a.yaml", job("a", "1"));
    settle();
    settle();
    assertThat(leader.asked).hasSize(1);
    assertThat(watched.problems()).singleElement().asString().contains("a.yaml", "too many jobs");
    leader.refusal = Optional.empty();
    nanos.addAndGet(Duration.ofSeconds(11).toNanos());
    watched.runOnce();
    assertThat(jobs()).containsExactly("a v1 a.yaml");
    assertThat(watched.problems()).isEmpty();
  }

  @Test
  void withoutALeaderTheCommandIsAcceptedOnce() throws Exception {
    leader.away = true;
    write("a.yaml", job("a", "1"));
    write("b.yaml", job("b", "1"));
    settle();
    settle();
    assertThat(leader.asked).as("one for each file").hasSize(2);
    leader.away = false;
    leader.answerAccepted();
    watched.runOnce();
    assertThat(jobs()).containsExactly("a v1 a.yaml", "b v1 b.yaml");
    assertThat(leader.asked).hasSize(2);
  }

  @Test
  void whileTheDatabaseIsAwayNothingIsForgotten() throws Exception {
    leader.databaseAway = true;
    write("a.yaml", job("a", "1"));
    watched.runOnce();
    assertThatThrownBy(() -> watched.runOnce()).isInstanceOf(QuietFailure.class);
    assertThatThrownBy(() -> watched.runOnce()).isInstanceOf(QuietFailure.class);
    leader.databaseAway = false;
    watched.runOnce();
    assertThat(jobs()).containsExactly("a v1 a.yaml");
  }

  private JobsDirectory newWatch(String node) {
    return new JobsDirectory(
        directory, node, new DefinitionReader(), leader::ask, database.api(), nanos::get);
  }

  /** Two passes: what is new or changed in the first is read in the second. */
  private void settle() throws InterruptedException {
    watched.runOnce();
    watched.runOnce();
  }

  private void write(String name, String text) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve(name), text);
  }

  private static String job(String id, String description) {
    return """
        id: %s
        description: "%s"
        stages:
          - id: s
            run: command
            with: {argv: ["true"]}
        """
        .formatted(id, description);
  }

  private String source(String file) {
    return "dir:" + directory.toAbsolutePath().normalize() + "/" + file;
  }

  private List<String> jobs() {
    return database.api().withHandle(Jobs::all).stream()
        .map(row -> row.name() + " v" + row.version() + " " + row.source().replace(source(""), ""))
        .sorted()
        .toList();
  }

  /** Does to the job table what the leader does with these two commands, and remembers them. */
  private static final class Leader {
    private static final ObjectMapper JSON = new ObjectMapper();
    final List<Command> asked = new ArrayList<>();
    private final List<Command> accepted = new ArrayList<>();
    Optional<Outcome> refusal = Optional.empty();
    boolean away;
    boolean databaseAway;

    Optional<Outcome> ask(Command command, Duration wait) {
      if (databaseAway) {
        throw new ConnectionException(new SQLException("no database"));
      }
      asked.add(command);
      if (away) {
        accepted.add(command);
        return Optional.empty();
      }
      return refusal.isPresent() ? refusal : Optional.of(execute(command));
    }

    void answerAccepted() {
      accepted.forEach(this::execute);
      accepted.clear();
    }

    List<String> kinds() {
      return asked.stream().map(Command::kind).toList();
    }

    private static JsonNode read(String text) {
      try {
        return JSON.readTree(text);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private Outcome execute(Command command) {
      return database.api().inTransaction(tx -> execute(tx, command));
    }

    private static Outcome execute(Handle tx, Command command) {
      JsonNode body = read(command.body());
      String source = body.path("source").asText();
      Optional<Jobs.Row> row = Jobs.find(tx, command.namespace(), command.job());
      if (command.kind().equals(Command.Kind.JOB_DELETE)) {
        if (row.isEmpty() || !row.get().source().equals(source)) {
          return new Outcome(404, "{\"detail\":\"not defined by this source\"}");
        }
        Jobs.Row found = row.get();
        Jobs.update(tx, found.id(), JobState.ARCHIVED, found.version(), found.source(), 1_000_000);
        return new Outcome(200, "{}");
      }
      JobDefinition job = DefinitionJson.fromJson(body.get("definition").toString());
      String hash = DefinitionJson.hash(job);
      if (row.isEmpty()) {
        long id = Jobs.insert(tx, job.namespace(), job.id(), JobState.SCHEDULED, source, 1_000_000);
        Jobs.insertVersion(tx, id, 1, DefinitionJson.toJson(job), hash, command.actor(), 1_000_000);
        return new Outcome(201, "{}");
      }
      Jobs.Row found = row.get();
      boolean changed = !Jobs.hash(tx, found.id(), found.version()).equals(hash);
      int version = changed ? found.version() + 1 : found.version();
      if (changed) {
        Jobs.insertVersion(
            tx, found.id(), version, DefinitionJson.toJson(job), hash, "test", 1_000_000);
      }
      Jobs.update(tx, found.id(), found.state(), version, source, 1_000_000);
      return new Outcome(200, "{}");
    }
  }
}
