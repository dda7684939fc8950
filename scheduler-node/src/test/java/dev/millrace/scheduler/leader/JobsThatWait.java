package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A leader whose jobs wait for jobs, with its own tables and a real broker. */
class JobsThatWait {
  TurnFixture at;
  private final Map<String, Start> open = new HashMap<>();

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  static String job(String id, String rules) {
    return "id: %s\n%s\nstages: [{id: work, run: noop, retry: {max-attempts: 1}}]\n"
        .formatted(id, rules);
  }

  void jobs(String... ids) throws Exception {
    for (String id : ids) {
      at.apply(job(id, ""));
    }
  }

  Outcome ask(String kind, String job, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", job, body, "tester", null));
    at.passes();
    return at.outcome(id);
  }

  void starts(String job) throws Exception {
    assertThat(ask(Command.Kind.RUN_START, job, "{}").status()).isEqualTo(201);
  }

  /** A run of each of these is made and completes, one after the other. */
  void completes(String... jobs) throws Exception {
    for (String job : jobs) {
      starts(job);
      ends(job, true);
    }
  }

  void fails(String job) throws Exception {
    starts(job);
    ends(job, false);
  }

  /** The oldest start of this job that has not ended ends. */
  void ends(String job, boolean well) throws Exception {
    List<Claim> claims = List.of(next(job).claim());
    if (well) {
      at.complete(claims, "{\"rows\":7}");
    } else {
      at.fail(claims, "crash");
    }
    at.passes();
  }

  Start next(String job) {
    if (!open.containsKey(job)) {
      for (Start start : at.starts(1)) {
        open.put(start.job(), start);
      }
    }
    Start found = open.remove(job);
    assertThat(found).as("a start of %s", job).isNotNull();
    return found;
  }

  List<String> runs(String job) {
    return at.texts(
        "select r.state from run r join job j on j.id = r.job where j.name = '"
            + job
            + "' order by r.id");
  }

  /** So many runs of a job there are; each that has started completes. */
  void has(String job, int count) throws Exception {
    assertThat(runs(job)).as("runs of %s", job).hasSize(count);
    while (runs(job).contains("STARTING")) {
      ends(job, true);
    }
  }
}
