package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Starts that were accepted under an id: by SQL, later, in bulk; and what becomes of each. */
class StartDeskTest {
  private static final String HELLO = "id: hello\nstages: [{id: only, run: noop}]";
  private static final String TAKES =
      "id: takes\nparams: {n: {type: integer, required: true}}\nstages: [{id: only, run: noop}]";
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  /** Through the function, as an application would. */
  private String trigger(String arguments) throws Exception {
    String run = at.text("select millrace.trigger(" + arguments + ")");
    at.hint();
    return run;
  }

  private String state(String run) {
    return at.text("select state from run where id = " + RunId.parse(run).value());
  }

  private String whyStopped(String run) {
    return at.text("select stop_reason from run where id = " + RunId.parse(run).value());
  }

  @Test
  void aRolledBackTransactionStartsNothingAndACommittedOneStartsOne() throws Exception {
    at.apply("id: hello\nparams: {order: integer}\nstages: [{id: only, run: noop}]");
    at.database
        .api()
        .useTransaction(
            tx -> {
              tx.execute("create table app_order (n int)");
              tx.execute("insert into app_order values (7)");
              assertThat(run(tx)).hasSize(13);
              tx.rollback();
            });
    at.hint();
    at.passes();
    assertThat(at.count("select count(*) from run")).isZero();
    assertThat(at.count("select count(*) from start_key")).isZero();
    String kept = at.database.api().inTransaction(StartDeskTest::run);
    at.hint();
    at.passes();
    assertThat(at.texts("select id || trigger_kind || params || actor from run"))
        .containsExactly(
            RunId.parse(kept).value() + "sql{\"order\":7}sql:" + at.text("select session_user"));
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(kept);
  }

  private static String run(org.jdbi.v3.core.Handle tx) {
    return tx.createQuery("select millrace.trigger('hello', '{\"order\": 7}', 'order-7')")
        .mapTo(String.class)
        .one();
  }

  @Test
  void oneKeyIsOneRunAndOtherParamsAreAMistake() throws Exception {
    at.apply(TAKES);
    String first = trigger("'takes', '{\"n\": 1}', 'k'");
    assertThat(trigger("'takes', '{ \"n\":1 }', 'k'")).isEqualTo(first);
    at.passes();
    assertThat(trigger("'takes', '{\"n\": 1}', 'k'")).isEqualTo(first);
    at.passes();
    assertThat(at.count("select count(*) from run")).isEqualTo(1);
    assertThatThrownBy(() -> trigger("'takes', '{\"n\": 2}', 'k'"))
        .hasMessageContaining("key 'k' of job 'takes' was used with other params")
        .hasMessageContaining(first)
        .hasMessageContaining("use a new key");
    assertThat(trigger("'takes', '{\"n\": 1}', 'other'")).isNotEqualTo(first);
  }

  @Test
  void mistakesAreToldWithTheirRemedy() throws Exception {
    at.apply(HELLO);
    String[][] calls = {
      {"'hallo'", "namespace 'default' has no job 'hallo'", "Create the job first"},
      {"'hello', namespace => 'shop'", "namespace 'shop' has no job 'hello'", "namespace =>"},
      {"'hello', '[1]'", "are a JSON array, not an object", "Pass for example"},
      {"'hello', '{}', ''", "the key has 0 characters, possible are 1 to 200", "order-7"},
      {"'hello', '{}', repeat('k', 201)", "the key has 201 characters", "order-7"},
      {"null", "cannot be null", "millrace.trigger('my-job')"},
      {"'hello', at => 'infinity'", "at is infinity", "Leave it out"},
      {
        "'hello', jsonb_build_object('a', repeat('x', 40000))",
        "have 40009 characters, the limit is 32768",
        "pass their key"
      },
    };
    for (String[] call : calls) {
      assertThatThrownBy(() -> trigger(call[0]))
          .as(call[0])
          .hasMessageContaining(call[1])
          .hasMessageContaining(call[2]);
    }
    at.passes();
    assertThat(at.count("select count(*) from run")).isZero();
  }

