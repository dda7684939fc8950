package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.FileWatches;
import dev.millrace.scheduler.store.ReadsJobs;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** Files that started runs, and how the folders that are watched look. Any thread. */
final class FilesApi {
  private final Jdbi jdbi;

  FilesApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/jobs/{job}/files",
                "jobs",
                "What a job's triggers by files watch, and the files that started runs, newest"
                    + " first",
                "FilePage",
                this::files)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after"));
  }

  private void files(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    long before = after == null ? Long.MAX_VALUE : Call.number("after", after);
    jdbi.useHandle(
        handle -> {
          ReadsJobs.Job job = JobsApi.find(handle, call.namespace(), call.path("job"));
          ObjectNode answer = Json.object();
          ArrayNode watches = answer.putArray("watches");
          FileWatches.of(handle, job.id()).forEach(watch -> watch(watches.addObject(), watch));
          List<FileWatches.File> files = FileWatches.files(handle, job.id(), before, limit);
          ArrayNode items = answer.putArray("items");
          files.forEach(file -> file(items.addObject(), file));
          answer.put("next", files.size() < limit ? null : Long.toString(files.getLast().id()));
          call.answer(200, answer);
        });
  }

  private static void watch(ObjectNode node, FileWatches.Watch watch) {
    FileWatches.Look look = watch.look();
    node.put("trigger", Long.toString(watch.trigger()));
    node.set("file", Json.stored(watch.spec()).path("file"));
    node.put("state", look == null ? null : look.state());
    node.put("problem", look == null ? null : look.problem());
    node.put("since", Json.text(watch.since()));
    node.put("waiting", look == null ? 0 : look.waiting());
    node.put("why", look == null ? null : look.why());
  }

  private static void file(ObjectNode node, FileWatches.File file) {
    node.put("trigger", Long.toString(file.trigger()));
    node.put("pool", file.pool().isEmpty() ? null : file.pool());
    node.put("path", file.path());
    node.put("size", file.size());
    Instant modified = Instant.EPOCH.plus(file.modified(), ChronoUnit.MICROS);
    node.put("modified", Json.text(modified));
    node.put("run", new RunId(file.run()).toString());
    node.put("seenAt", Json.text(file.seenAt()));
    node.put("archiveTo", file.archiveTo());
    node.put("archivedAt", Json.text(file.archivedAt()));
    node.put("archivedAs", file.archivedAs());
  }
}
