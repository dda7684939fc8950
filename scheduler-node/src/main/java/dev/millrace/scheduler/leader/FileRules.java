package dev.millrace.scheduler.leader;

import dev.millrace.file.FilePattern;
import dev.millrace.file.FileRoots;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.command.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which files of this node a job may have anything to do with. Immutable; any thread. */
final class FileRules {
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofHours(24);

  private final FileRoots roots;

  FileRules(FileRoots roots) {
    this.roots = roots;
  }

  /**
   * Looks at triggers by files as closely as the reader of definitions does, for they may have come
   * another way.
   *
   * @throws IllegalArgumentException when one is not possible
   */
  static void judge(JobDefinition job) {
    for (EventTrigger event : job.events()) {
      if (event instanceof FileTrigger file) {
        FilePattern.of(file.path(), file.depth());
        if (file.archiveTo() != null) {
          FilePattern.plainFolder(file.archiveTo());
        }
        for (Duration duration : List.of(file.stableFor(), file.every())) {
          if (duration.compareTo(SHORTEST) < 0 || duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                "a trigger by files has " + duration + "; possible are 1s to 24h");
          }
        }
      }
    }
  }

  /** A definition that this node refuses, as it answers whoever sent it. */
  Optional<Outcome> refusal(JobDefinition job) {
    return folder(job).map(folder -> Desk.refused(422, detail(folder), remedy()));
  }

  /** The same in one text, or null. */
  String problem(JobDefinition job) {
    return folder(job).map(folder -> detail(folder) + "; " + remedy()).orElse(null);
  }

  private Optional<Path> folder(JobDefinition job) {
    for (EventTrigger event : job.events()) {
      if (event instanceof FileTrigger file && file.pool() == null) {
        Path folder = FilePattern.of(file.path(), file.depth()).folder();
        if (!roots.allow(folder)) {
          return Optional.of(folder);
        }
        if (file.archiveTo() != null && !roots.allow(Path.of(file.archiveTo()))) {
          return Optional.of(Path.of(file.archiveTo()));
        }
      }
    }
    return Optional.empty();
  }

  private String detail(Path folder) {
    return roots.isEmpty()
        ? "a trigger by files names "
            + folder
            + ", but this scheduler node looks at no files: scheduler.file-roots is empty"
        : "a trigger by files names "
            + folder
            + ", which is not below the folders of scheduler.file-roots ("
            + roots.roots().stream().map(Path::toString).collect(Collectors.joining(", "))
            + ")";
  }

  private static String remedy() {
    return "add the folder to MILLRACE_SCHEDULER_FILE_ROOTS of all scheduler nodes, or name the"
        + " `pool` whose workers have it";
  }
}
