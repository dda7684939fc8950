package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * One command or one report that makes every pass with it fail is set aside; all others take
 * effect. The database itself refuses what holds the word poison, as it refuses what no column
 * holds.
 */
class PoisonTest {
  private static final String SINGLE = "id: single\nstages: [{id: only, run: noop}]\n";

  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
    at.apply(SINGLE);
    at.database
        .api()
        .useHandle(
            handle -> {
              handle.execute(
                  """
                  create function refuse_poison() returns trigger language plpgsql as $$
                  begin
                    if row_to_json(new)::text like '%poison%' then
                      raise exception 'poison cannot be stored' using errcode = '22P05';
                    end if;
                    return new;
                  end $$
                  """);
              for (String table : List.of("named_lock", "stage")) {
                handle.execute(
                    "create trigger refuse_poison before insert or update on "
                        + table
                        + " for each row execute function refuse_poison()");
              }
            });
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private long lock(String name) {
    String body = "{\"name\":\"" + name + "\",\"capacity\":2}";
    return at.ask(new Command(Command.Kind.LOCK_PUT, "default", null, body, "tester", null));
  }

  @Test
  void oneCommandIsAnsweredOnceAndAllAroundItTakeEffect() throws Exception {
    List<Long> good = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      good.add(lock("before-" + i));
    }
    final long poison = lock("poison");
    for (int i = 0; i < 20; i++) {
      good.add(lock("after-" + i));
    }
    at.ask(Command.runs("default", "single", 3, "tester"));
    at.passes();
    assertThat(good).allMatch(id -> at.outcome(id).status() == 200);
    assertThat(at.outcome(poison).status()).isEqualTo(500);
    assertThat(at.outcome(poison).body())
        .contains("command " + poison, "poison cannot be stored", "not tried again");
    assertThat(at.count("select count(*) from named_lock")).isEqualTo(40);
    assertThat(at.count("select count(*) from inbox")).isZero();
    assertThat(at.starts(3)).hasSize(3);
    long next = lock("next");
    assertThat(at.pass()).as("all at once again").isFalse();
    assertThat(at.outcome(next).status()).isEqualTo(200);
  }

  @Test
  void severalAreEachSetAside() throws Exception {
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      all.add(lock(i % 7 == 0 ? "poison-" + i : "good-" + i));
    }
    at.passes();
    for (int i = 0; i < 30; i++) {
      assertThat(at.outcome(all.get(i)).status()).as("%d", i).isEqualTo(i % 7 == 0 ? 500 : 200);
    }
  }

  @Test
  void oneReportGoesIntoQuarantineAndTheOthersOfItsMessageCount() throws Exception {
    at.ask(Command.runs("default", "single", 20, "tester"));
    at.passes();
    List<Claim> claims = at.starts(20).stream().map(Start::claim).toList();
    Claim bad = claims.get(7);
    at.finished(claims, claim -> claim.equals(bad) ? "\"poison\"" : "{}");
    long other = lock("meanwhile");
    at.passes();
    assertThat(at.outcome(other).status()).isEqualTo(200);
    assertThat(at.count("select count(*) from stage where state = 'COMPLETED'")).isEqualTo(19);
    assertThat(at.count("select count(*) from stage where state = 'QUEUED'")).isEqualTo(1);
    assertThat(at.messages(Entities.DEAD))
        .singleElement()
        .asString()
        .contains("poison cannot be stored", bad.run().toString());
    assertThat(at.unackedReports()).isZero();
  }

  @Test
  void nobodyIsBlamedForWhatFailsByItself() throws Exception {
    at.failCommits(1, "23514");
    long innocent = lock("innocent");
    at.passes();
    assertThat(at.outcome(innocent).status()).isEqualTo(200);
  }
}
