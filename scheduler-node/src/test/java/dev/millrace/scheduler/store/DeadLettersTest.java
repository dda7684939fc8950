package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The tables of dead letters in a real Postgres. Each test has a namespace of its own. */
class DeadLettersTest {
  private static final long SECOND = 1_000_000;
  private static TestDatabase postgres;
  private static Database database;
  private static AtomicLong ids;
  private static long now;

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    now =
        database
            .api()
            .withHandle(
                h -> h.createQuery("select micros(clock_timestamp())").mapTo(Long.class).one());
    ids = new AtomicLong(RunId.firstAt(now / 1_000));
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  private static <T> T inTransaction(HandleCallback<T, RuntimeException> work) {
    return database.leader().inTransaction(work);
  }

  private static int rows(HandleCallback<Integer, RuntimeException> work) {
    return inTransaction(work);
  }

  private static List<ReadsDead.Letter> page(DeadLetters.Filter filter, String state) {
    return inTransaction(tx -> ReadsDead.page(tx, filter, state, Long.MAX_VALUE, 10));
  }

  private static List<ReadsDead.Group> groups(String namespace, long before) {
    return inTransaction(tx -> ReadsDead.groups(tx, in(namespace), before, 10));
  }

  private static Optional<ReadsDead.Letter> find(long id) {
    return inTransaction(tx -> ReadsDead.find(tx, id));
  }

  private static DeadLetters.Filter in(String namespace) {
    return new DeadLetters.Filter(namespace, 0, null, null, null, null, 0, 0);
  }

  private static DeadLetters.Fresh letter(String namespace, String stage, String error) {
    long id = ids.incrementAndGet();
    return new DeadLetters.Fresh(
        id,
        new DeadLetters.Place(id, 0, stage, 2, 0, 0, DeadLetters.NO_ITEM),
        namespace,
        "job",
        3,
        "noop",
        "default",
        "{\"with\":{}}",
        "exit:1",
        error,
        "print-" + stage,
        2,
        "worker-1",
        now - SECOND,
        now);
  }

  private static List<Long> insert(Handle tx, DeadLetters.Fresh... letters) {
    DeadLetters.insert(tx, List.of(letters));
    return List.of(letters).stream().map(DeadLetters.Fresh::id).toList();
  }

