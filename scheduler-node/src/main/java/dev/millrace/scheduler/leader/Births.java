package dev.millrace.scheduler.leader;

import dev.millrace.definition.ParamValues;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.ExpressionException;
import dev.millrace.file.FileMark;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.Concurrency;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobRules;
import dev.millrace.model.Overlap;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunKey;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;

/**
 * How a run comes to be: at once where nothing is in its way, else in PENDING until its seats are
 * free and no pause holds it, or not at all where its job says so. The leader's thread.
 */
final class Births {
  /** What came of asking for a run. */
  sealed interface Birth {
    /** It was made; {@code draft} is in the pass. */
    record Made(Draft draft) implements Birth {}

    /**
     * It was not, as the ledger's word for it says.
     *
     * @param retryAfterMicros when it may be asked for again, from now; 0 when nobody knows
     * @param forGood whether asking again is in vain
     */
    record Skipped(String disposition, String why, long retryAfterMicros, boolean forGood)
        implements Birth {
      Skipped(String disposition, String why) {
        this(disposition, why, 0, false);
      }
    }
  }

  private static final String TICK = "tick";
  private static final String SKIPPED_QUOTA = "SKIPPED_QUOTA";

  private final Drafts drafts;
  private final Catalog catalog;
  private final Seats seats;
  private final Gates gates;
  private final Requires requires;
  private final Quotas quotas;
  private final Ids ids = new Ids();

  /** What may hold a run back, or forbid it. */
  record Bounds(Seats seats, Gates gates, Requires requires, Quotas quotas) {}

  Births(Drafts drafts, Catalog catalog, Bounds bounds) {
    this.drafts = drafts;
    this.catalog = catalog;
    this.seats = bounds.seats();
    this.gates = bounds.gates();
    this.requires = bounds.requires();
    this.quotas = bounds.quotas();
  }

  /** True when a run of this job waits for runs of other jobs that it requires. */
  boolean anyGated(long job) {
    return !requires.waiting(job).isEmpty();
  }

  Ids ids() {
    return ids;
  }

  /**
   * A run that is not created yet.
   *
   * @param problem why its params cannot be made, or null
   */
  record Fresh(Run run, String problem) {
    Fresh endingAt(long endsAt, boolean prepared) {
      return new Fresh(run.endingAt(endsAt, prepared), problem);
    }
  }

  /** A run for a tick, with what its trigger gives it. */
  Fresh ticked(Plan plan, Ticker.Fire tick, long scheduledFor, long now) {
    Run run =
        new Run(
            ids.next(now),
            plan,
            RunState.PENDING,
            tick.kind(),
            tick.trigger(),
            scheduledFor,
            "{}",
            "trigger:" + tick.kind(),
            null,
            null,
            now,
            0,
            0,
            Engine.fresh(plan));
    return given(run, tick.params(), Map.of());
  }

  /**
   * What a run comes after.
   *
   * @param plannedAt the tick that all those runs stand for, 0 for none
   * @param params what the trigger gives, as it stands in the definition
   * @param reason which runs they are, for people
   * @param results what the params may read of them
   */
  record Upstream(
      long trigger,
      long plannedAt,
      String params,
      String reason,
      Map<String, Bindings.UpstreamRun> results) {}

  /** A run that comes after runs of other jobs, with what its trigger gives it. */
  Fresh following(Plan plan, Upstream upstream, String orchestration, long now) {
    Run run =
        new Run(
            ids.next(now),
            plan,
            RunState.PENDING,
            "after",
            upstream.trigger(),
            upstream.plannedAt(),
            "{}",
            "trigger:after",
            upstream.reason(),
            null,
            now,
            0,
            0,
            Engine.fresh(plan));
    return given(run.inOrchestration(orchestration), upstream.params(), upstream.results());
  }

  /** A run that a file starts, with what its trigger gives it. */
  Fresh ofFile(Plan plan, long trigger, String params, FileMark mark, long now) {
    Run run =
        new Run(
            ids.next(now),
            plan,
            RunState.PENDING,
            FileTrigger.KIND,
            trigger,
            0,
            "{}",
            "trigger:file",
            "file " + mark.path(),
            null,
            now,
            0,
            0,
            Engine.fresh(plan));
    var file = new Bindings.FoundFile(mark.path(), mark.size(), mark.modified());
    return given(run, () -> RunParams.given(run, params, file));
  }

  private static Fresh given(Run run, String params, Map<String, Bindings.UpstreamRun> after) {
    return given(run, () -> RunParams.given(run, params, after));
  }

