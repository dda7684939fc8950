package dev.millrace.scheduler.artifact;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.store.ArtifactRows;
import dev.millrace.scheduler.store.Artifacts;
import dev.millrace.scheduler.store.Artifacts.Artifact;
import dev.millrace.settings.ArtifactSettings;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactAnswer.Refused;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactRequest;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * What can be done with artifacts, each way repeatable. Uploads gather in Postgres, because their
 * chunks come through any node; the end of one checks the hash and moves the bytes to where the
 * settings say. Never holds more than a chunk per call. Any thread.
 */
public final class ArtifactStore implements AutoCloseable {
  /** An upload that does not end is given up after this time. */
  static final Duration UPLOAD_MAX = Duration.ofHours(1);

  static final int PER_RUN_MAX = 1_000;
  private static final int STAGE_CHARS_MAX = 200;

  private final Jdbi jdbi;
  private final ArtifactSettings settings;
  private final ChunkRows rows;
  private final ArtifactBytes bytes;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param clock the wall clock, which only an S3 store asks for
   */
  public ArtifactStore(Jdbi jdbi, ArtifactSettings settings, InstantSource clock) {
    this.jdbi = jdbi;
    this.settings = settings;
    this.rows = new ChunkRows(jdbi);
    this.bytes =
        switch (settings.store()) {
          case ArtifactSettings.InPostgres any -> rows;
          case ArtifactSettings.InDirectory directory -> new DirectoryBytes(directory.root());
          case ArtifactSettings.InS3 s3 -> new S3Bytes(s3, clock);
        };
  }

  /** Begins an upload, or finds the one that has begun. */
  public ArtifactAnswer begin(ArtifactRequest.Begin begin) {
    if (begin.size() > settings.bytesMax()) {
      return new Refused(
          Refusal.TOO_LARGE,
          "artifact '%s' has %d bytes, the limit is %d (artifacts.max-bytes)"
              .formatted(begin.name(), begin.size(), settings.bytesMax()));
    }
    if (begin.claim().stage().length() > STAGE_CHARS_MAX
        || begin.claim().stage().chars().anyMatch(Character::isISOControl)) {
      return new Refused(Refusal.MALFORMED, "that is not the id of a stage");
    }
    return jdbi.inTransaction(tx -> begin(tx, begin));
  }

  private ArtifactAnswer begin(Handle tx, ArtifactRequest.Begin begin) {
    Claim claim = begin.claim();
    long run = claim.run().value();
    Artifacts.lockRun(tx, run);
    Optional<Artifact> known =
        Artifacts.find(tx, run, claim.stage(), claim.attempt(), begin.name());
    if (known.isPresent()) {
      Artifact there = known.get();
      if (there.live() && same(there, begin)) {
        if (there.stored()) {
          return new ArtifactAnswer.Stored(there.reference());
        }
        Artifacts.prolong(tx, there.id(), UPLOAD_MAX);
        return new ArtifactAnswer.Begun(there.id());
      }
      if (there.live() && there.stored()) {
        return new Refused(
            Refusal.EXISTS,
            "attempt " + claim + " has stored other bytes as '" + begin.name() + "' already");
      }
      Artifacts.giveUp(tx, there.id()); // expired, or an upload of other bytes that nobody ended
    }
    if (!Artifacts.runKnown(tx, run)) {
      return new Refused(Refusal.UNKNOWN, "there is no run " + claim.run());
    }
    Optional<Refused> full = full(Artifacts.use(tx, run), begin);
    if (full.isPresent()) {
      return full.get();
    }
    Artifact made = made(begin);
    Artifacts.insert(tx, made, UPLOAD_MAX);
    return new ArtifactAnswer.Begun(made.id());
  }

  private static boolean same(Artifact there, ArtifactRequest.Begin begin) {
    return there.size() == begin.size()
        && there.sha256().equals(begin.sha256())
        && there.mediaType().equals(begin.mediaType());
  }

  private Optional<Refused> full(Artifacts.Use use, ArtifactRequest.Begin begin) {
    if (use.count() >= PER_RUN_MAX) {
      return Optional.of(
          new Refused(
              Refusal.QUOTA, "the run has " + PER_RUN_MAX + " artifacts, which is the limit"));
    }
    if (use.bytes() + begin.size() > settings.runBytesMax()) {
      return Optional.of(
          new Refused(
              Refusal.QUOTA,
              "the run's artifacts have %d bytes, with '%s' %d more; the limit is %d (artifacts.run-max-bytes)"
                  .formatted(use.bytes(), begin.name(), begin.size(), settings.runBytesMax())));
    }
    return Optional.empty();
  }

  private Artifact made(ArtifactRequest.Begin begin) {
    byte[] id = new byte[16];
    random.nextBytes(id);
    Claim claim = begin.claim();
    return new Artifact(
        HexFormat.of().formatHex(id),
        claim.run().value(),
        claim.stage(),
        claim.attempt(),
        begin.name(),
        begin.mediaType(),
        begin.size(),
        begin.sha256(),
        "UPLOADING",
        bytes.location(),
        Instant.EPOCH,
        Instant.EPOCH,
        true);
  }

