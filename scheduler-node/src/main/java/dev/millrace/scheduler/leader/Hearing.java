package dev.millrace.scheduler.leader;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Report;
import dev.millrace.wire.Reports;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jdbi.v3.core.Handle;

/**
 * What became known about runs that are under way: reports, starts that nobody took, workers that
 * are gone, stages that are due. Each becomes a fact for the engine. Runs on the leader's thread,
 * but for what says otherwise.
 */
final class Hearing {
  private static final int LOST_STAGES_PER_PASS_MAX = 2_000;

  private final Turn.Parts parts;
  private final Drafts drafts;
  private final Gates gates;
  private final Counting counting;
  private final DistinctQueue<Claim> notHeld = new DistinctQueue<>();
  private final DistinctQueue<Claim> stillRunning = new DistinctQueue<>();
  private long nextDueAt = Long.MAX_VALUE;
  private boolean dueKnown;

  Hearing(Turn.Parts parts, Drafts drafts, Gates gates, Counting counting) {
    this.parts = parts;
    this.drafts = drafts;
    this.gates = gates;
    this.counting = counting;
  }

  /** The worker that holds these claims says that it does not. Any thread. */
  void notHeld(Collection<Claim> claims) {
    notHeld.addAll(claims);
  }

  /** This one runs although its run is to stop; it may not have heard that. Any thread. */
  void stillRunning(Claim claim) {
    stillRunning.add(claim);
  }

  boolean hasNews(long now) {
    return nextDueAt <= now || !notHeld.isEmpty() || !stillRunning.isEmpty();
  }

  /** When the next stage is due, in microseconds since 1970; Long.MAX_VALUE for never. */
  long nextDueAt() {
    return nextDueAt;
  }

  /** A stage that was just written is due then. */
  void dueAt(long at) {
    nextDueAt = Math.min(nextDueAt, at);
  }

  /** The next pass looks for due stages. */
  void lookForDue() {
    dueKnown = false;
    nextDueAt = 0;
  }

  /** Asks the table when the next stage is due, if a look at due stages left that open. */
  void readNextDue() {
    if (!dueKnown) {
      long stage = parts.jdbi().withHandle(Stages::nextDue);
      long run = parts.jdbi().withHandle(OpenRuns::nextDue);
      nextDueAt = Math.min(stage == 0 ? Long.MAX_VALUE : stage, run == 0 ? Long.MAX_VALUE : run);
      dueKnown = true;
    }
  }

  private void dueRuns(Handle tx, Pass pass) {
    List<Long> ids = OpenRuns.due(tx, pass.now, parts.batchMax());
    drafts.open(tx, pass, ids);
    for (Long id : ids) {
      Engine.apply(pass.drafts.get(id), new Fact.RunDue(), pass.now, 0);
    }
    pass.more |= ids.size() == parts.batchMax();
  }

  /** Workers that held more stages than one pass takes are lost again in the next. */
  void committed(Pass pass) {
    parts.workers().putBack(pass.lostWithMore);
  }

  /** A pass that took these failed: they are heard again. */
  void putBack(Pass pass) {
    parts.workers().putBack(pass.lost);
    parts.dispatcher().putBackUnroutable(pass.unroutable);
    parts.dispatcher().putBackUnwritable(pass.unwritable);
    notHeld.addAll(pass.notHeld);
  }

  void reports(Handle tx, Pass pass) {
    Set<Long> runs = new HashSet<>();
    for (ReportIntake.Message message : pass.messages) {
      if (message.decoded() instanceof Decoded.Ok<Reports> ok) {
        ok.value().reports().forEach(report -> runs.add(report.claim().run().value()));
      }
    }
    drafts.open(tx, pass, runs);
    for (ReportIntake.Message message : pass.messages) {
      if (message.decoded() instanceof Decoded.Ok<Reports> ok) {
        for (Report report : ok.value().reports()) {
          report(tx, pass, ok.value().worker(), report);
        }
      }
    }
  }

  private void report(Handle tx, Pass pass, String worker, Report report) {
    Claim claim = report.claim();
    Draft draft = pass.drafts.get(claim.run().value());
    int index = draft == null ? -1 : draft.run().plan().indexOf(claim.stage());
    if (index < 0) {
      parts.meters().report("UNKNOWN");
      return;
    }
    Fact fact =
        switch (report) {
          case Report.Started r -> new Fact.Started(index, claim.attempt(), worker);
          case Report.Checkpoint r ->
              new Fact.Checkpointed(index, claim.attempt(), worker, r.checkpoint());
          case Report.Finished r ->
              new Fact.Finished(
                  index,
                  claim.attempt(),
                  worker,
                  r.outcome(),
                  r.ranMillis() * 1_000,
                  r.exitCode(),
                  r.errorClass(),
                  r.error(),
                  r.output(),
                  r.retryable(),
                  r.retryAfter() == null ? 0 : r.retryAfter().toMillis() * 1_000);
        };
    Verdict verdict = Engine.apply(draft, fact, pass.now, ThreadLocalRandom.current().nextDouble());
    parts.meters().report(verdict.name());
    if (verdict == Verdict.ACCEPTED && report instanceof Report.Finished finished) {
      counting.ended(tx, pass, draft, claim, finished.counters());
    }
    if (verdict == Verdict.NOT_YOURS && report instanceof Report.Started) {
      pass.controls.add(new Control.Drop(claim, worker));
    }
  }

