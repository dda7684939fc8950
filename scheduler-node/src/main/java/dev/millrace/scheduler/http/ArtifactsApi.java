package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.store.Artifacts;
import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactReference;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stages stored. Bytes are streamed, always as a download and never as something that a
 * browser would execute. Any thread.
 */
final class ArtifactsApi {
  private static final Logger log = LoggerFactory.getLogger(ArtifactsApi.class);
  private static final int DOWNLOADS_MAX = 16;
  private static final String UNKNOWN_TYPE = "application/octet-stream";

  /** Types that do no harm when somebody opens them; all others go as plain bytes. */
  private static final Set<String> HARMLESS =
      Set.of(
          "text/plain",
          "text/csv",
          "application/json",
          "application/pdf",
          "application/zip",
          "application/gzip",
          "image/png",
          "image/jpeg",
          "image/gif",
          "image/webp");

  private final Jdbi jdbi;
  private final ArtifactStore store;
  private final Semaphore downloads = new Semaphore(DOWNLOADS_MAX);

  ArtifactsApi(Jdbi jdbi, ArtifactStore store) {
    this.jdbi = jdbi;
    this.store = store;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/runs/{run}/artifacts",
                "runs",
                "Artifacts of a run",
                "ArtifactPage",
                this::ofRun)
            .needs(Role.VIEWER, Scope.RUN)
            .query("limit", "after"),
        get("/api/v1/artifacts/{artifact}", "runs", "The bytes of an artifact", null, this::bytes)
            .needs(Role.VIEWER, Scope.ARTIFACT)
            .media(UNKNOWN_TYPE));
  }

  private void ofRun(Call call) {
    RunId id = call.run();
    int limit = call.limit();
    String after = call.query("after");
    if (after != null) {
      requireId(after);
    }
    List<Artifact> artifacts =
        jdbi.withHandle(
            handle -> {
              RunsApi.find(handle, id);
              return Artifacts.ofRun(handle, id.value(), after, limit);
            });
    ArrayNode items = Json.array();
    artifacts.forEach(artifact -> write(artifact, items.addObject()));
    call.page(items, artifacts.size() < limit ? null : artifacts.getLast().id());
  }

  private static void write(Artifact artifact, ObjectNode item) {
    item.put("artifact", artifact.id());
    item.put("stage", artifact.stage());
    item.put("attempt", artifact.attempt());
    item.put("name", artifact.name());
    item.put("mediaType", artifact.mediaType());
    item.put("size", artifact.size());
    item.put("sha256", artifact.sha256());
    item.put("createdAt", Json.text(artifact.createdAt()));
    item.put("expiresAt", Json.text(artifact.expiresAt()));
  }

  private void bytes(Call call) throws IOException, InterruptedException {
    String id = id(call);
    Artifact artifact = store.find(id).filter(Artifact::stored).orElseThrow(() -> noArtifact(id));
    if (!artifact.live()) {
      throw new Problem.Refused(
          new Problem(
              410,
              "expired",
              "Expired",
              "artifact " + id + " expired at " + artifact.expiresAt(),
              "Run the job again; artifacts.ttl says how long they are kept."));
    }
    if (!downloads.tryAcquire()) {
      throw new Problem.Refused(
          Problem.unavailable("this node serves " + DOWNLOADS_MAX + " downloads already"));
    }
    try (InputStream in = store.open(artifact)) {
      byte[] first = in.readNBytes(ArtifactChunks.BYTES); // a store that is away is a problem still
      headers(call, artifact);
      send(artifact, first, in, call.http().outputStream());
    } catch (IOException e) {
      log.warn("the artifact store failed artifact={}; answered 503", id, e);
      throw new Problem.Refused(Problem.unavailable("the artifact store does not answer"));
    } finally {
      downloads.release();
    }
  }

  /** What breaks off is shorter than its announced length, which every client notices. */
  private static void send(Artifact artifact, byte[] first, InputStream rest, OutputStream out) {
    try {
      out.write(first);
      rest.transferTo(out);
    } catch (IOException e) {
      log.info("a download broke off artifact={} cause={}", artifact.id(), e.toString());
    }
  }

  private static void headers(Call call, Artifact artifact) {
    String name = artifact.name().substring(artifact.name().lastIndexOf('/') + 1);
    String hash = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(artifact.sha256()));
    call.http()
        .contentType(HARMLESS.contains(artifact.mediaType()) ? artifact.mediaType() : UNKNOWN_TYPE)
        .header("Content-Length", Long.toString(artifact.size()))
        .header("Content-Disposition", "attachment; filename=\"" + name + "\"")
        .header("Repr-Digest", "sha-256=:" + hash + ":");
  }

  static String id(Call call) {
    return requireId(call.path("artifact"));
  }

  private static String requireId(String text) {
    if (!ArtifactReference.isId(text)) {
      throw Problem.badRequest(
          "'" + Call.shortened(text) + "' is not the id of an artifact",
          "Take the id from GET /api/v1/runs/{run}/artifacts.");
    }
    return text;
  }

  static Problem.Refused noArtifact(String id) {
    return Problem.notFound(
        "no artifact " + id,
        "It may have expired; list the others with GET /api/v1/runs/{run}/artifacts.");
  }
}
