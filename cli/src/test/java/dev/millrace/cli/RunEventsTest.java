package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The stream of events about one run, and what happens when it breaks. */
final class RunEventsTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private ScriptedServer server;
  private ApiClient client;
  private RunEvents events;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
    client = new ApiClient(URI.create(server.url()), "secret", "mine");
    events = new RunEvents(client, "0HZXW3V5K2Q8T");
    events.start();
  }

  @AfterEach
  void stop() throws Exception {
    events.close();
    client.close();
    server.close();
  }

  @Test
  void anEventEndsTheWait() throws Exception {
    server.event(7);
    assertThat(events.await(LONG)).isTrue();
    assertThat(events.standing()).isTrue();
    assertThat(events.trouble()).isEmpty();
    ScriptedServer.Request asked = server.eventRequests().getFirst();
    assertThat(asked.line())
        .as("a run is found by its id in every namespace")
        .contains("run=0HZXW3V5K2Q8T", "digest=true", "namespace=*")
        .doesNotContain("mine");
    assertThat(asked.token()).isEqualTo("Bearer secret");
    assertThat(asked.lastEvent()).as("asks to be told when it stands").isEqualTo("0");
  }

  @Test
  void aBrokenStreamGoesOnWhereItWas() throws Exception {
    server.event(7);
    assertThat(events.await(LONG)).isTrue();
    server.endEvents();
    assertThat(await().atMost(LONG).until(events::trouble, Optional::isPresent))
        .hasValue("the server ended the stream");
    assertThat(events.standing()).isFalse();
    server.event(9);
    await().atMost(LONG).until(events::standing);
    assertThat(server.eventRequests()).hasSize(2).last().matches(r -> r.lastEvent().equals("7"));
    assertThat(events.trouble()).as("it is told once").isEmpty();
  }

  @Test
  void aLineWithoutEndIsNotReadForEver() throws Exception {
    server.say("data: " + "x".repeat(70_000));
    assertThat(await().atMost(LONG).until(events::trouble, Optional::isPresent).orElseThrow())
        .contains("more than 65536 bytes");
  }
}
