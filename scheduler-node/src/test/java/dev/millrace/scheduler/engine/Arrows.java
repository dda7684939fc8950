package dev.millrace.scheduler.engine;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;

/** Which arrows of a lifecycle some test has walked. Any thread. */
public final class Arrows<S extends Enum<S>> {
  private final Class<S> states;
  private final BiPredicate<S, S> canBecome;
  private final Set<String> walked = ConcurrentHashMap.newKeySet();

  public Arrows(Class<S> states, BiPredicate<S, S> canBecome) {
    this.states = states;
    this.canBecome = canBecome;
  }

  /** Returns false when there is no such arrow. */
  public boolean walk(String from, String to) {
    walked.add(from + " -> " + to);
    return canBecome.test(Enum.valueOf(states, from), Enum.valueOf(states, to));
  }

  /** The arrows that nobody has walked. */
  public Set<String> missing() {
    Set<String> missing = new TreeSet<>();
    for (S from : states.getEnumConstants()) {
      for (S to : states.getEnumConstants()) {
        if (canBecome.test(from, to) && !walked.contains(from + " -> " + to)) {
          missing.add(from + " -> " + to);
        }
      }
    }
    return missing;
  }
}