  @Test
  void whatWasAcceptedIsARunThatTellsWhatBecameOfIt() throws Exception {
    at.apply(TAKES);
    at.apply("id: once\noverlap: skip\nstages: [{id: only, run: noop}]");
    at.apply(HELLO);
    String wrong = trigger("'takes', '{}'");
    String digits = trigger("'takes', ('{\"n\":' || repeat('7', 1001) || '}')::jsonb, 'digits'");
    String first = trigger("'once'");
    String second = trigger("'once'");
    at.ask(new Command(Command.Kind.JOB_DELETE, "default", "hello", "{}", "tester", null));
    String archived = trigger("'hello'"); // before the leader has taken what comes first
    at.passes();
    assertThat(state(wrong)).isEqualTo("CANCELLED");
    assertThat(whyStopped(wrong)).contains("n");
    assertThat(state(digits)).isEqualTo("CANCELLED");
    assertThat(whyStopped(digits)).contains("not JSON");
    assertThat(state(first)).isNotEqualTo("CANCELLED");
    assertThat(state(second)).isEqualTo("CANCELLED");
    assertThat(whyStopped(second)).contains("overlap policy is skip");
    assertThat(state(archived)).isEqualTo("CANCELLED");
    assertThat(whyStopped(archived)).contains("job 'hello' is ARCHIVED");
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(first);
  }

  @Test
  void whatIsAskedInAPauseGoesOnWithIt() throws Exception {
    at.apply(HELLO);
    at.ask(new Command(Command.Kind.JOB_PAUSE, "default", "hello", "{}", "tester", null));
    at.passes();
    String run = trigger("'hello'");
    at.passes();
    assertThat(state(run)).isEqualTo("PAUSED");
    at.assertNoStarts();
    at.ask(new Command(Command.Kind.JOB_RESUME, "default", "hello", "{}", "tester", null));
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(run);
  }

