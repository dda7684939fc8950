package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.ingest.StartMessage;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Replies;
import dev.millrace.scheduler.store.StartKeys;
import dev.millrace.wire.StartAnswerCodec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * Makes the runs that messages ask for, in the leader's transaction, and settles the messages after
 * its commit: acked when their runs are there, put into quarantine when there never will be one,
 * kept for later when it is only not the time. What an overlap policy skips is a run that has ended
 * and says so, as for all starts for whose answer nobody waits. The leader's thread.
 */
final class MessageDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BY = "queue";
  private static final String CAUSE = "message";

  /** A namespace's quota has no room; the ledger's word for it. */
  private static final String OVER_QUOTA = "SKIPPED_QUOTA";

  /** Its consumer is about to be closed, then the message goes back to its queue. */
  private static final long PAUSED_MILLIS = 100;

  private static final long BUSY_MILLIS = 100;
  private static final long QUOTA_MILLIS = 1_000;

  private final Catalog catalog;
  private final Births births;
  private final QueueBindings queues;
  private final Turn.Starting starting;
  private final Meters meters;

  MessageDesk(
      Catalog catalog, Births births, QueueBindings queues, Turn.Starting starting, Meters meters) {
    this.catalog = catalog;
    this.births = births;
    this.queues = queues;
    this.starting = starting;
    this.meters = meters;
  }

  /** What is decided about one message. */
  sealed interface Verdict {
    /** A run is made for it. */
    record Made(Draft draft) implements Verdict {}

    /** An earlier start with its key stands for it. */
    record Replayed(long run) implements Verdict {}

    /** It never starts one. */
    record Refused(Outcome outcome) implements Verdict {}

    /** It is tried again. */
    record Later(long firstMillis) implements Verdict {}
  }

  /** A message whose run can be made, if its key is free. */
  private record Candidate(int place, StartMessage message, Run run) {}

  void start(Handle tx, Pass pass) {
    if (pass.starts.isEmpty()) {
      return;
    }
    List<Candidate> candidates = new ArrayList<>();
    for (int i = 0; i < pass.starts.size(); i++) {
      pass.verdicts.add(judge(tx, pass, i, candidates));
    }
    Map<Integer, StartKeys.Claim> claims = claim(tx, candidates);
    Set<Long> unmade = new HashSet<>();
    for (Candidate each : candidates) {
      StartKeys.Claim claim = claims.get(each.place());
      pass.verdicts.set(each.place(), make(tx, pass, each, claim, unmade));
    }
    Acceptance.free(tx, unmade);
  }

  /** Null when it is a candidate. */
  private Verdict judge(Handle tx, Pass pass, int place, List<Candidate> candidates) {
    StartMessage message = pass.starts.get(place);
    StartMessage.Ask ask = message.ask();
    boolean bound = !message.use().isShared();
    if (bound && !queues.isArmed(message.use())) {
      return new Verdict.Later(PAUSED_MILLIS);
    }
    Jobs.Row job = catalog.find(tx, ask.namespace(), ask.job());
    if (job == null) {
      return new Verdict.Refused(Desk.noSuchJob(tx, asked(ask), "starts no runs"));
    }
    if (bound && !queues.starts(job)) {
      return new Verdict.Later(PAUSED_MILLIS);
    }
    if (job.state() != JobState.SCHEDULED && job.state() != JobState.PAUSED) {
      return new Verdict.Refused(
          Desk.refused(
              409,
              "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
              "resume it first"));
    }
    if (!Command.isOrchestration(ask.orchestration())) {
      return new Verdict.Refused(StartDesk.noOrchestration(ask.orchestration()));
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    String body = ask.params().equals("{}") ? "{}" : "{\"params\":" + ask.params() + "}";
    return switch (Desk.params(plan.definition(), body)) {
      case Desk.Params.Refused no -> new Verdict.Refused(no.outcome());
      case Desk.Params.Good good -> {
        try {
          Run run =
              births
                  .asked(
                      plan,
                      BY,
                      good.json(),
                      "queue:" + message.use().queue(),
                      ask.reason(),
                      pass.now)
                  .inOrchestration(ask.orchestration());
          candidates.add(new Candidate(place, message, RunParams.completed(run)));
          yield null;
        } catch (ExpressionException wrong) {
          yield new Verdict.Refused(Desk.refused(422, wrong.getMessage(), "give it a value"));
        }
      }
    };
  }

  private static Command asked(StartMessage.Ask ask) {
    return new Command(Command.Kind.RUN_START, ask.namespace(), ask.job(), "{}", BY, null);
  }

  /** By the places of those that have a key. */
  private static Map<Integer, StartKeys.Claim> claim(Handle tx, List<Candidate> candidates) {
    List<Candidate> keyed =
        candidates.stream().filter(each -> each.message().ask().key() != null).toList();
    List<StartKeys.Claim> claims =
        StartKeys.claim(
            tx,
            keyed.stream()
                .map(
                    each -> {
                      StartMessage.Ask ask = each.message().ask();
                      // What was given is compared, as for all ways to start.
                      return new StartKeys.Ask(
                          ask.namespace(), ask.job(), ask.key(), ask.params(), each.run().id());
                    })
                .toList());
    Map<Integer, StartKeys.Claim> byPlace = new HashMap<>();
    for (int i = 0; i < keyed.size(); i++) {
      byPlace.put(keyed.get(i).place(), claims.get(i));
    }
    return byPlace;
  }

  private Verdict make(
      Handle tx, Pass pass, Candidate each, StartKeys.Claim claim, Set<Long> unmade) {
    String key = each.message().ask().key();
    return switch (claim) {
      case null -> born(tx, pass, each, unmade);
      case StartKeys.Claim.Fresh fresh -> born(tx, pass, each, unmade);
      case StartKeys.Claim.Replayed replayed ->
          unmade.contains(replayed.run())
              ? new Verdict.Later(QUOTA_MILLIS)
              : new Verdict.Replayed(replayed.run());
      case StartKeys.Claim.Busy busy -> new Verdict.Later(BUSY_MILLIS);
      case StartKeys.Claim.KeyUsed used ->
          new Verdict.Refused(
              Desk.refused(
                  409,
                  "key '"
                      + key
                      + "' of job '"
                      + each.message().ask().job()
                      + "' was used with other params; it started run "
                      + new RunId(used.run()),
                  "send the same params to get the same run, or use a new key for a new run"));
      case StartKeys.Claim.NotComparable not ->
          new Verdict.Refused(
              Desk.refused(
                  422,
                  "the params cannot be kept with a key: " + not.detail(),
                  "leave NUL characters and numbers of such a size out of the params, or the"
                      + " key"));
    };
  }

  private Verdict born(Handle tx, Pass pass, Candidate each, Set<Long> unmade) {
    Births.Birth birth = births.make(tx, pass, each.run(), CAUSE);
    if (birth instanceof Births.Birth.Skipped skipped) {
      if (skipped.disposition().equals(OVER_QUOTA)) {
        unmade.add(each.run().id());
        return skipped.forGood()
            ? new Verdict.Refused(StartDesk.refusal(skipped))
            : new Verdict.Later(QUOTA_MILLIS);
      }
      birth = Births.stillborn(pass, each.run(), CAUSE, "no run was made: " + skipped.why());
    }
    meters.runCreated(BY);
    return new Verdict.Made(((Births.Birth.Made) birth).draft());
  }

  /** At the end of the transaction, when it is known how far the runs have come. */
  void writeReplies(Handle tx, Pass pass) {
    List<Long> old = new ArrayList<>();
    for (int i = 0; i < pass.starts.size(); i++) {
      if (wantsReply(pass, i)
          && pass.verdicts.get(i) instanceof Verdict.Replayed replayed
          && !pass.drafts.containsKey(replayed.run())) {
        old.add(replayed.run());
      }
    }
    Map<Long, String> states = Replies.states(tx, old);
    List<Replies.Fresh> replies = new ArrayList<>();
    for (int i = 0; i < pass.starts.size(); i++) {
      if (!wantsReply(pass, i)) {
        continue;
      }
      StartMessage.Ask ask = pass.starts.get(i).ask();
      switch (pass.verdicts.get(i)) {
        case Verdict.Made made ->
            replies.add(
                reply(ask, made.draft().run().id(), made.draft().run().state().name(), false));
        case Verdict.Replayed replayed -> {
          Draft draft = pass.drafts.get(replayed.run());
          String state =
              draft != null
                  ? draft.run().state().name()
                  : states.getOrDefault(replayed.run(), "ACCEPTED"); // it waits for its time
          replies.add(reply(ask, replayed.run(), state, true));
        }
        case Verdict.Refused refused -> {} // told when it is in quarantine
        case Verdict.Later later -> {}
      }
    }
    Replies.insert(tx, replies);
    replies.stream().filter(Replies.Fresh::outcome).forEach(reply -> pass.awaited.add(reply.run()));
    pass.replies = !replies.isEmpty();
  }

  private static boolean wantsReply(Pass pass, int place) {
    return pass.starts.get(place).ask().reply().replyTo() != null;
  }

  private static Replies.Fresh reply(
      StartMessage.Ask ask, long run, String state, boolean replayed) {
    return new Replies.Fresh(
        ask.reply().replyTo(),
        ask.reply().correlationId(),
        run,
        StartAnswerCodec.made(ask.namespace(), ask.job(), new RunId(run), state, replayed),
        ask.outcome());
  }

  /** Everything is durable: the messages have done their work. */
  void committed(Pass pass) {
    for (int i = 0; i < pass.starts.size(); i++) {
      StartMessage message = pass.starts.get(i);
      switch (pass.verdicts.get(i)) {
        case Verdict.Made made -> starting.intake().done(message, "made");
        case Verdict.Replayed replayed -> starting.intake().done(message, "replayed");
        case Verdict.Refused refused ->
            starting.intake().refuse(message, refusal(refused.outcome()));
        case Verdict.Later later -> starting.intake().later(message, later.firstMillis());
      }
    }
    if (pass.replies) {
      starting.replies().added(pass.awaited);
    }
  }

  private static StartMessage.Refusal refusal(Outcome outcome) {
    try {
      JsonNode body = JSON.readTree(outcome.body());
      return new StartMessage.Refusal(
          outcome.status(), body.path("detail").asText(), body.path("remedy").asText());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a refusal of the leader is no JSON: " + outcome.body(), e);
    }
  }
}