  private static Fresh given(Run run, Supplier<String> params) {
    Plan plan = run.plan();
    if (plan.definition().params().isEmpty()) {
      return new Fresh(run, null);
    }
    try {
      String given = params.get();
      return switch (ParamValues.check(plan.definition().params(), given)) {
        case ParamValues.Result.Ok ok ->
            new Fresh(RunParams.completed(run.withParams(ok.json())), null);
        case ParamValues.Result.Bad bad -> new Fresh(run, bad.text());
      };
    } catch (ExpressionException wrong) {
      return new Fresh(run, wrong.getMessage());
    }
  }

  /** The same, asked for by somebody. */
  Run asked(Plan plan, String kind, String params, String actor, String reason, long now) {
    return asked(ids.next(now), plan, kind, params, actor, reason, now);
  }

  /** The same, under an id that was given out when it was accepted. */
  static Run asked(
      long id, Plan plan, String kind, String params, String actor, String reason, long now) {
    return new Run(
        id,
        plan,
        RunState.PENDING,
        kind,
        0,
        0,
        params,
        actor,
        reason,
        null,
        now,
        0,
        0,
        Engine.fresh(plan));
  }

  /** The run of an item: its parent holds what there is to hold. */
  Draft item(Pass pass, Run run, Run outer) {
    Draft draft = Engine.create(run, run.plan().outer() ? outer : null, "leader", pass.now);
    pass.drafts.put(run.id(), draft);
    return draft;
  }

  /** The start of the window has come for a run that was made ahead. */
  Birth promote(Handle tx, Pass pass, Draft draft, long endsAt) {
    Run run = draft.run();
    Birth skipped = overlap(tx, pass, run, run.plan().definition().rules().overlap());
    if (skipped != null) {
      Engine.apply(draft, new Fact.Stop(null, ((Birth.Skipped) skipped).why()), pass.now, 0);
      return skipped;
    }
    Engine.apply(draft, new Fact.Promote(endsAt), pass.now, 0);
    if (requires.holdsBack(tx, run, pass.now)) {
      Engine.apply(draft, new Fact.Gated(), pass.now, 0);
      Engine.settle(draft, pass.now);
      requires.waits(draft.run());
      return new Birth.Made(draft);
    }
    List<Seats.Ask> asks = asks(run);
    if (quotas.mustWait(run)) {
      asks.add(quotaAsk(run));
    }
    if (!asks.isEmpty()) {
      seats.ask(
          new Stages.Key(run.id(), Seats.RUN), asks, null, drafts.above(tx, pass, run, Seats.RUN));
    } else if (gates.pausesOf(catalog.find(tx, run.plan().job())) == 0) {
      // In a blackout it is not taken: the run is admitted when that is over.
      Engine.apply(draft, new Fact.Admitted("its window begins"), pass.now, 0);
      quotas.look(draft);
    }
    return new Birth.Made(draft);
  }

  /** A run for a tick; one whose params cannot be made says so itself: the tick has its run. */
  Birth make(Handle tx, Pass pass, Fresh fresh) {
    return make(tx, pass, fresh, TICK);
  }

  Birth make(Handle tx, Pass pass, Fresh fresh, String cause) {
    return fresh.problem() == null
        ? make(tx, pass, fresh.run(), cause)
        : stillborn(pass, fresh.run(), cause, "params: " + fresh.problem());
  }

  Birth make(Handle tx, Pass pass, Run run, String cause) {
    Jobs.Row job = catalog.find(tx, run.plan().job());
    int pauses = gates.pausesOf(job) | Engine.pausesOf(run, pass.now);
    JobRules rules = run.plan().definition().rules();
    List<Seats.Ask> asks = new ArrayList<>();
    Run born;
    try {
      born = RunParams.completed(run);
    } catch (ExpressionException wrong) {
      return stillborn(pass, run, cause, "params: " + wrong.getMessage());
    }
    Quotas.Room room = room(born);
    if (room instanceof Quotas.Room.None none) {
      return new Birth.Skipped(SKIPPED_QUOTA, none.why(), none.retryAfterMicros(), none.forGood());
    }
    if (run.plan().limited()) {
      try {
        String key = RunKey.of(born);
        born = key == null ? born : born.withKey(key);
      } catch (ExpressionException wrong) {
        return stillborn(pass, run, cause, "concurrency key: " + wrong.getMessage());
      }
      Birth skipped = overlap(tx, pass, born, rules.overlap());
      if (skipped != null) {
        return skipped;
      }
      asks = asks(born);
    }
    boolean gated = requires.holdsBack(tx, born, pass.now);
    if (room instanceof Quotas.Room.Later) {
      asks.add(quotaAsk(born));
    }
    boolean waits = gated || !asks.isEmpty() || pauses != 0;
    born = gated ? born.gated() : born;
    Draft draft =
        waits
            ? Engine.createPending(born, cause, pauses, pass.now)
            : Engine.create(born, cause, pass.now);
    pass.drafts.put(born.id(), draft);
    if (gated) {
      Engine.settle(draft, pass.now); // sets when it has waited for long enough
      requires.waits(born);
    } else if (!asks.isEmpty()) {
      seats.ask(
          new Stages.Key(born.id(), Seats.RUN),
          asks,
          null,
          drafts.above(tx, pass, born, Seats.RUN));
    }
    quotas.look(draft);
    return new Birth.Made(draft);
  }

