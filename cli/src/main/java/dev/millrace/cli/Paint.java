package dev.millrace.cli;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Colours of states, for people who look at a terminal. Stateless. */
final class Paint {
  private static final String RESET = "\u001b[0m";
  private static final String GREEN = "\u001b[32m";
  private static final String RED = "\u001b[31m";
  private static final String YELLOW = "\u001b[33m";
  private static final String BLUE = "\u001b[36m";
  private static final String DIM = "\u001b[2m";

  private static final Map<String, String> COLORS =
      Map.ofEntries(
          Map.entry("COMPLETED", GREEN),
          Map.entry("SKIPPED_COMPLETE", GREEN),
          Map.entry("ACKNOWLEDGED", GREEN),
          Map.entry("FIRED", GREEN),
          Map.entry("ALIVE", GREEN),
          Map.entry("FAILED", RED),
          Map.entry("LOST", RED),
          Map.entry("MISSED", RED),
          Map.entry("CANCELLED", YELLOW),
          Map.entry("ENDED", YELLOW),
          Map.entry("PAUSED", YELLOW),
          Map.entry("STOPPED", YELLOW),
          Map.entry("STOPPING", YELLOW),
          Map.entry("HELD", YELLOW),
          Map.entry("SUSPECT", YELLOW),
          Map.entry("BACKING_OFF", YELLOW),
          Map.entry("LOCK_WAIT", YELLOW),
          Map.entry("RUNNING", BLUE),
          Map.entry("STARTING", BLUE),
          Map.entry("QUEUED", BLUE),
          Map.entry("WAITING", DIM),
          Map.entry("SKIPPED", DIM));
  private static final Pattern WORDS =
      Pattern.compile("(?<![\\w-])(" + String.join("|", COLORS.keySet()) + ")(?![\\w-])");

  private static final Pattern TITLES = Pattern.compile("[A-Z %/-]*");

  private Paint() {}

  /** The line with its states in colour; titles of a table have such words, too, and have none. */
  static String states(String line) {
    return TITLES.matcher(line).matches()
        ? line
        : WORDS.matcher(line).replaceAll(found -> Matcher.quoteReplacement(of(found.group())));
  }

  private static String of(String word) {
    return COLORS.get(word) + word + RESET;
  }
}
