package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.wire.Start;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that start runs: real files, the leader's own tables and a real broker, and a clock that is
 * set.
 */
class FilesTest {
  @TempDir Path temporary;
  private FilesFixture files;
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    files = new FilesFixture(temporary);
    at = files.at;
  }

  @AfterEach
  void stop() throws Exception {
    files.close();
  }

  private void job(String more) throws Exception {
    at.apply(FilesFixture.job("load", files.path("in/*.csv"), more));
  }

  private void command(String kind) throws Exception {
    long id = at.ask(new Command(kind, "default", "load", "{}", "tester", null));
    at.passes();
    assertThat(at.outcome(id).status()).isEqualTo(200);
  }

  private void complete(int starts) throws Exception {
    at.complete(at.starts(starts).stream().map(Start::claim).toList(), "{}");
    at.passes();
  }

  @Test
  void aFileThatIsWrittenSlowlyStartsOneRunWhenItIsWhole() throws Exception {
    job("");
    for (int i = 0; i < 20; i++) {
      files.append("in/slow.csv", "0123456789");
      files.seconds(1);
      assertThat(files.runs("load")).isEmpty();
    }
    files.seconds(4);
    assertThat(files.runs("load")).isEmpty();
    files.seconds(1);
    assertThat(files.runs("load")).containsExactly("slow.csv 200");
    Start start = at.starts(1).getFirst();
    assertThat(start.params()).contains("\"path\":\"" + files.root.resolve("in/slow.csv") + "\"");
    files.seconds(30);
    assertThat(files.runs("load")).hasSize(1);
    assertThat(at.text("select trigger_kind || ' ' || reason from run"))
        .isEqualTo("file file " + files.root.resolve("in/slow.csv"));
  }

  @Test
  void aNewLeaderBeginsToWatchAnewAndStartsNothingTwice() throws Exception {
    job("");
    files.write("in/done.csv", "x");
    files.seconds(7);
    files.append("in/slow.csv", "12345");
    files.seconds(4);
    files.newLeader();
    files.seconds(4);
    files.append("in/slow.csv", "67890");
    files.seconds(5);
    assertThat(files.runs("load")).containsExactly("done.csv 1");
    files.seconds(2);
    assertThat(files.runs("load")).containsExactly("done.csv 1", "slow.csv 10");
    files.newLeader();
    files.seconds(10);
    assertThat(files.runs("load")).hasSize(2);
  }

  @Test
  void aFileThatIsWrittenAgainIsAnotherOne() throws Exception {
    job("");
    files.write("in/a.csv", "one");
    files.seconds(7);
    files.write("in/a.csv", "two and more");
    files.seconds(7);
    files.write("in/a.txt", "not meant");
    files.seconds(7);
    assertThat(files.runs("load")).containsExactly("a.csv 3", "a.csv 12");
  }

  @Test
  void aFailedCommitStartsEachFileOnceAllTheSame() throws Exception {
    job("");
    files.write("in/a.csv", "one");
    files.write("in/b.csv", "two");
    files.seconds(5);
    at.database
        .api()
        .useHandle(
            handle -> {
              handle.execute("create sequence tries");
              handle.execute(
                  """
                  create function fail_file() returns trigger language plpgsql as $$
                  begin
                    if nextval('millrace.tries') <= 1 then
                      raise exception 'a commit that fails for a test';
                    end if;
                    return null;
                  end $$
                  """);
              handle.execute(
                  """
                  create constraint trigger fail_file after insert on file_seen
                  deferrable initially deferred for each row execute function fail_file()
                  """);
            });
    assertThatThrownBy(() -> files.seconds(1)).hasStackTraceContaining("fails for a test");
    assertThat(files.runs("load")).isEmpty();
    at.passes();
    assertThat(files.runs("load")).containsExactly("a.csv 3", "b.csv 3");
    files.seconds(7);
    assertThat(files.runs("load")).hasSize(2);
  }

  @Test
  void manyFilesAtOnceStartARunEach() throws Exception {
    job("");
    for (int i = 0; i < 1_200; i++) {
      files.write("in/%04d.csv".formatted(i), "x");
    }
    files.seconds(6);
    assertThat(files.runs("load")).hasSize(1_000);
    files.seconds(1);
    assertThat(files.runs("load")).hasSize(1_200).doesNotHaveDuplicates();
  }

  @Test
  void aFolderMayGoAndComeBack() throws Exception {
    job("");
    files.write("in/a.csv", "one");
    files.seconds(7);
    Path away = Files.move(files.root.resolve("in"), files.root.resolve("unmounted"));
    files.seconds(2);
    assertThat(files.watch("load").look())
        .extracting("state", "problem")
        .containsExactly("MISSING", files.root.resolve("in") + " is not there");
    assertThat(files.looks.countIn("MISSING")).isOne();
    Files.move(away, files.root.resolve("in"));
    files.write("in/b.csv", "three");
    files.seconds(10);
    assertThat(files.runs("load")).containsExactly("a.csv 3", "b.csv 5");
    assertThat(files.watch("load").look()).extracting("state").isEqualTo("READ");
  }

  @Test
  void aPausedJobStartsNothingAndLosesNothing() throws Exception {
    job("");
    command(Command.Kind.JOB_PAUSE);
    files.write("in/a.csv", "one");
    files.seconds(10);
    assertThat(files.runs("load")).isEmpty();
    assertThat(files.watch("load").look())
        .extracting("waiting", "why")
        .containsExactly(1, "the job is paused");
    command(Command.Kind.JOB_RESUME);
    files.seconds(2);
    assertThat(files.runs("load")).containsExactly("a.csv 3");
    command(Command.Kind.JOB_STOP);
    files.write("in/b.csv", "two");
    files.seconds(10);
    assertThat(files.runs("load")).hasSize(1);
    command(Command.Kind.JOB_RESUME);
    files.seconds(7);
    assertThat(files.runs("load")).containsExactly("a.csv 3", "b.csv 3");
  }

  @Test
  void aFileThatAnotherRunIsInTheWayOfIsTriedAgain() throws Exception {
    job("overlap: skip");
    files.write("in/a.csv", "one");
    files.write("in/b.csv", "two");
    files.seconds(10);
    assertThat(files.runs("load")).containsExactly("a.csv 3");
    assertThat(files.watch("load").look())
        .satisfies(look -> assertThat(look.waiting()).isOne())
        .satisfies(look -> assertThat(look.why()).contains("overlap policy is skip"));
    complete(1);
    files.seconds(2);
    assertThat(files.runs("load")).containsExactly("a.csv 3", "b.csv 3");
  }

  @Test
  void anotherVersionKnowsTheFilesOfTheOneBefore() throws Exception {
    job("");
    files.write("in/a.csv", "one");
    files.seconds(7);
    at.applyAgain(
        FilesFixture.job("load", files.path("in/*") + ", min-size: 1", "description: other"));
    files.seconds(10);
    assertThat(files.runs("load")).containsExactly("a.csv 3");
  }

  @Test
  void aFileIsArchivedWhenItsRunIsCompletedAndStaysWhenItFailed() throws Exception {
    at.apply(
        FilesFixture.job(
            "load",
            files.path("in/*.csv") + ", archive-to: '" + files.root.resolve("done") + "'",
            ""));
    files.write("in/good.csv", "one");
    files.seconds(7);
    files.archives();
    assertThat(files.names("in")).as("its run is open").containsExactly("good.csv");
    complete(1);
    files.archives();
    assertThat(files.names("in")).isEmpty();
    assertThat(files.names("done")).containsExactly("good.csv");
    assertThat(at.text("select archived_as from file_seen"))
        .isEqualTo(files.root.resolve("done/good.csv").toString());
    files.write("in/bad.csv", "two");
    files.write("in/good.csv", "other bytes");
    files.seconds(7);
    for (Start start : at.starts(2)) {
      if (start.params().contains("bad.csv")) {
        at.fail(List.of(start.claim()), "crash");
      } else {
        at.complete(List.of(start.claim()), "{}");
      }
      at.passes();
    }
    files.archives();
    files.seconds(10);
    assertThat(files.names("in")).containsExactly("bad.csv");
    assertThat(files.names("done")).containsExactly("good.1.csv", "good.csv");
    assertThat(files.runs("load")).hasSize(3);
  }

  @Test
  void aFolderOutsideIsRefusedWithTheRemedy() throws Exception {
    assertThat(refusal("path: '/etc/*.csv'"))
        .contains("/etc, which is not below the folders of scheduler.file-roots")
        .contains("MILLRACE_SCHEDULER_FILE_ROOTS");
    assertThat(refusal(files.path("in/*") + ", archive-to: /srv/done"))
        .contains("/srv/done, which is not below");
    Files.createSymbolicLink(files.root.resolve("link"), Path.of("/etc"));
    assertThat(refusal(files.path("link/*"))).contains("not below the folders");
    at.apply(FilesFixture.job("out", "path: '/etc/*.csv', pool: nas", ""), 201);
  }

  private String refusal(String file) throws Exception {
    at.apply(FilesFixture.job("out", file, ""), 422);
    return at.text("select body from outcome where status = 422 order by inbox desc limit 1");
  }

  @Test
  void whatIsGoneForAMonthIsForgottenAndWhatIsThereIsNot() throws Exception {
    job("");
    files.write("in/stays.csv", "one");
    files.write("in/goes.csv", "two");
    files.seconds(7);
    Files.delete(files.root.resolve("in/goes.csv"));
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute("update file_seen set last_seen_at = now() - interval '33 days'"));
    files.newLeader();
    files.seconds(7);
    assertThat(at.texts("select path from file_seen")).as("the mount may come late").hasSize(2);
    at.clock.sync(at.clock.micros() + TimeUnit.HOURS.toMicros(2), System.nanoTime());
    files.seconds(1);
    assertThat(at.texts("select path from file_seen"))
        .containsExactly(files.root.resolve("in/stays.csv").toString());
    assertThat(files.runs("load")).hasSize(2);
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute("update file_seen set last_seen_at = now() - interval '33 days'"));
    command(Command.Kind.JOB_STOP);
    long before = at.clock.micros();
    assertThat(forgetOrphans(before)).isZero();
    command(Command.Kind.JOB_RESUME);
    command(Command.Kind.JOB_DELETE);
    assertThat(forgetOrphans(before)).isOne();
  }

  private int forgetOrphans(long before) {
    return at.database.leader().withHandle(tx -> FilesSeen.forgetOrphans(tx, before, 10));
  }
}