  @Test
  void lettersArePagedByIdNewestFirst() {
    List<Long> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      all.addFirst(inTransaction(tx -> insert(tx, letter("paged", "load", "no"))).getFirst());
    }
    List<Long> read = new ArrayList<>();
    long before = Long.MAX_VALUE;
    List<ReadsDead.Letter> page;
    do {
      long from = before;
      page = inTransaction(tx -> ReadsDead.page(tx, in("paged"), DeadLetters.OPEN, from, 2));
      page.forEach(letter -> read.add(letter.id()));
      before = page.isEmpty() ? 0 : page.getLast().id();
    } while (!page.isEmpty());
    assertThat(read).isEqualTo(all);
    ReadsDead.Letter one = find(all.getFirst()).orElseThrow();
    assertThat(one.message()).isEqualTo("{\"with\":{}}");
    assertThat(one.item()).isNull();
    assertThat(one.parent()).isNull();
    assertThat(one.worker()).isEqualTo("worker-1");
    assertThat(one.firstFailed()).isBefore(one.lastFailed());
    assertThat(page(in("other"), null)).isEmpty();
  }

  @Test
  void everyPartOfAFilterNarrows() {
    List<Long> made =
        inTransaction(
            tx ->
                insert(
                    tx,
                    letter("filtered", "load", "The Shop said 50%"),
                    letter("filtered", "store", null)));
    var both = in("filtered");
    assertThat(found(both)).hasSize(2);
    long run = made.getFirst();
    for (DeadLetters.Filter one :
        List.of(
            new DeadLetters.Filter("filtered", run, null, null, null, null, 0, 0),
            new DeadLetters.Filter("filtered", 0, "job", "load", null, null, 0, 0),
            new DeadLetters.Filter("filtered", 0, null, null, "print-load", null, 0, 0),
            new DeadLetters.Filter("filtered", 0, null, null, null, "shop SAID 50%", 0, 0))) {
      assertThat(found(one)).as(one.toString()).containsExactly(made.getFirst());
      assertThat(one.takesAll()).isFalse();
    }
    for (DeadLetters.Filter none :
        List.of(
            new DeadLetters.Filter("filtered", 0, "other", null, null, null, 0, 0),
            new DeadLetters.Filter("filtered", 0, null, null, null, "5_%", 0, 0),
            new DeadLetters.Filter("filtered", 0, null, null, null, null, now + 1, 0),
            new DeadLetters.Filter("filtered", 0, null, null, null, null, 0, now))) {
      assertThat(found(none)).as(none.toString()).isEmpty();
    }
    assertThat(found(new DeadLetters.Filter("filtered", 0, null, null, null, null, now, now + 1)))
        .hasSize(2);
  }

  private static List<Long> found(DeadLetters.Filter filter) {
    List<Long> next =
        inTransaction(tx -> DeadLetters.next(tx, filter, 0, Long.MAX_VALUE, 10)).stream()
            .map(DeadLetters.Row::id)
            .toList();
    List<Long> page =
        inTransaction(tx -> ReadsDead.page(tx, filter, DeadLetters.OPEN, Long.MAX_VALUE, 10))
            .stream()
            .map(ReadsDead.Letter::id)
            .toList();
    assertThat(page).containsExactlyInAnyOrderElementsOf(next);
    assertThat(rows(tx -> DeadLetters.count(tx, filter, Long.MAX_VALUE))).isEqualTo(next.size());
    return next;
  }

  @Test
  void lettersThatLookAlikeAreOneGroup() {
    inTransaction(
        tx -> insert(tx, letter("grouped", "load", "no 1"), letter("grouped", "store", "no")));
    long last = inTransaction(tx -> insert(tx, letter("grouped", "load", "no 2"))).getFirst();
    List<ReadsDead.Group> groups = groups("grouped", Long.MAX_VALUE);
    assertThat(groups).extracting(group -> group.newest().stage()).containsExactly("load", "store");
    assertThat(groups.getFirst().count()).isEqualTo(2);
    assertThat(groups.getFirst().newest().id()).isEqualTo(last);
    assertThat(groups.getFirst().newest().error()).isEqualTo("no 2");
    assertThat(groups("grouped", last))
        .extracting(group -> group.newest().stage())
        .containsExactly("store");
  }

  @Test
  void aLetterIsClosedOnce() {
    long id = inTransaction(tx -> insert(tx, letter("closed", "load", "no"))).getFirst();
    var redriven = new DeadLetters.Closing(id, DeadLetters.REDRIVEN, "anna", "fixed", 77);
    var discarded = new DeadLetters.Closing(id, DeadLetters.DISCARDED, "bert", null, 0);
    assertThat(rows(tx -> DeadLetters.close(tx, List.of(redriven), now))).isOne();
    assertThat(rows(tx -> DeadLetters.close(tx, List.of(discarded), now))).isZero();
    ReadsDead.Letter letter = find(id).orElseThrow();
    assertThat(letter.state()).isEqualTo("REDRIVEN");
    assertThat(letter.actor()).isEqualTo("anna");
    assertThat(letter.note()).isEqualTo("fixed");
    assertThat(letter.successor()).isEqualTo(77);
    assertThat(letter.endedAt()).isNotNull();
    assertThat(found(in("closed"))).isEmpty();
    assertThat(page(in("closed"), null)).hasSize(1);
  }

  @Test
  void whoeverWaitedForTheRunClosesItsLetterToo() {
    long id = ids.incrementAndGet();
    DeadLetters.Fresh base = letter("family", "load", "no");
    DeadLetters.Fresh item =
        new DeadLetters.Fresh(
            id,
            new DeadLetters.Place(id, 0, "load", 1, 4_711, 2, 5),
            base.namespace(),
            base.job(),
            base.version(),
            base.handler(),
            base.pool(),
            base.message(),
            base.reason(),
            base.error(),
            base.fingerprint(),
            1,
            null,
            now,
            now);
    inTransaction(tx -> insert(tx, item));
    var other = new DeadLetters.Left(4_711, 1, DeadLetters.REDRIVEN, "anna", "again");
    var parent = new DeadLetters.Left(4_711, 2, DeadLetters.REDRIVEN, "anna", "again");
    assertThat(rows(tx -> DeadLetters.closeOfParents(tx, List.of(other), now))).isZero();
    assertThat(rows(tx -> DeadLetters.closeOfParents(tx, List.of(parent), now))).isOne();
    assertThat(find(id).orElseThrow().item()).isEqualTo(5);
  }

  @Test
  void theFirstFailureIsThatOfTheSameTries() {
    long run = ids.incrementAndGet();
    inTransaction(
        tx -> {
          for (int attempt = 1; attempt <= 5; attempt++) {
            tx.execute(
                "insert into attempt (run, idx, attempt, outcome, finished_at) values (?, 0, ?, ?, ts(?))",
                run,
                attempt,
                attempt == 4 ? "returned" : "failed",
                now + attempt * SECOND);
          }
          return null;
        });
    long[] first =
        inTransaction(
            tx ->
                DeadLetters.firstFailures(
                    tx,
                    List.of(
                        new DeadLetters.Earlier(run, 1, 6, 3),
                        new DeadLetters.Earlier(run, 0, 6, 2),
                        new DeadLetters.Earlier(run, 0, 3, 9))));
    assertThat(first).containsExactly(0, now + 3 * SECOND, now + SECOND);
  }

  @Test
  void onlyWhatIsClosedAndToldForAMonthIsForgotten() {
    List<Long> made =
        inTransaction(
            tx ->
                insert(
                    tx,
                    letter("old", "a", null),
                    letter("old", "b", null),
                    letter("old", "c", null)));
    long longAgo = now - 31L * 86_400 * SECOND;
    inTransaction(
        tx ->
            DeadLetters.close(
                tx,
                made.subList(0, 2).stream()
                    .map(id -> new DeadLetters.Closing(id, DeadLetters.DISCARDED, "a", "b", 0))
                    .toList(),
                longAgo));
    inTransaction(
        tx -> {
          DeadPosts.published(tx, List.of(made.get(0), made.get(2)));
          return DeadLetters.forgetOld(tx);
        });
    assertThat(found(in("old"))).containsExactly(made.get(2));
    assertThat(find(made.get(0))).isEmpty();
    assertThat(find(made.get(1))).isPresent();
  }
}
