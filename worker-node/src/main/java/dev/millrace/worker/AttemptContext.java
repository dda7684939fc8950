package dev.millrace.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.secret.Redactor;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.Start;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt as its handler sees it. Thread-safe. */
final class AttemptContext implements StageContext {
  private static final Logger log = LoggerFactory.getLogger(AttemptContext.class);
  private static final int PROGRESS_CHARS_MAX = 200;
  private static final int COPY_BYTES = 64 * 1024;

  private final Attempt attempt;
  private final Reporter reporter;
  private final StageLog stageLog;
  private final ArtifactClient artifacts;
  private final AttemptSecrets secrets;
  private final Path workDirs;
  private Path workDir;

  AttemptContext(
      Attempt attempt,
      Reporter reporter,
      StageLog stageLog,
      ArtifactClient artifacts,
      AttemptSecrets secrets,
      Path workDirs) {
    this.attempt = attempt;
    this.reporter = reporter;
    this.stageLog = stageLog;
    this.artifacts = artifacts;
    this.secrets = secrets;
    this.workDirs = workDirs;
  }

  @Override
  public Start start() {
    return attempt.start();
  }

  @Override
  public JsonNode with() {
    return secrets.with() == null ? JsonText.tree(start().with()) : secrets.with().deepCopy();
  }

  @Override
  public Redactor redactor() {
    return secrets.redactor();
  }

  @Override
  public JsonNode params() {
    return JsonText.tree(start().params());
  }

  @Override
  public JsonNode inputs() {
    return JsonText.tree(start().inputs());
  }

  @Override
  public JsonNode item() {
    return start().item() == null ? null : JsonText.tree(start().item());
  }

  @Override
  public JsonNode previousCheckpoint() {
    return start().checkpoint() == null ? null : JsonText.tree(start().checkpoint());
  }

  @Override
  public void log(String stream, String line) {
    attempt.spoke();
    stageLog.line(stream, redactor().text(line));
  }

  @Override
  public void progress(Integer percent, String message) {
    attempt.spoke();
    attempt.progress(
        percent == null ? null : Math.clamp(percent, 0, 100),
        JsonText.clean(redactor().text(message), PROGRESS_CHARS_MAX));
  }

  @Override
  public void counter(String name, long value) {
    attempt.spoke();
    attempt.counter(redactor().text(name), value);
  }

  @Override
  public void checkpoint(String given) {
    attempt.spoke();
    String json = redactor().json(given);
    JsonText.problem("the checkpoint", json)
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException(problem);
            });
    if (!attempt.isOver()) {
      reporter.checkpoint(attempt, json);
    }
  }

  @Override
  public boolean cancelled() {
    return attempt.cancelled();
  }

  @Override
  public void onCancel(Consumer<Duration> hook) {
    attempt.onCancel(hook);
  }

  @Override
  public String putArtifact(String name, String mediaType, Path file)
      throws IOException, InterruptedException {
    return new ArtifactUpload(artifacts, attempt.claim()).put(name, mediaType, file).toJson();
  }

  @Override
  public String putArtifact(String name, String mediaType, InputStream bytes, long size)
      throws IOException, InterruptedException {
    Path file = Files.createTempFile(workDir(), "artifact-", ".part");
    try {
      try (OutputStream out = Files.newOutputStream(file)) {
        copy(bytes, out, size);
      }
      return putArtifact(name, mediaType, file);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** Exactly so many bytes. */
  private static void copy(InputStream from, OutputStream to, long size) throws IOException {
    byte[] buffer = new byte[COPY_BYTES];
    long left = size;
    while (left > 0) {
      int read = from.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (read < 0) {
        throw new IOException("the stream ended " + left + " bytes before its size");
      }
      to.write(buffer, 0, read);
      left -= read;
    }
  }

  @Override
  public InputStream artifact(String idOrReferenceJson) throws IOException, InterruptedException {
    String text = idOrReferenceJson.strip();
    if (ArtifactReference.isId(text)) {
      return ArtifactInput.open(artifacts, text, null);
    }
    ArtifactReference reference = ArtifactReference.parse(text);
    return ArtifactInput.open(artifacts, reference.artifact(), reference);
  }

  @Override
  public synchronized Path workDir() throws IOException {
    if (workDir == null) {
      Files.createDirectories(workDirs);
      String prefix =
          attempt.claim().run()
              + "-"
              + attempt.claim().stage().replaceAll("[^A-Za-z0-9_.-]", "_")
              + "-"
              + attempt.claim().attempt()
              + "-";
      boolean posix = workDirs.getFileSystem().supportedFileAttributeViews().contains("posix");
      workDir =
          posix
              ? Files.createTempDirectory(
                  workDirs,
                  prefix,
                  PosixFilePermissions.asFileAttribute(
                      PosixFilePermissions.fromString("rwx------")))
              : Files.createTempDirectory(workDirs, prefix);
    }
    return workDir;
  }

  /** Removes what the attempt left behind. */
  synchronized void removeWorkDir() {
    if (workDir == null) {
      return;
    }
    try (Stream<Path> tree = Files.walk(workDir)) {
      for (Path path : tree.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | java.io.UncheckedIOException e) {
      log.warn("could not remove a work directory path={}; it stays", workDir, e);
    }
    workDir = null;
  }
}