  void unroutable(Handle tx, Pass pass) {
    List<Claim> claims = parts.dispatcher().takeUnroutable();
    pass.unroutable = claims;
    if (claims.isEmpty()) {
      return;
    }
    drafts.open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Draft draft = pass.drafts.get(claim.run().value());
      if (draft != null) {
        int index = draft.run().plan().indexOf(claim.stage());
        Engine.apply(draft, new Fact.Unroutable(index, claim.attempt()), pass.now, 0);
      }
    }
  }

  /** What no message can hold fails: nobody will ever start it. */
  void unwritable(Handle tx, Pass pass) {
    pass.unwritable = parts.dispatcher().takeUnwritable();
    List<Long> runs = pass.unwritable.stream().map(start -> start.claim().run().value()).toList();
    drafts.open(tx, pass, runs);
    for (Dispatcher.Unwritable start : pass.unwritable) {
      Claim claim = start.claim();
      Draft draft = pass.drafts.get(claim.run().value());
      if (draft != null) {
        int index = draft.run().plan().indexOf(claim.stage());
        Fact back = new Fact.Unroutable(index, claim.attempt());
        if (Engine.apply(draft, back, pass.now, 0) == Verdict.ACCEPTED) {
          String why = "its start cannot be written: " + start.why();
          Engine.apply(draft, new Fact.Unstartable(index, "config", why), pass.now, 0);
        }
      }
    }
  }

  void lostWorkers(Handle tx, Pass pass) {
    for (WorkerTable.LostWorker lost : pass.lost) {
      List<Stages.Key> keys = Stages.runningOn(tx, lost.worker(), LOST_STAGES_PER_PASS_MAX);
      drafts.open(tx, pass, keys.stream().map(Stages.Key::run).toList());
      for (Stages.Key key : keys) {
        Draft draft = pass.drafts.get(key.run());
        int attempt = draft.stage(key.index()).attempt();
        Engine.apply(
            draft,
            new Fact.WorkerLost(key.index(), attempt, lost.worker(), lost.why()),
            pass.now,
            ThreadLocalRandom.current().nextDouble());
      }
      if (keys.size() == LOST_STAGES_PER_PASS_MAX) {
        pass.lostWithMore.add(lost);
        pass.more = true;
      }
    }
    List<Claim> claims = pass.notHeld;
    while (claims.size() < parts.batchMax() && !notHeld.isEmpty()) {
      claims.add(notHeld.poll());
    }
    drafts.open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Draft draft = pass.drafts.get(claim.run().value());
      int index = draft == null ? -1 : draft.run().plan().indexOf(claim.stage());
      if (index >= 0 && draft.stage(index).worker() != null) {
        Engine.apply(
            draft,
            new Fact.WorkerLost(
                index,
                claim.attempt(),
                draft.stage(index).worker(),
                "its worker does not hold it any more; the report was lost with the broker"),
            pass.now,
            ThreadLocalRandom.current().nextDouble());
      }
    }
  }

  /**
   * Control messages are transient: what should have ended is told so again. What always comes last
   * and what is left to end by itself run rightly.
   */
  void toldToEnd(Handle tx, Pass pass) {
    List<Claim> claims = new ArrayList<>();
    while (claims.size() < parts.batchMax() && !stillRunning.isEmpty()) {
      claims.add(stillRunning.poll());
    }
    drafts.open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Draft draft = pass.drafts.get(claim.run().value());
      int index = draft == null ? -1 : draft.run().plan().indexOf(claim.stage());
      if (index >= 0) {
        switch (Engine.toldToEnd(draft, index, claim.attempt())) {
          case NOT -> {}
          case POLITELY -> pass.controls.add(new Control.Cancel(claim, Turn.CANCEL_GRACE_MILLIS));
          case AT_ONCE -> pass.controls.add(new Control.Cancel(claim, 0));
        }
      }
    }
  }

  void dueStages(Handle tx, Pass pass) {
    if (nextDueAt > pass.now) {
      return;
    }
    dueRuns(tx, pass);
    List<Stages.Key> keys = Stages.due(tx, pass.now, parts.batchMax());
    drafts.open(tx, pass, keys.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : keys) {
      Draft draft = pass.drafts.get(key.run());
      String pool = draft.run().plan().stage(key.index()).pool();
      long rested = gates.restedMicros(pool, draft.stage(key.index()).readyAt(), pass.now);
      Engine.apply(
          draft,
          new Fact.Due(key.index(), rested),
          pass.now,
          ThreadLocalRandom.current().nextDouble());
    }
    dueKnown = false; // more may be due than one batch takes: the table tells after the commit
    pass.more |= keys.size() == parts.batchMax();
  }
}
