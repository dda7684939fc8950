package dev.millrace.settings;

import java.time.Duration;

/**
 * When a silent worker is suspect and when it is lost; the same on both sides, because a worker
 * stops its stages itself before the leader starts them elsewhere. Immutable.
 */
public record WorkerTimeouts(Duration heartbeatEvery, Duration suspectAfter, Duration lostAfter) {
  private static final Duration MIN = Duration.ofMillis(50);
  private static final Duration MAX = Duration.ofHours(1);
  private static final int BEATS_UNTIL_SUSPECT_MIN = 2;

  static WorkerTimeouts read(Values values) {
    WorkerTimeouts settings =
        new WorkerTimeouts(
            values.duration("worker.heartbeat-every", MIN, MAX),
            values.duration("worker.suspect-after", MIN, MAX),
            values.duration("worker.lost-after", MIN, MAX));
    Duration beats = settings.heartbeatEvery.multipliedBy(BEATS_UNTIL_SUSPECT_MIN);
    values.require(
        settings.suspectAfter.compareTo(beats) >= 0,
        "worker.suspect-after must be at least 2 times worker.heartbeat-every, so that one lost"
            + " heartbeat is no suspicion",
        "worker.suspect-after",
        "worker.heartbeat-every");
    values.require(
        settings.lostAfter.compareTo(settings.suspectAfter) > 0,
        "worker.lost-after must be longer than worker.suspect-after",
        "worker.lost-after",
        "worker.suspect-after");
    return settings;
  }
}
