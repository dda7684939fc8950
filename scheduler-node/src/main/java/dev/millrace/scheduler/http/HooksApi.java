package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.JsonReason;
import dev.millrace.expression.References;
import dev.millrace.model.WebhookTrigger;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.hook.HookCode;
import dev.millrace.scheduler.hook.HookSignature;
import dev.millrace.scheduler.secret.SecretVault;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.ReadsHooks;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Webhooks: calls of other systems that start runs. They show no token, but a signature; whoever
 * has none that is right learns nothing, not even whether there is such a job. Any thread.
 */
final class HooksApi {
  /** The routes that Access leaves to the signature. */
  static final String PREFIX = "/api/v1/hooks/";

  private static final Logger log = LoggerFactory.getLogger(HooksApi.class);
  static final String TAG = "hooks";
  private static final List<Route.Answer> ANSWERS =
      List.of(json(201, "HookAnswer"), json(202, "HookAnswer"), json(200, "HookAnswer"));

  /** What proves who calls is no business of a job. */
  private static final Set<String> NOT_READ =
      Set.of("authorization", "cookie", "proxy-authorization");

  private final Jdbi jdbi;
  private final Starter starter;
  private final UnaryOperator<String> environment;
  private final SecretVault vault;
  private final MeterRegistry metrics;

  /**
   * @param environment gives the value of a variable, or null
   */
  HooksApi(
      Jdbi jdbi,
      Commands commands,
      UnaryOperator<String> environment,
      SecretVault vault,
      MeterRegistry metrics) {
    this.vault = vault;
    this.jdbi = jdbi;
    this.starter = new Starter(jdbi, commands);
    this.environment = environment;
    this.metrics = metrics;
  }

  List<Route> routes() {
    return List.of(
        post(
                "/api/v1/hooks/{namespace}/{job}",
                TAG,
                "Start a run by the webhook of a job, signed",
                "HookBody",
                ANSWERS,
                call -> call(call, null))
            .needs(Role.VIEWER, Scope.PUBLIC),
        post(
                "/api/v1/hooks/{namespace}/{job}/{trigger}",
                TAG,
                "Start a run by one of several webhooks of a job, signed",
                "HookBody",
                ANSWERS,
                call -> call(call, call.path("trigger")))
            .needs(Role.VIEWER, Scope.PUBLIC));
  }

  private void call(Call call, String name) throws InterruptedException {
    byte[] body = call.bytes(Call.BODY_BYTES_MAX);
    String namespace = call.path("namespace");
    String job = call.path("job");
    Optional<ReadsHooks.Job> found =
        jdbi.withHandle(handle -> ReadsHooks.find(handle, namespace, job));
    WebhookTrigger webhook = found.map(known -> webhook(known.definition(), name)).orElse(null);
    if (webhook == null) {
      HookSignature.pretend(body);
      throw refused("unknown");
    }
    String place = namespace + "/" + job + "/" + webhook.name();
    HookSignature.Verdict verdict =
        HookSignature.judge(
            webhook,
            secrets(webhook, namespace, place),
            call.http().header(webhook.header()),
            body,
            found.get().now());
    switch (verdict) {
      case HookSignature.Verdict.Wrong wrong -> throw refused("signature");
      case HookSignature.Verdict.OutOfTime late -> throw outOfTime(webhook, late);
      case HookSignature.Verdict.Genuine genuine -> {
        HookCode.Wanted wanted =
            HookCode.of(webhook).wanted(parsed(Call.text(body)), headers(call, webhook));
        start(call, namespace, job, webhook, genuine.id(), wanted);
      }
    }
  }

  /** The one of this name; without a name the only one. */
  private static WebhookTrigger webhook(String definition, String name) {
    List<WebhookTrigger> webhooks =
        Definitions.of(definition).events().stream()
            .filter(WebhookTrigger.class::isInstance)
            .map(WebhookTrigger.class::cast)
            .toList();
    if (name == null && webhooks.size() == 1) {
      return webhooks.getFirst();
    }
    // Among several, the one without a name keeps the address that it had when it was the only one.
    String wanted = name == null ? WebhookTrigger.DEFAULT_NAME : name;
    return webhooks.stream().filter(one -> one.name().equals(wanted)).findFirst().orElse(null);
  }