  @Test
  void laterIsNotBeforeItsTime() throws Exception {
    at.apply(HELLO);
    String run = trigger("'hello', key => 'k', at => now() + interval '40 days'");
    assertThat(trigger("'hello', key => 'k', at => now() + interval '41 days'")).isEqualTo(run);
    at.passes();
    assertThat(at.count("select count(*) from run")).isZero();
    at.newTurn();
    at.passes();
    assertThat(at.count("select count(*) from start_later")).isEqualTo(1);
    at.execute("update start_later set due_at = clock_timestamp()");
    at.hint();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              at.passes(); // what is planned is looked at by time
              return at.count("select count(*) from run") == 1;
            });
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(run);
    assertThat(at.count("select count(*) from start_later")).isZero();
  }

  @Test
  void aStartThatIsTakenBackNeverStarts() throws Exception {
    at.apply(HELLO);
    String run = trigger("'hello', at => now() + interval '1 hour', key => 'k'");
    assertThat(at.text("select millrace.untrigger('" + run + "', 'not needed')::text"))
        .isEqualTo("true");
    assertThat(at.text("select millrace.untrigger('" + run + "')::text")).isEqualTo("false");
    assertThat(at.text("select taken_back_by from start_later"))
        .startsWith("sql:")
        .endsWith(": not needed");
    at.execute("update start_later set due_at = clock_timestamp()");
    at.newTurn();
    at.passes();
    assertThat(at.count("select count(*) from run")).isZero();
    assertThat(trigger("'hello', key => 'k'")).isNotEqualTo(run);
    assertThatThrownBy(() -> at.text("select millrace.untrigger('nonsense')::text"))
        .hasMessageContaining("'nonsense' is not the id of a run");
  }

  @Test
  void anIdOfADayWithoutPartitionsGetsThem() throws Exception {
    at.apply(HELLO);
    String run = trigger("'hello'");
    long old = RunId.parse(run).value() - ((20L * 86_400_000) << 22);
    at.execute("update inbox set body = replace(body, '" + run + "', '" + new RunId(old) + "')");
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().value()).isEqualTo(old);
  }

  /** Such rows can only be written by hand, but they must not hold up the leader. */
  @Test
  void anIdThatIsARunAlreadyIsMadeOnce() throws Exception {
    at.apply(HELLO);
    String run = trigger("'hello'");
    at.execute(
        """
        insert into inbox (kind, namespace, job, body, actor, answer)
        select kind, namespace, job, body, actor, answer from inbox
        """);
    at.passes();
    long again =
        at.ask(
            new Command(
                Command.Kind.RUN_START,
                "default",
                "hello",
                "{\"run\":\"" + run + "\"}",
                "tester",
                null));
    at.passes();
    assertThat(at.outcome(again).status()).isEqualTo(201);
    assertThat(at.count("select count(*) from run")).isEqualTo(1);
    at.starts(1);
  }

  @Test
  void ofManyEachIsJudgedForItself() throws Exception {
    at.apply(TAKES);
    at.apply(HELLO);
    Outcome outcome = many(false, "hello {}", "takes {}", "nowhere {}", "takes {\"n\":3}");
    assertThat(outcome.status()).isEqualTo(200);
    assertThat(outcome.body())
        .contains("\"made\":2", "\"at\":1,\"status\":422", "\"at\":2,\"status\":404");
    List<Start> starts = at.starts(2);
    assertThat(starts).extracting(Start::params).containsExactlyInAnyOrder("{}", "{\"n\":3}");
  }

  @Test
  void allOrNoneMakesNoneForOne() throws Exception {
    at.apply(TAKES);
    at.apply("id: once\noverlap: skip\nstages: [{id: only, run: noop}]");
    assertThat(many(true, "takes {\"n\":1}", "takes {}").body())
        .contains("\"made\":0", "\"at\":0,\"status\":409", "\"at\":1,\"status\":422");
    assertThat(many(true, "once {}", "once {}").body()).contains("\"made\":0", "no room for all");
    assertThat(at.count("select count(*) from run")).isZero();
    assertThat(many(true, "once {}", "takes {\"n\":1}", "takes {\"n\":2}").body())
        .contains("\"made\":3");
    at.starts(3);
  }

  private Outcome many(boolean atomic, String... starts) throws Exception {
    StringBuilder body = new StringBuilder("{\"atomic\":" + atomic + ",\"starts\":[");
    for (int i = 0; i < starts.length; i++) {
      String[] parts = starts[i].split(" ", 2);
      String run = at.text("select run_text(next_run_id(clock_timestamp()))");
      body.append(i == 0 ? "" : ",")
          .append(
              "{\"job\":\"%s\",\"run\":\"%s\",\"params\":%s}".formatted(parts[0], run, parts[1]));
    }
    long id =
        at.ask(
            new Command(
                Command.Kind.RUNS_ACCEPTED,
                "default",
                null,
                body.append("]}").toString(),
                "tester",
                null));
    at.passes();
    return at.outcome(id);
  }

  @Test
  void aRefusedStartGivesItsKeyBack() throws Exception {
    at.apply(TAKES);
    at.execute(
        "select accept_start('default', 'takes', '{}', 'k', null, null, 'manual', null, 'tester', null, true)");
    at.hint();
    at.passes();
    assertThat(at.text("select status || body from outcome order by inbox desc limit 1"))
        .startsWith("422");
    assertThat(at.count("select count(*) from start_key")).isZero();
    assertThat(at.count("select count(*) from run")).isZero();
  }

  @Test
  void aStartNamesWhatItsRunBelongsTo() throws Exception {
    at.apply(HELLO);
    trigger("'hello', orchestration => 'week-7'");
    at.passes();
    assertThat(at.text("select orchestration from run")).isEqualTo("week-7");
    assertThatThrownBy(() -> trigger("'hello', orchestration => 'week 7'"))
        .hasMessageContaining("'week 7' is not possible as the id of an orchestration");
  }
}
