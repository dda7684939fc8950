package dev.millrace.settings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All settings of a scheduler node. Immutable.
 *
 * @param jobsDir folder of job files, if one is watched
 * @param fileRoots absolute folders below which triggers may look for files
 */
public record SchedulerSettings(
    PostgresSettings postgres,
    RabbitSettings rabbit,
    HttpSettings http,
    AccessSettings access,
    LeaderSettings leader,
    EngineSettings engine,
    WorkerTimeouts workers,
    ArtifactSettings artifacts,
    EventSettings events,
    SecretSettings secrets,
    Optional<Path> jobsDir,
    List<Path> fileRoots) {
  public SchedulerSettings {
    fileRoots = List.copyOf(fileRoots);
  }

  /**
   * Reads and checks everything.
   *
   * @throws SettingsException with every problem
   */
  public static SchedulerSettings read(SettingsInput input) {
    Values values = new Values(input);
    Optional<Path> jobsDir =
        values.text("jobs.dir").isEmpty()
            ? Optional.empty()
            : Optional.of(WorkerSettings.path(values, "jobs.dir"));
    SchedulerSettings settings =
        new SchedulerSettings(
            PostgresSettings.read(values),
            RabbitSettings.read(values),
            HttpSettings.read(values),
            AccessSettings.read(values),
            LeaderSettings.read(values),
            EngineSettings.read(values),
            WorkerTimeouts.read(values),
            ArtifactSettings.read(values),
            EventSettings.read(values),
            SecretSettings.read(values),
            jobsDir,
            WorkerSettings.fileRoots(values, "scheduler.file-roots"));
    values.finish();
    return settings;
  }
}