  /** Keeps chunks of any uploads in one transaction; an answer for each, in their order. */
  public List<ArtifactAnswer> take(List<ArtifactRequest.Chunk> chunks) {
    return jdbi.inTransaction(
        tx -> {
          Map<String, Artifact> known = new HashMap<>();
          List<String> ids =
              chunks.stream().map(ArtifactRequest.Chunk::artifact).distinct().toList();
          Artifacts.find(tx, ids).forEach(artifact -> known.put(artifact.id(), artifact));
          List<ArtifactAnswer> answers = new ArrayList<>();
          List<ArtifactRows.Row> kept = new ArrayList<>();
          for (ArtifactRequest.Chunk chunk : chunks) {
            Artifact artifact = known.get(chunk.artifact());
            Optional<Refused> refused = judge(chunk, artifact);
            if (refused.isPresent()) {
              answers.add(refused.get());
              continue;
            }
            if (!artifact.stored()) { // late repetitions of what is complete change nothing
              kept.add(new ArtifactRows.Row(chunk.artifact(), chunk.number(), chunk.data()));
            }
            answers.add(new ArtifactAnswer.Took(chunk.artifact(), chunk.number()));
          }
          ArtifactRows.insert(tx, kept);
          return answers;
        });
  }

  private static Optional<Refused> judge(ArtifactRequest.Chunk chunk, Artifact artifact) {
    if (artifact == null || !artifact.live()) {
      return Optional.of(notThere(chunk.artifact(), artifact));
    }
    int length = ArtifactChunks.length(artifact.size(), chunk.number());
    return chunk.data().length == length
        ? Optional.empty()
        : Optional.of(
            new Refused(
                Refusal.MALFORMED,
                "chunk %d has %d bytes; of an artifact of %d bytes it has %d"
                    .formatted(chunk.number(), chunk.data().length, artifact.size(), length)));
  }

  private static Refused notThere(String id, Artifact artifact) {
    return artifact == null
        ? new Refused(Refusal.UNKNOWN, "there is no artifact " + id)
        : new Refused(Refusal.EXPIRED, "artifact " + id + " has expired");
  }

  /** Makes an upload visible when all of it is there and is what was announced. */
  public ArtifactAnswer end(String id) throws IOException, InterruptedException {
    Artifact artifact = find(id).orElse(null);
    if (artifact == null || !artifact.live()) {
      return notThere(id, artifact);
    }
    if (artifact.stored()) {
      return new ArtifactAnswer.Stored(artifact.reference());
    }
    List<Integer> missing =
        jdbi.withHandle(
            handle ->
                Artifacts.prolong(handle, id, UPLOAD_MAX)
                    ? ArtifactRows.missing(
                        handle, id, ArtifactChunks.count(artifact.size()), Refused.MISSING_MAX)
                    : List.<Integer>of());
    if (!missing.isEmpty()) {
      return new Refused(Refusal.INCOMPLETE, "chunks have not come", missing);
    }
    if (!isAsAnnounced(artifact)) {
      jdbi.useTransaction(tx -> Artifacts.delete(tx, id));
      return new Refused(
          Refusal.HASH, "the bytes that came are not those that were announced; send all again");
    }
    return store(artifact);
  }

  private boolean isAsAnnounced(Artifact artifact) throws IOException {
    try (InputStream all = rows.open(artifact)) {
      return Sha256.of(all).equals(artifact.sha256());
    }
  }

  private ArtifactAnswer store(Artifact artifact) throws IOException, InterruptedException {
    ArtifactBytes target = of(artifact);
    try (InputStream all = rows.open(artifact)) {
      target.write(artifact, all);
    }
    boolean stored =
        jdbi.inTransaction(
            tx -> {
              boolean first = Artifacts.store(tx, artifact.id(), settings.ttl());
              if (first && target != rows) {
                ArtifactRows.delete(tx, artifact.id());
              }
              return first;
            });
    if (stored || find(artifact.id()).filter(Artifact::stored).isPresent()) {
      return new ArtifactAnswer.Stored(artifact.reference()); // perhaps by another node just now
    }
    target.delete(artifact); // it was given up meanwhile, and nobody else knows of these bytes
    return notThere(artifact.id(), null);
  }

  /** One chunk of a visible artifact. */
  public ArtifactAnswer get(String id, int number) throws IOException, InterruptedException {
    Artifact artifact = find(id).filter(Artifact::stored).orElse(null);
    if (artifact == null || !artifact.live()) {
      return notThere(id, artifact);
    }
    int count = ArtifactChunks.count(artifact.size());
    if (number >= Math.max(1, count)) {
      return new Refused(
          Refusal.MALFORMED, "artifact " + id + " has " + count + " chunks, counted from 0");
    }
    byte[] chunk = count == 0 ? new byte[0] : of(artifact).read(artifact, number);
    return new ArtifactAnswer.Data(artifact.reference(), number, chunk);
  }

  /** What is known of it, also when its time is over or it is still coming. */
  public Optional<Artifact> find(String id) {
    return jdbi.withHandle(handle -> Artifacts.find(handle, id));
  }

  /** All bytes of a visible artifact; the caller closes it. */
  public InputStream open(Artifact artifact) throws IOException, InterruptedException {
    return of(artifact).open(artifact);
  }

  /**
   * Deletes what has expired, bytes first, so that no bytes are forgotten.
   *
   * @return how many there were, at most so many
   */
  int deleteDue(int limit) throws IOException, InterruptedException {
    List<Artifact> due = jdbi.withHandle(handle -> Artifacts.due(handle, bytes.location(), limit));
    for (Artifact artifact : due) {
      of(artifact).delete(artifact);
      jdbi.useTransaction(tx -> Artifacts.delete(tx, artifact.id()));
    }
    return due.size();
  }

  /** Artifacts stay where they were stored when the setting changes. */
  private ArtifactBytes of(Artifact artifact) throws IOException {
    if (artifact.location().equals(bytes.location())) {
      return bytes;
    }
    if (artifact.location().equals(rows.location())) {
      return rows;
    }
    throw new IOException(
        "artifact %s lies in '%s'; artifacts.store of this node is '%s'"
            .formatted(artifact.id(), artifact.location(), bytes.location()));
  }

  @Override
  public void close() {
    if (bytes instanceof S3Bytes s3) {
      s3.close();
    }
  }
}
