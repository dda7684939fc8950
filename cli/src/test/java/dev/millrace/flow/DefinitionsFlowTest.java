package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.cli.CliOf;
import dev.millrace.scheduler.SchedulerNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A repository of job files and a real server, seen through the command line. */
class DefinitionsFlowTest {
  @TempDir Path folder;
  private Flow flow;
  private Path jobs;
  private CliOf cli;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder);
    SchedulerNode node = flow.scheduler("node-1");
    flow.leads(node);
    cli = new CliOf("http://127.0.0.1:" + node.port());
    jobs = Files.createDirectories(folder.resolve("jobs"));
  }

  @AfterEach
  void stop() {
    flow.close();
  }

  private void write(String name, String text) throws Exception {
    Path file = jobs.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void aRepositoryIsPlannedAppliedAndPruned() throws Exception {
    write(
        "patterns/copy.yaml",
        """
        pattern: copy
        params: {n: integer}
        priority: $[[ n ]]
        stages: [{id: work, run: h}]
        """);
    write("copies.yaml", "id: copies\nuses: copy\nwith: {n: 3}\n");
    write("plain.yaml", "id: plain\nstages:\n- {id: work, run: h}\n");
    write(".git/config.yaml", "not: a job\n");
    write("README.md", "no job either\n");
    String set = jobs.toString();

    assertThat(cli.run("plan", set, "--set", "repo").code()).as("changes").isEqualTo(2);
    assertThat(cli.out())
        .contains("set repo: 2 to create, 0 to change, 0 to archive, 0 unchanged")
        .contains("+ pattern copy@1  " + jobs.resolve("patterns/copy.yaml"))
        .contains("+ job copies from copy@1  " + jobs.resolve("copies.yaml"));
    assertThat(cli.run("apply", set, "--set", "repo", "--reason", "first").code()).isZero();
    assertThat(cli.out()).contains("applied: 2 created, 0 changed, 0 archived, 1 patterns");
    assertThat(cli.run("plan", set, "--set", "repo").code()).as("nothing changes").isZero();
    assertThat(cli.run("apply", set, "--set", "repo").out()).contains("nothing to do");

    write("by-hand.yaml", "id: plain\npriority: 9\nstages:\n- {id: work, run: h}\n");
    assertThat(cli.run("job", "apply", jobs.resolve("by-hand.yaml").toString()).out())
        .contains("now at version 2", "belongs to the set 'repo'");
    Files.delete(jobs.resolve("by-hand.yaml"));
    assertThat(cli.run("plan", set, "--set", "repo").code()).isEqualTo(2);
    assertThat(cli.out())
        .contains("~ job plain (version 2)  " + jobs.resolve("plain.yaml"))
        .contains("changed on the server by api:127.0.0.1")
        .contains("version 2, the set made 1")
        .contains("-priority: 9\n    +priority: 5");

    Files.delete(jobs.resolve("copies.yaml"));
    assertThat(cli.run("plan", set, "--prune").code()).as("which set?").isEqualTo(1);
    assertThat(cli.err()).contains("--prune needs --set NAME");
    assertThat(cli.run("plan", set, "--set", "repo").out())
        .contains("? job copies (version 1)\n    no file says it; --prune archives it");
    assertThat(cli.run("apply", set, "--set", "repo", "--prune").code()).isZero();
    assertThat(cli.out()).contains("applied: 0 created, 1 changed, 1 archived");
    assertThat(cli.run("job", "list").out()).contains("plain").doesNotContain("copies");
    assertThat(cli.run("plan", set, "--sett", "x").code()).as("wrong words").isEqualTo(1);
  }

  @Test
  void whatIsWrongIsToldWithFileLineAndColumn() throws Exception {
    write("a.yaml", "id: a\nprority: 3\nstages: [{id: work, run: h}]\n");
    write("b.json", "{\"id\": \"b\"}");
    for (String verb : new String[] {"plan", "apply"}) {
      assertThat(cli.run(verb, jobs.toString()).code()).isEqualTo(verb.equals("plan") ? 1 : 3);
      assertThat(cli.err())
          .contains("2 of the files have problems; nothing was changed")
          .contains(jobs.resolve("a.yaml") + ":2:1: prority: unknown key, did you mean 'priority'?")
          .contains(jobs.resolve("b.json") + ":1:1: `stages` is missing");
    }
    assertThat(cli.run("plan", folder.resolve("nowhere").toString()).code()).isEqualTo(1);
    assertThat(cli.err()).contains("there is no file");
    Path empty = Files.createDirectories(folder.resolve("empty"));
    assertThat(cli.run("apply", empty.toString(), "--set", "x", "--prune").code()).isEqualTo(1);
    assertThat(cli.err()).contains("there are no job files in " + empty);
  }

  @Test
  void aJobOfSomebodyElseStopsAll() throws Exception {
    write("theirs.yaml", "id: theirs\nstages:\n- {id: work, run: h}\n");
    cli.run("job", "apply", jobs.resolve("theirs.yaml").toString());
    write("mine.yaml", "id: mine\nstages:\n- {id: work, run: h}\n");
    assertThat(cli.run("plan", jobs.toString()).code()).isEqualTo(1);
    assertThat(cli.out())
        .contains("+ job mine")
        .contains("! job theirs (version 1)")
        .contains("job 'theirs' was defined through the API; apply with --adopt to take it over");
    assertThat(cli.run("apply", jobs.toString()).code()).isEqualTo(1);
    assertThat(cli.err()).contains("1 jobs belong to somebody else; nothing was applied");
    assertThat(cli.run("apply", jobs.toString(), "--adopt").code()).isZero();
  }

  /** What `job show` prints makes the same job again, also of a form of another system. */
  @Test
  void aJobIsExportedAsTheFileThatMakesIt() throws Exception {
    write(
        "report.json",
        """
        {
          "job": {
            "name": "Weekly Report",
            "metadata": {
              "scheduling": {
                "cron": "0 9 * * 1",
                "timezone": "America/New_York",
                "retry_policy": {
                  "max_attempts": 5,
                  "backoff": "exponential"
                }
              },
              "features": ["x", "1.10"],
              "knowledge_graph": {"on": true, "since": "2026-01-01"}
            }
          }
        }
        """);
    cli.run("job", "apply", jobs.resolve("report.json").toString());
    assertThat(cli.run("job", "show", "weekly-report", "-o", "yaml").code()).isZero();
    String yaml = cli.out();
    assertThat(yaml)
        .contains("id: weekly-report\n", "cron: \"0 9 * * 1\"\n", "max-attempts: 5\n")
        .contains("features:\n  - x\n  - \"1.10\"\n", "knowledge_graph:\n    \"on\": true\n");
    write("exported.yaml", yaml);
    assertThat(cli.run("job", "apply", jobs.resolve("exported.yaml").toString()).out())
        .contains("unchanged at version 1");

    write("exported.yaml", yaml.replace("max-attempts: 5", "max-attempts: 2"));
    cli.run("job", "apply", jobs.resolve("exported.yaml").toString());
    assertThat(cli.run("job", "diff", "weekly-report").out())
        .contains("--- weekly-report@1\n+++ weekly-report@2\n", "-    max-attempts: 5\n");
    assertThat(cli.run("job", "rollback", "weekly-report", "1", "--reason", "too few").out())
        .contains("job weekly-report is now at version 3, which says what version 1 said");
    assertThat(cli.run("job", "versions", "weekly-report").out()).contains("too few");
    assertThat(cli.run("job", "diff", "weekly-report", "1", "3").out())
        .contains("versions 1 and 3 say the same");
    assertThat(cli.run("job", "show", "weekly-report", "--version-number", "2").out())
        .contains("version   2", "max-attempts: 2");
    assertThat(cli.run("job", "rollback", "weekly-report", "9").code()).isEqualTo(4);
    assertThat(cli.err()).contains("has no version 9; its versions are 1 to 3");
  }

  @Test
  void patternsAndTracesOnTheCommandLine() throws Exception {
    write(
        "copy.yaml",
        """
        pattern: copy
        params: {n: {type: integer, default: 1}, day: string}
        priority: $[[ n ]]
        stages: [{id: work, run: h, with: {day: "${{ params.day }}"}}]
        """);
    String file = jobs.resolve("copy.yaml").toString();
    assertThat(cli.run("validate", file).out()).contains("pattern copy is valid");
    assertThat(cli.run("pattern", "apply", file).out()).contains("pattern copy registered");
    write("uses.yaml", "id: uses\nuses: copy\n");
    assertThat(cli.run("validate", jobs.resolve("uses.yaml").toString()).out())
        .contains("job uses is valid");
    assertThat(cli.run("job", "apply", jobs.resolve("uses.yaml").toString()).out())
        .contains("job uses created");
    assertThat(cli.run("job", "show", "uses", "-o", "yaml").out())
        .isEqualTo("id: uses\nuses: copy\n");
    assertThat(cli.run("job", "show", "uses", "-o", "yaml", "--expanded").out())
        .contains("priority: 1", "run: h");
    Files.writeString(
        jobs.resolve("copy.yaml"),
        Files.readString(jobs.resolve("copy.yaml")).replace("run: h", "run: g"));
    assertThat(cli.run("pattern", "apply", file).out())
        .contains("now at version 2; 1 jobs stay at older versions until they are applied");
    assertThat(cli.run("pattern", "list").out()).containsPattern("copy +2 +1 +1 +api");
    assertThat(cli.run("pattern", "show", "copy").out())
        .containsPattern("n +integer +1 +when a job is loaded")
        .containsPattern("day +string +- +when a run starts")
        .containsPattern("default/uses +1 +older than the newest");
    assertThat(cli.run("pattern", "show", "copy", "--text").out()).startsWith("pattern: copy\n");
    assertThat(cli.run("pattern", "versions", "copy").out()).contains("VERSION");
    assertThat(cli.run("pattern", "delete", "copy").code()).isEqualTo(3);
    assertThat(cli.err()).contains("is used by default/uses");
    assertThat(cli.run("job", "apply", file).err()).contains("is a pattern and no job");

    cli.run("job", "trigger", "uses", "-p", "day=today", "--orchestration", "launch-1");
    assertThat(cli.run("trace", "launch-1").out())
        .contains("orchestration launch-1: 1 runs")
        .contains("└─ uses (copy@1)");
    assertThat(cli.run("run", "list", "--orchestration", "launch-1").out()).contains("uses");
    assertThat(cli.run("trace", "nothing").code()).isEqualTo(4);
  }
}
