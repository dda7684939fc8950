package dev.millrace.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A file in which stage programs themselves write that they start and end, independent of
 * everything Millrace believes.
 *
 * <p>A line is {@code run stage attempt pid start|end}, written in one appending write, so that
 * programs of many processes on one machine may share the file. Writing is safe from any thread and
 * process.
 */
public final class Witness {
  private final Path file;

  public Witness(Path file) {
    this.file = file.toAbsolutePath();
  }

  /** What a program did. */
  public enum Moment {
    START,
    END
  }

  /** One line, in the order of writing. */
  public record Sighting(String run, String stage, int attempt, long pid, Moment moment) {
    String claim() {
      return run + " " + stage + " " + attempt;
    }

    String place() {
      return run + " " + stage;
    }
  }

  public Path file() {
    return file;
  }

  /**
   * A shell command that writes a line; the arguments are shell words, for instance {@code
   * "$MILLRACE_RUN"}.
   *
   * <p>{@code echo} with {@code >>} is one {@code write} on a descriptor opened with O_APPEND.
   */
  public String shell(String run, String stage, String attempt, Moment moment) {
    return "echo \"%s %s %s $$ %s\" >> '%s'"
        .formatted(run, stage, attempt, word(moment), file.toString().replace("'", "'\\''"));
  }

  /** The same from a Java program. */
  public void write(String run, String stage, int attempt, Moment moment) throws IOException {
    String line =
        "%s %s %d %d %s\n"
            .formatted(run, stage, attempt, ProcessHandle.current().pid(), word(moment));
    Files.write(
        file,
        line.getBytes(StandardCharsets.UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Everything seen so far; a line that is still being written is left out. */
  public List<Sighting> sightings() throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException nothingYet) {
      return List.of();
    }
    List<Sighting> all = new ArrayList<>();
    text.substring(0, text.lastIndexOf('\n') + 1).lines().map(Witness::parse).forEach(all::add);
    return List.copyOf(all);
  }

  public Account account() throws IOException {
    return Account.of(sightings());
  }

  private static Sighting parse(String line) {
    String[] words = line.split(" ", -1);
    if (words.length != 5) {
      throw new IllegalStateException("not a line of a witness: " + line);
    }
    Moment moment =
        switch (words[4]) {
          case "start" -> Moment.START;
          case "end" -> Moment.END;
          default -> throw new IllegalStateException("not a line of a witness: " + line);
        };
    return new Sighting(
        words[0], words[1], Integer.parseInt(words[2]), Long.parseLong(words[3]), moment);
  }

  private static String word(Moment moment) {
    return switch (moment) {
      case START -> "start";
      case END -> "end";
    };
  }

  /**
   * What the sightings add up to.
   *
   * @param starts lines that say start
   * @param ends lines that say end
   * @param stagesStarted different (run, stage) that started at least once
   * @param stagesEnded different (run, stage) that ended at least once
   * @param claimsStartedTwice claims, as {@code run stage attempt}, whose program started more than
   *     once
   * @param stagesEndedTwice (run, stage) whose program reached its end more than once
   * @param overlaps starts of a stage while an earlier program of it had not ended; a program that
   *     was killed never ends, so each of these is a question and not yet a verdict
   */
  public record Account(
      int starts,
      int ends,
      Set<String> stagesStarted,
      Set<String> stagesEnded,
      Set<String> claimsStartedTwice,
      Set<String> stagesEndedTwice,
      List<Sighting> overlaps) {

    public static Account of(List<Sighting> sightings) {
      Set<String> started = new HashSet<>();
      Set<String> ended = new HashSet<>();
      Set<String> claims = new HashSet<>();
      Set<String> claimsTwice = new HashSet<>();
      Set<String> endedTwice = new HashSet<>();
      List<Sighting> overlaps = new ArrayList<>();
      Map<String, Set<Long>> open = new HashMap<>();
      int starts = 0;
      for (Sighting sighting : sightings) {
        Set<Long> pids = open.computeIfAbsent(sighting.place(), place -> new HashSet<>());
        if (sighting.moment() == Moment.START) {
          starts++;
          started.add(sighting.place());
          if (!claims.add(sighting.claim())) {
            claimsTwice.add(sighting.claim());
          }
          if (!pids.isEmpty()) {
            overlaps.add(sighting);
          }
          pids.add(sighting.pid());
          continue;
        }
        pids.remove(sighting.pid());
        if (!ended.add(sighting.place())) {
          endedTwice.add(sighting.place());
        }
      }
      return new Account(
          starts,
          sightings.size() - starts,
          Set.copyOf(started),
          Set.copyOf(ended),
          Set.copyOf(claimsTwice),
          Set.copyOf(endedTwice),
          List.copyOf(overlaps));
    }
  }
}
