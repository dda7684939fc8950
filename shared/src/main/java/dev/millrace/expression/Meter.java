package dev.millrace.expression;

import dev.cel.common.values.CelValue;
import java.util.List;
import java.util.Map;

/**
 * The work one evaluation may still do, so that no expression can hold up the thread that decides
 * for all jobs. Comprehensions are bounded by CEL itself; this bounds the functions, whose cost and
 * results grow with what they are given. Confined to the evaluating thread.
 */
final class Meter {
  /** Characters or elements looked at: 0.1 s of one core, and 0.9 s of a cold JVM's. */
  static final long WORK_MAX = 20_000_000;

  private static final ThreadLocal<Meter> CURRENT = new ThreadLocal<>();

  private long left = WORK_MAX;

  /** Something that CEL does. */
  interface Work<T> {
    T run() throws dev.cel.runtime.CelEvaluationException;
  }

  /** Runs an evaluation under a meter of its own. */
  static <T> T metered(Work<T> work) throws dev.cel.runtime.CelEvaluationException {
    CURRENT.set(new Meter());
    try {
      return work.run();
    } finally {
      CURRENT.remove();
    }
  }

  /** CEL evaluates nothing while it plans, but if it did, nobody would be waiting. */
  static Meter current() {
    Meter meter = CURRENT.get();
    return meter == null ? new Meter() : meter;
  }

  /** Stays exhausted, because {@code ||} swallows the failures of its left side. */
  void charge(long work) {
    left -= work;
    if (left < 0) {
      left = -1;
      throw JsonValues.problem("it takes too much work; use fewer or smaller values");
    }
  }

  /** Charges for every element down to the leaves: what comparing or copying would look at. */
  void chargeAllOf(Object value) {
    charge(1);
    if (value instanceof String text) {
      charge(text.length() / 16);
    } else if (value instanceof List<?> list) {
      list.forEach(this::chargeAllOf);
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(this::chargeAllOf);
    }
  }

  /** Charges for what an expression built, but not for the JSON it refers to, which is shared. */
  void chargeBuiltPartOf(Object value) {
    charge(1);
    if (value instanceof CelValue) {
      return;
    }
    if (value instanceof List<?> list) {
      list.forEach(this::chargeBuiltPartOf);
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(this::chargeBuiltPartOf);
    }
  }

  /** Refuses a string before it is made. */
  void chargeText(long chars) {
    if (chars > JsonValues.TEXT_CHARS_MAX) {
      throw JsonValues.problem("it makes a string of more than 1 MiB");
    }
    charge(chars);
  }
}
