package dev.millrace.worker;

import dev.millrace.model.Claim;
import dev.millrace.wire.Report;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this worker knows about claims: those it holds, and, bounded, those that ended lately or
 * were cancelled before they came. Brokers deliver twice; a claim is executed once here.
 * Thread-safe.
 */
final class Claims {
  private static final int REMEMBERED_MAX = 10_000;
  private static final int REMEMBERED_OUTPUT_CHARS_MAX = 8 * 1024 * 1024;

  private final ConcurrentHashMap<Claim, Attempt> open = new ConcurrentHashMap<>();
  private final Map<Claim, Report.Finished> ended = new LinkedHashMap<>();
  private final Map<Claim, Boolean> cancelledEarly =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Claim, Boolean> eldest) {
          return size() > REMEMBERED_MAX;
        }
      };
  private long outputChars;

  /** Holds it, unless it is held already: then gives what holds it. */
  Attempt hold(Attempt attempt) {
    return open.putIfAbsent(attempt.claim(), attempt);
  }

  Attempt find(Claim claim) {
    return open.get(claim);
  }

  Collection<Attempt> all() {
    return open.values();
  }

  boolean isEmpty() {
    return open.isEmpty();
  }

  int size() {
    return open.size();
  }

  /** The broker has its end: it is remembered with what was said. */
  void ended(Report.Finished report) {
    remember(report.claim(), report);
    open.remove(report.claim());
  }

  /** It ended without a word. */
  void dropped(Claim claim) {
    open.remove(claim);
  }

  /** What was said at the end of this claim, or null when it is not known here. */
  Report.Finished lastWord(Claim claim) {
    synchronized (ended) {
      return ended.get(claim);
    }
  }

  /** A cancel overtook its start. */
  void cancelEarly(Claim claim) {
    synchronized (cancelledEarly) {
      cancelledEarly.put(claim, true);
    }
  }

  boolean wasCancelledEarly(Claim claim) {
    synchronized (cancelledEarly) {
      return !cancelledEarly.isEmpty() && cancelledEarly.remove(claim) != null;
    }
  }

  private void remember(Claim claim, Report.Finished report) {
    synchronized (ended) {
      Report.Finished before = ended.put(claim, report);
      outputChars += outputChars(report) - (before == null ? 0 : outputChars(before));
      var oldest = ended.entrySet().iterator();
      while (ended.size() > REMEMBERED_MAX || outputChars > REMEMBERED_OUTPUT_CHARS_MAX) {
        outputChars -= outputChars(oldest.next().getValue());
        oldest.remove();
      }
    }
  }

  private static int outputChars(Report.Finished report) {
    return report.output() == null ? 0 : report.output().length();
  }
}
