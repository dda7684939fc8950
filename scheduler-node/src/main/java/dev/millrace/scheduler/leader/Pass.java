package dev.millrace.scheduler.leader;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.FamilyNews;
import dev.millrace.scheduler.file.FileWaits;
import dev.millrace.scheduler.ingest.QueueUse;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.ingest.StartMessage;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.wire.Control;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Everything one pass of the turn gathers and decides. The leader's thread; gone when the pass
 * ends.
 */
final class Pass {
  final Map<Long, Draft> drafts = new LinkedHashMap<>();
  final List<ReportIntake.Message> messages;

  /** The same as they came. */
  final Isolation.Taken reportsTaken;

  /** Commands that it may take, and the ids of those that it took. */
  int commandsMax;

  final List<Long> commandIds = new ArrayList<>();

  /** What it sets aside instead of executing it, or null. */
  Isolation.Guilty guiltyCommand;

  final List<Long> answerIds = new ArrayList<>();
  final List<Outcome> answers = new ArrayList<>();
  final List<Control> controls = new ArrayList<>();
  final List<Dispatcher.Item> items = new ArrayList<>();

  /** Room taken in each pool's window by this pass; negative where it was given back. */
  final Map<Pools.Pool, Integer> used = new HashMap<>();

  /** Pools whose READY rows still wait: nothing newer overtakes them. */
  final Set<Pools.Pool> backlogged = new HashSet<>();

  final List<Long> tickLateness = new ArrayList<>();
  final List<Claim> notHeld = new ArrayList<>();
  final List<Stages.Key> republish = new ArrayList<>();

  /** Messages that ask for runs, and what is decided about each, in the same order. */
  final List<StartMessage> starts;

  final List<MessageDesk.Verdict> verdicts = new ArrayList<>();

  /** Whom the end of a run will be told, when this is committed. */
  final List<Long> awaited = new ArrayList<>();

  /** Whether answers are owed that were not before. */
  boolean replies;

  /** The queues that are consumed when this is committed; null when it changes nothing. */
  List<QueueUse> queues;

  /** Stages that failed for good in this pass. */
  final List<Dead> dead = new ArrayList<>();

  /** What of their children's ends the runs above have heard. */
  final FamilyNews news = new FamilyNews();

  /** Runs whose ends other jobs have been told of. */
  final Set<Long> followed = new HashSet<>();

  /** What became of files that were offered. */
  final FileStarts.Done files = new FileStarts.Done();

  /** Waits for files that this pass has ended. */
  final List<FileWaits.End> filesFound = new ArrayList<>();

  record Dead(Draft draft, int stage) {}

  /** Whether it has put commands into the inbox for the next pass. */
  boolean asksAgain;

  List<Claim> unroutable = List.of();
  List<Dispatcher.Unwritable> unwritable = List.of();
  List<WorkerTable.LostWorker> lost = List.of();
  final List<WorkerTable.LostWorker> lostWithMore = new ArrayList<>();
  long now;
  boolean more;

  Pass(List<ReportIntake.Message> messages, List<StartMessage> starts) {
    this.messages = messages;
    this.starts = starts;
    int reports = messages.stream().mapToInt(ReportIntake.Message::size).sum();
    this.reportsTaken =
        new Isolation.Taken(reports, messages.isEmpty() ? null : messages.getFirst());
  }

  Isolation.Taken commandsTaken() {
    return new Isolation.Taken(
        commandIds.size(), commandIds.isEmpty() ? null : commandIds.getFirst());
  }
}
