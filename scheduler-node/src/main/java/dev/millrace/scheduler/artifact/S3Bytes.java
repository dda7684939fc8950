package dev.millrace.scheduler.artifact;

import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.settings.ArtifactSettings;
import dev.millrace.wire.ArtifactChunks;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;

/**
 * A bucket of an S3-compatible store: one PUT per artifact, streamed, whose signed hash the store
 * checks itself; chunks are read as ranges. Any thread.
 */
final class S3Bytes implements ArtifactBytes, AutoCloseable {
  private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
  private static final Duration ANSWER_MAX = Duration.ofSeconds(20);

  /** A store that takes less than a megabyte a second is as good as away. */
  private static final Duration PUT_MAX = Duration.ofSeconds(120);

  private static final int PROBLEM_BYTES_MAX = 500;

  private final ArtifactSettings.InS3 store;
  private final S3Signature signature;
  private final InstantSource clock;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_MAX)
          .build();

  /**
   * @param clock the wall clock: the store refuses signatures that are not of this quarter hour
   */
  S3Bytes(ArtifactSettings.InS3 store, InstantSource clock) {
    this.store = store;
    this.signature = new S3Signature(store.region(), store.accessKey(), store.secretKey());
    this.clock = clock;
  }

  @Override
  public String location() {
    return "s3";
  }

  @Override
  public void write(Artifact artifact, InputStream bytes) throws IOException, InterruptedException {
    BodyPublisher stream = BodyPublishers.ofInputStream(() -> bytes);
    // S3 wants the length told before.
    BodyPublisher body =
        artifact.size() == 0
            ? BodyPublishers.noBody()
            : BodyPublishers.fromPublisher(stream, artifact.size());
    HttpRequest.Builder request = request("PUT", artifact, Map.of(), artifact.sha256());
    close(answer(request.method("PUT", body).timeout(PUT_MAX), "write", artifact, 200));
  }

  @Override
  public byte[] read(Artifact artifact, int number) throws IOException, InterruptedException {
    int length = ArtifactChunks.length(artifact.size(), number);
    if (length == 0) {
      return new byte[0];
    }
    long from = (long) number * ArtifactChunks.BYTES;
    Map<String, String> range = Map.of("range", "bytes=" + from + "-" + (from + length - 1));
    HttpRequest.Builder request = request("GET", artifact, range, S3Signature.NOTHING);
    try (InputStream body =
        answer(request.GET().timeout(ANSWER_MAX), "read", artifact, 206, 200).body()) {
      byte[] chunk = body.readNBytes(length);
      if (chunk.length != length || body.read() >= 0) {
        throw new IOException("the S3 store answered a range of another length");
      }
      return chunk;
    }
  }

  @Override
  public InputStream open(Artifact artifact) throws IOException, InterruptedException {
    HttpRequest.Builder request = request("GET", artifact, Map.of(), S3Signature.NOTHING);
    return answer(request.GET().timeout(ANSWER_MAX), "read", artifact, 200).body();
  }

  @Override
  public void delete(Artifact artifact) throws IOException, InterruptedException {
    HttpRequest.Builder request = request("DELETE", artifact, Map.of(), S3Signature.NOTHING);
    close(answer(request.DELETE().timeout(ANSWER_MAX), "delete", artifact, 204, 200, 404));
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private HttpRequest.Builder request(
      String method, Artifact artifact, Map<String, String> headers, String bodySha256) {
    URI uri = uri(artifact);
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    headers.forEach(request::header);
    signature.headers(method, uri, headers, bodySha256, clock.instant()).forEach(request::header);
    return request;
  }

  private URI uri(Artifact artifact) {
    URI at = store.endpoint();
    String key = "/millrace/" + artifact.id();
    return store.pathStyle()
        ? URI.create(at.getScheme() + "://" + at.getRawAuthority() + "/" + store.bucket() + key)
        : URI.create(at.getScheme() + "://" + store.bucket() + "." + at.getRawAuthority() + key);
  }

  private HttpResponse<InputStream> answer(
      HttpRequest.Builder request, String what, Artifact artifact, int... expected)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response = http.send(request.build(), BodyHandlers.ofInputStream());
    for (int status : expected) {
      if (response.statusCode() == status) {
        return response;
      }
    }
    try (InputStream body = response.body()) {
      String problem = new String(body.readNBytes(PROBLEM_BYTES_MAX), StandardCharsets.UTF_8);
      throw new IOException(
          "the S3 store answered %d to %s artifact %s: %s"
              .formatted(response.statusCode(), what, artifact.id(), problem));
    }
  }

  private static void close(HttpResponse<InputStream> response) throws IOException {
    response.body().close();
  }
}