  /** Most have no quota: then nothing is looked up. */
  private Quotas.Room room(Run run) {
    return quotas.any()
        ? quotas.roomFor(run, seats.waiting(quotaAsk(run).subject()) > 0)
        : Quotas.FREE;
  }

  /** What a run stands in line for when its namespace's quota has no room for it. */
  static Seats.Ask quotaAsk(Run run) {
    return new Seats.Ask(Quotas.SUBJECT + run.plan().definition().namespace(), 1, false);
  }

  /** What is wrong with it is told by a run that ends at once, instead of by nothing. */
  static Birth stillborn(Pass pass, Run run, String cause, String why) {
    Draft draft = Engine.createPending(run, cause, 0, pass.now);
    Engine.apply(draft, new Fact.Stop(null, why), pass.now, 0);
    pass.drafts.put(run.id(), draft);
    return new Birth.Made(draft);
  }

  /** How many runs of this job may be made now that its overlap policy does not skip. */
  int room(long job, JobRules rules) {
    String subject = "job:" + job;
    int waiters = seats.waiters(subject).size() + requires.waiting(job).size();
    boolean nobody = waiters == 0 && seats.holders(subject).isEmpty();
    Overlap overlap = rules.overlap();
    return switch (overlap.kind()) {
      case ALLOW, CANCEL_RUNNING -> Integer.MAX_VALUE;
      case SKIP -> nobody ? 1 : 0;
      case COALESCE -> waiters == 0 ? 1 : 0;
      case QUEUE -> Math.max(nobody ? 1 : 0, overlap.waitingMax() - waiters);
    };
  }

  /** The seats that a run as a whole takes. */
  static List<Seats.Ask> asks(Run run) {
    JobRules rules = run.plan().definition().rules();
    List<Seats.Ask> asks = new ArrayList<>();
    if (run.plan().part() != Plan.WHOLE) {
      return asks;
    }
    if (rules.overlap().kind() != Overlap.Kind.ALLOW) {
      asks.add(new Seats.Ask("job:" + run.plan().job(), 1, false));
    }
    if (rules.concurrency() != null) {
      asks.add(new Seats.Ask(keySubject(run), 1, false));
    }
    rules
        .locks()
        .forEach(lock -> asks.add(Seats.Ask.of(run.plan().definition().namespace(), lock)));
    return asks;
  }

  private static String keySubject(Run run) {
    return "key:" + run.plan().job() + ":" + (run.key() == null ? "" : run.key());
  }

  /** Null when it may be made; then its concurrency limit is known to the seats. */
  private Birth overlap(Handle tx, Pass pass, Run run, Overlap overlap) {
    Concurrency concurrency = run.plan().definition().rules().concurrency();
    if (concurrency != null) {
      seats.limit(keySubject(run), concurrency.limit());
    }
    String subject = "job:" + run.plan().job();
    List<Stages.Key> holders = seats.holders(subject);
    List<Stages.Key> waiters = new ArrayList<>(seats.waiters(subject));
    waiters.addAll(requires.waiting(run.plan().job()));
    if (holders.isEmpty() && waiters.isEmpty()) {
      return null;
    }
    return switch (overlap.kind()) {
      case ALLOW -> null;
      case SKIP ->
          new Birth.Skipped(
              "SKIPPED_OVERLAP", "another run of it is open and its overlap policy is skip");
      case QUEUE ->
          waiters.size() < overlap.waitingMax()
              ? null
              : new Birth.Skipped(
                  "SKIPPED_OVERLAP",
                  waiters.size() + " runs of it wait already, which is its overlap policy's bound");
      case COALESCE ->
          waiters.isEmpty()
              ? null
              : new Birth.Skipped("COALESCED", "a run of it waits already and stands for this one");
      case CANCEL_RUNNING -> {
        stopAll(tx, pass, holders, run);
        stopAll(tx, pass, waiters, run);
        yield null;
      }
    };
  }

  private void stopAll(Handle tx, Pass pass, List<Stages.Key> others, Run run) {
    drafts.open(tx, pass, others.stream().map(Stages.Key::run).toList());
    for (Stages.Key other : others) {
      Draft draft = pass.drafts.get(other.run());
      if (draft != null && !draft.sealed()) {
        String why = "a newer run takes its place: " + new dev.millrace.model.RunId(run.id());
        Engine.apply(draft, new Fact.Stop("overlap", why), pass.now, 0);
      }
    }
  }
}
