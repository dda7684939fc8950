package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dead letters over real HTTP. Each test has a namespace of its own. */
class DeadLettersApiTest {
  private static final String PATH = "/api/v1/dead-letters";
  private static final long NOW = 1_800_000_000_000_000L;
  private static final AtomicLong IDS = new AtomicLong(RunId.firstAt(NOW / 1_000));
  private static TestDatabase database;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    api.leader.start();
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static String letter(String namespace, String stage) {
    long id = IDS.incrementAndGet();
    DeadLetters.Fresh letter =
        new DeadLetters.Fresh(
            id,
            new DeadLetters.Place(id + 1_000_000, 0, stage, 2, 0, 0, DeadLetters.NO_ITEM),
            namespace,
            "job",
            3,
            "noop",
            "default",
            "{\"with\":{\"a\":1},\"params\":{\"token\":\"***\"}}",
            "exit:3",
            "it said no",
            "print-" + stage,
            2,
            "worker-1",
            NOW,
            NOW + 1_500_000);
    api.jdbi.useTransaction(tx -> DeadLetters.insert(tx, List.of(letter)));
    return new RunId(id).toString();
  }

  private static List<String> ids(JsonNode page) {
    List<String> ids = new ArrayList<>();
    page.path("items").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }

  @Test
  void lettersAreListedPageByPageAndShownWhole() throws Exception {
    List<String> made = List.of(letter("paged", "a"), letter("paged", "b"), letter("paged", "a"));
    JsonNode first = api.get(PATH + "?namespace=paged&limit=2").json();
    assertThat(ids(first)).containsExactly(made.get(2), made.get(1));
    assertThat(first.at("/items/0/message").isMissingNode()).isTrue();
    JsonNode rest =
        api.get(PATH + "?namespace=paged&limit=2&after=" + first.path("next").asText()).json();
    assertThat(ids(rest)).containsExactly(made.get(0));
    assertThat(rest.path("next").isNull()).isTrue();
    JsonNode one = api.get(PATH + "/" + made.get(0)).json();
    assertThat(one.at("/message/with/a").asInt()).isEqualTo(1);
    assertThat(one.path("state").asText()).isEqualTo("OPEN");
    assertThat(one.path("attempts").asInt()).isEqualTo(2);
    assertThat(one.path("lastFailed").asText()).isEqualTo("2027-01-15T08:00:01.500Z");
    assertThat(one.path("newRun").isNull()).isTrue();
    String base = PATH + "?namespace=paged&";
    assertThat(ids(api.get(base + "stage=b").json())).containsExactly(made.get(1));
    assertThat(ids(api.get(base + "fingerprint=print-b").json())).containsExactly(made.get(1));
    assertThat(ids(api.get(base + "error=SAID").json())).hasSize(3);
    assertThat(ids(api.get(base + "run=" + one.path("run").asText()).json()))
        .containsExactly(made.get(0));
    assertThat(ids(api.get(base + "since=2027-01-15T08:00:02Z").json())).isEmpty();
    assertThat(ids(api.get(base + "until=2027-01-15T08:00:02Z").json())).hasSize(3);
  }

  @Test
  void groupsTellWhatLooksAlike() throws Exception {
    letter("alike", "a");
    letter("alike", "b");
    String last = letter("alike", "a");
    JsonNode page = api.get(PATH + "/groups?namespace=alike&limit=1").json();
    assertThat(page.at("/items/0/fingerprint").asText()).isEqualTo("print-a");
    assertThat(page.at("/items/0/count").asInt()).isEqualTo(2);
    assertThat(page.at("/items/0/newest/id").asText()).isEqualTo(last);
    JsonNode rest =
        api.get(PATH + "/groups?namespace=alike&after=" + page.path("next").asText()).json();
    assertThat(rest.path("items")).hasSize(1);
    assertThat(rest.at("/items/0/fingerprint").asText()).isEqualTo("print-b");
  }

