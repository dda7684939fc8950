package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.command.Command;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stages that wait for files on the scheduler's own file system, and hold no worker meanwhile. */
class FileStagesTest {
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

  private void run(String with, String params) throws Exception {
    at.apply(
        """
        id: waits
        params: {path: {type: string, default: none}}
        stages:
          - {id: wait, run: wait.file, on: scheduler, with: {%s}}
          - {id: work, run: noop, needs: [wait], with: {files: "${{ stages.wait.output.files }}"}}
        """
            .formatted(with));
    long id =
        at.ask(new Command(Command.Kind.RUN_START, "default", "waits", params, "tester", null));
    at.passes();
    assertThat(at.outcome(id).status()).isEqualTo(201);
  }

  private String state() {
    return at.text("select state from stage where name = 'wait'");
  }

  @Test
  void itWaitsForAWholeFileAndGivesItOn() throws Exception {
    run("path: '" + files.root + "/in/*.csv', stable-for: 5s", "{}");
    files.seconds(3);
    assertThat(state()).isEqualTo("RUNNING");
    at.assertNoStarts();
    files.append("in/a.csv", "12345");
    files.seconds(4);
    files.append("in/a.csv", "67890");
    files.seconds(5);
    assertThat(state()).isEqualTo("RUNNING");
    files.seconds(2);
    assertThat(state()).isEqualTo("COMPLETED");
    assertThat(at.starts(1).getFirst().with())
        .contains("\"path\":\"" + files.root + "/in/a.csv\"", "\"size\":10");
    assertThat(at.count("select count(*) from file_wait")).isZero();
  }

  @Test
  void aNewLeaderLooksAnew() throws Exception {
    run(
        "path: '${{ params.path }}', stable-for: 5s",
        "{\"params\":{\"path\":\"" + files.root + "/in/*.csv\"}}");
    files.write("in/a.csv", "x");
    files.seconds(4);
    files.newLeader();
    files.seconds(5);
    assertThat(state()).isEqualTo("RUNNING");
    files.seconds(2);
    assertThat(state()).isEqualTo("COMPLETED");
  }

  @Test
  void aFolderOutsideFailsTheStageWithTheRemedy() throws Exception {
    run("path: '/etc/*.csv'", "{}");
    files.seconds(1);
    assertThat(state()).isEqualTo("FAILED");
    assertThat(at.text("select error_class || ' ' || error from stage where name = 'wait'"))
        .startsWith("config wait.file looks only below the folders of scheduler.file-roots")
        .contains("MILLRACE_SCHEDULER_FILE_ROOTS");
  }

  @Test
  void whatAnExpressionMakesMayBeNoPath() throws Exception {
    run("path: '${{ params.path }}'", "{\"params\":{\"path\":\"in/*\"}}");
    assertThat(state()).isEqualTo("FAILED");
    assertThat(at.text("select error from stage where name = 'wait'")).contains("not absolute");
  }

  @Test
  void aRunThatIsKilledWaitsNoMore() throws Exception {
    run("path: '" + files.root + "/in/*.csv'", "{}");
    long run = Long.parseLong(at.text("select id::text from run"));
    String id = new dev.millrace.model.RunId(run).toString();
    at.ask(
        new Command(
            Command.Kind.RUN_KILL, "default", null, "{\"run\":\"" + id + "\"}", "tester", "why"));
    at.passes();
    assertThat(state()).isEqualTo("CANCELLED");
    assertThat(at.count("select count(*) from file_wait")).isZero();
  }
}
