package dev.millrace.scheduler.event;

import dev.millrace.scheduler.store.ReadsJobs;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;

/** Names by job id; they never change. Any thread. */
public final class EventNames {
  private static final int NAMES_MAX = 100_000;
  private static final ReadsJobs.Name UNKNOWN = new ReadsJobs.Name(0, "default", "");
  private final Jdbi jdbi;
  private final ConcurrentHashMap<Long, ReadsJobs.Name> names = new ConcurrentHashMap<>();

  public EventNames(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  /** Asks once for all of these that are not known yet. */
  void learn(long[] jobs) {
    Set<Long> missing = new HashSet<>();
    for (long job : jobs) {
      if (!names.containsKey(job)) {
        missing.add(job);
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    if (names.size() + missing.size() > NAMES_MAX) {
      names.clear();
    }
    List<Long> ids = new ArrayList<>(missing);
    jdbi.withHandle(handle -> ReadsJobs.names(handle, ids))
        .forEach(name -> names.put(name.id(), name));
  }

  /** A job that no table has is unnamed. */
  ReadsJobs.Name of(long job) {
    ReadsJobs.Name known = names.get(job);
    if (known == null) {
      learn(new long[] {job});
      known = names.get(job);
    }
    return known == null ? UNKNOWN : known;
  }
}
