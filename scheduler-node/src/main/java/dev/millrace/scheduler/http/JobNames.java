package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.ReadsJobs;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;

/** Names by job id; they never change. Any thread. */
final class JobNames {
  private static final int NAMES_MAX = 100_000;
  private static final ReadsJobs.Name UNKNOWN = new ReadsJobs.Name(0, "default", "");
  private final Jdbi jdbi;
  private final ConcurrentHashMap<Long, ReadsJobs.Name> names = new ConcurrentHashMap<>();

  JobNames(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  ReadsJobs.Name of(long job) {
    ReadsJobs.Name known = names.get(job);
    if (known != null) {
      return known;
    }
    List<ReadsJobs.Name> found = jdbi.withHandle(h -> ReadsJobs.names(h, List.of(job)));
    if (found.isEmpty()) {
      return UNKNOWN;
    }
    if (names.size() >= NAMES_MAX) {
      names.clear();
    }
    names.put(job, found.getFirst());
    return found.getFirst();
  }
}
