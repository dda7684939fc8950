package dev.millrace.scheduler.command;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What can be done with many runs or jobs at once. */
public enum BulkAction {
  STOP("stop", Command.Kind.RUN_STOP, "PENDING,SCHEDULED,STARTING,RUNNING,PAUSED"),
  KILL("kill", Command.Kind.RUN_KILL, "PENDING,SCHEDULED,STARTING,RUNNING,PAUSED,STOPPING"),
  PAUSE("pause", Command.Kind.RUN_PAUSE, "PENDING,SCHEDULED,STARTING,RUNNING"),
  RESUME("resume", Command.Kind.RUN_RESUME, "PAUSED"),
  RETRY("retry", Command.Kind.RUN_RETRY, "FAILED,CANCELLED"),
  PAUSE_JOBS("pause-jobs", Command.Kind.JOB_PAUSE, "CREATED,SCHEDULED"),
  RESUME_JOBS("resume-jobs", Command.Kind.JOB_RESUME, "PAUSED,STOPPED"),
  STOP_JOBS("stop-jobs", Command.Kind.JOB_STOP, "CREATED,SCHEDULED,PAUSED"),
  ARCHIVE_JOBS("archive-jobs", Command.Kind.JOB_DELETE, "CREATED,SCHEDULED,PAUSED,STOPPED");

  private final String word;
  private final String kind;
  private final String states;

  BulkAction(String word, String kind, String states) {
    this.word = word;
    this.kind = kind;
    this.states = states;
  }

  public static Optional<BulkAction> of(String word) {
    return Arrays.stream(values()).filter(each -> each.word.equals(word)).findFirst();
  }

  /** As callers write it. */
  public String word() {
    return word;
  }

  /** The kind of the command that does it with one. */
  public String kind() {
    return kind;
  }

  /** In these it can be possible; what is in another is not matched. */
  public List<String> states() {
    return List.of(states.split(","));
  }

  /** True for what is done with jobs, not with runs. */
  public boolean ofJobs() {
    return kind.startsWith("job.");
  }
}