  private List<byte[]> secrets(WebhookTrigger webhook, String namespace, String place) {
    List<byte[]> secrets = new ArrayList<>();
    for (String text : webhook.secrets()) {
      References.Reference reference = References.of(text).getFirst();
      String value =
          reference.kind() == References.Kind.SECRET
              ? stored(namespace, reference.name())
              : environment.apply(reference.name());
      if (value == null || value.isEmpty()) {
        log.warn(
            "the secret of a webhook is not set on this node reference={} hook={}; its calls are"
                + " refused here",
            reference,
            place);
      } else {
        secrets.add(value.getBytes(StandardCharsets.UTF_8));
      }
    }
    return secrets;
  }

  /** Null when there is none, or no key of this node opens it. */
  private String stored(String namespace, String name) {
    try {
      return vault.open(namespace, List.of(name)).get(name);
    } catch (SecretVault.Locked locked) {
      log.error("the secret of a webhook cannot be opened cause={}", locked.getMessage());
      return null;
    }
  }

  private void start(
      Call call,
      String namespace,
      String job,
      WebhookTrigger webhook,
      String signature,
      HookCode.Wanted wanted)
      throws InterruptedException {
    switch (wanted) {
      case HookCode.Wanted.Nothing nothing -> {
        count("condition");
        call.answer(
            200,
            Json.object()
                .putNull("run")
                .put("detail", "the webhook's condition is false for this call; nothing starts"));
      }
      case HookCode.Wanted.Unfit unfit -> {
        count("unfit");
        throw unfit(unfit.why());
      }
      case HookCode.Wanted.Run run ->
          answer(
              call,
              starter.start(
                  new Acceptance.Ask(
                      namespace,
                      job,
                      run.params(),
                      key(run.key()),
                      webhook.once() ? webhook.name() + ":" + signature : null,
                      null,
                      "webhook",
                      null,
                      "webhook:" + webhook.name(),
                      null,
                      true)));
    }
  }

  private static String key(String key) {
    if (key != null
        && (key.isBlank() || key.length() > Acceptance.KEY_CHARS_MAX || key.indexOf('\0') >= 0)) {
      throw unfit("key: gives " + key.length() + " characters, possible are 1 to 200");
    }
    return key;
  }

  private void answer(Call call, Starter.Started started) {
    count(started.replayed() ? "replayed" : "started");
    ObjectNode body = Json.object().put("run", started.run().toString());
    body.put("replayed", started.replayed());
    boolean made = started.stand() == Starter.Stand.MADE;
    call.answer(started.replayed() ? 200 : made ? 201 : 202, body);
  }

  private static JsonNode parsed(String text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw unfit("the body is not JSON: " + JsonReason.of(e));
    }
  }

  private static Map<String, String> headers(Call call, WebhookTrigger webhook) {
    Map<String, String> headers = new HashMap<>();
    String signature = webhook.header().toLowerCase(Locale.ROOT);
    call.http()
        .headerMap()
        .forEach(
            (name, value) -> {
              String lower = name.toLowerCase(Locale.ROOT);
              if (!NOT_READ.contains(lower) && !lower.equals(signature)) {
                headers.put(lower, value);
              }
            });
    return headers;
  }

  private void count(String outcome) {
    metrics.counter("millrace.hooks", "outcome", outcome).increment();
  }

  /** The same words for whatever is wrong. */
  private Problem.Refused refused(String outcome) {
    count(outcome);
    return new Problem.Refused(
        new Problem(
            401,
            "hook",
            "Unauthorized",
            "there is no webhook here, or the signature of the call is not right for it",
            "Sign the body as it is sent, with the secret that the job refers to; this node's log"
                + " tells when it does not know that secret."));
  }

  private Problem.Refused outOfTime(WebhookTrigger webhook, HookSignature.Verdict.OutOfTime late) {
    count("time");
    return new Problem.Refused(
        new Problem(
            401,
            "hook-time",
            "Unauthorized",
            "the signature is right, but it was made "
                + late.off().toSeconds()
                + " s from now; the window is "
                + webhook.window(),
            "Send it anew with the time of now; compare the clocks of both machines."));
  }

  private static Problem.Refused unfit(String why) {
    return new Problem.Refused(
        new Problem(
            422,
            "invalid",
            "Invalid",
            why,
            "Send JSON that the webhook's expressions can read, or correct them in the job."));
  }
}