  @Test
  void someAreRedrivenAndDiscardedById() throws Exception {
    String one = letter("acted", "a");
    String two = letter("acted", "a");
    var redriven =
        api.post(
            PATH + "/redrive?namespace=acted",
            "{\"ids\":[\"" + one + "\"],\"reason\":\"it is up again\"}");
    assertThat(redriven.status()).as(redriven.text()).isEqualTo(200);
    assertThat(redriven.json().path("done").asInt()).isEqualTo(1);
    JsonNode closed = api.get(PATH + "/" + one).json();
    assertThat(closed.path("state").asText()).isEqualTo("REDRIVEN");
    assertThat(closed.path("note").asText()).isEqualTo("it is up again");
    assertThat(closed.path("actor").asText()).startsWith("api:");
    var again = api.post(PATH + "/" + one + "/redrive", "{}");
    assertThat(again.status()).isEqualTo(409);
    assertThat(again.header("Content-Type")).startsWith("application/problem+json");
    var discarded =
        api.post(
            PATH + "/discard?namespace=acted",
            "{\"filter\":{\"stage\":\"a\"},\"reason\":\"known\"}");
    assertThat(discarded.status()).as(discarded.text()).isEqualTo(200);
    assertThat(api.get(PATH + "/" + two).json().path("state").asText()).isEqualTo("DISCARDED");
    assertThat(ids(api.get(PATH + "?namespace=acted").json())).isEmpty();
    assertThat(ids(api.get(PATH + "?namespace=acted&state=all").json())).hasSize(2);
    assertThat(ids(api.get(PATH + "?namespace=acted&state=discarded").json())).containsExactly(two);
  }

  @Test
  void manyAreRedrivenByFilterWithProgress() throws Exception {
    letter("many", "a");
    var begun =
        api.post(
            PATH + "/redrive?namespace=many",
            "{\"filter\":{\"job\":\"job\",\"since\":\"2027-01-15T08:00:00Z\"},\"rate\":20}");
    assertThat(begun.status()).as(begun.text()).isEqualTo(201);
    String id = begun.json().path("id").asText();
    assertThat(begun.header("Location")).isEqualTo(PATH + "/redrives/" + id);
    assertThat(begun.json().path("rate").asInt()).isEqualTo(20);
    assertThat(begun.json().path("total").asInt()).isEqualTo(1);
    assertThat(begun.json().at("/filter/since").asText()).isEqualTo("2027-01-15T08:00:00Z");
    assertThat(ids(api.get(PATH + "/redrives?namespace=many").json())).containsExactly(id);
    var cancelled = api.post(PATH + "/redrives/" + id + "/cancel", "{}");
    assertThat(cancelled.status()).isEqualTo(200);
    assertThat(cancelled.json().path("state").asText()).isEqualTo("CANCELLED");
    assertThat(api.post(PATH + "/redrives/" + id + "/cancel", "{}").status()).isEqualTo(409);
    assertThat(api.get(PATH + "/redrives/" + id).json().path("endedAt").isNull()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "redrive | {}",
        "redrive | {\"ids\":[]}",
        "redrive | {\"ids\":\"x\"}",
        "redrive | {\"ids\":[\"x\"]}",
        "redrive | {\"ids\":[\"0HZXW3V5K2Q8T\"],\"filter\":{}}",
        "redrive | {\"ids\":[\"0HZXW3V5K2Q8T\"],\"rate\":5}",
        "redrive | {\"filter\":[]}",
        "redrive | {\"filter\":{\"jobs\":\"x\"}}",
        "redrive | {\"filter\":{\"job\":7}}",
        "redrive | {\"filter\":{\"since\":\"yesterday\"}}",
        "redrive | {\"filter\":{\"run\":\"short\"}}",
        "redrive | {\"filter\":{},\"rate\":0}",
        "redrive | {\"filter\":{},\"rate\":1001}",
        "redrive | {\"filter\":{},\"rate\":\"fast\"}",
        "discard | {\"ids\":[\"0HZXW3V5K2Q8T\"]}",
        "discard | {\"filter\":{},\"reason\":\"all\"}",
        "discard | {\"ids\":[\"0HZXW3V5K2Q8T\"],\"reason\":\" \"}",
      })
  void whatIsNotMeantIsRefused(String verb, String body) throws Exception {
    var answer = api.post(PATH + "/" + verb, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(400);
    assertThat(answer.json().path("remedy").asText()).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "400, /dead-letters?state=SLEEPING",
    "400, /dead-letters?since=soon",
    "400, /dead-letters?run=7",
    "400, /dead-letters?after=7",
    "400, /dead-letters/short",
    "404, /dead-letters/0HZXW3V5K2Q8T",
    "400, /dead-letters/redrives/short",
    "404, /dead-letters/redrives/0HZXW3V5K2Q8T",
  })
  void aBadReadIsAProblem(int status, String path) throws Exception {
    var answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.json().path("remedy").asText()).isNotEmpty();
  }
}
