package dev.millrace.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.secret.Redactor;
import dev.millrace.wire.Start;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/** What a handler sees of its attempt. May be used from any thread while the attempt runs. */
public interface StageContext {
  Start start();

  /** The handler's input from {@code with:}, secrets put in. */
  JsonNode with();

  /**
   * Hides the attempt's secrets. What goes out through this context is hidden anyway; whoever cuts
   * a text before that must hide it first, or a piece of a secret stays at the cut.
   */
  default Redactor redactor() {
    return Redactor.NONE;
  }

  /** The run's parameters. */
  JsonNode params();

  /** Outputs of the stages that this one needs, by stage id. */
  JsonNode inputs();

  /** What this one of a fan-out is about; null when it is no item of one. */
  JsonNode item();

  /** The item's place in its fan-out, from 0; -1 when it is no item of one. */
  default int index() {
    return start().index();
  }

  /** What the previous attempt stored last, or null. */
  JsonNode previousCheckpoint();

  /**
   * Appends a line to the stage's log.
   *
   * @param stream {@code stdout}, {@code stderr} or {@code system}
   */
  void log(String stream, String line);

  /**
   * Tells how far it is; the next heartbeat carries it.
   *
   * @param percent 0..100 or null
   * @param message for people, or null
   */
  void progress(Integer percent, String message);

  /**
   * Tells how many there are of something by now; the next heartbeat carries it.
   *
   * @param name of at most 40 characters; an attempt has at most 20 counters
   * @param value the whole count, not what came to it
   * @throws IllegalArgumentException when the name is empty or too long, or there are too many
   */
  void counter(String name, long value);

  /**
   * Stores JSON of at most 64 KiB that the next attempt of this stage gets.
   *
   * @throws IllegalArgumentException when it is not JSON or too large
   */
  void checkpoint(String json);

  /** True from when the attempt must end early: cancelled, timed out, cut off, drained. */
  boolean cancelled();

  /**
   * Registers what ends the work. It gets the time it may take to be polite; only after that time
   * is the handler's thread interrupted (at once when nothing is registered). It may be called
   * again with a shorter time. Called at once when the attempt is already ending.
   */
  void onCancel(Consumer<Duration> hook);

  /**
   * Stores a file that is too large for an output and gives the reference that stands for it, a
   * JSON object to put into the output. Waits until it is stored; the same again gives the same
   * reference.
   *
   * @param name at most 200 characters, unique in this attempt; {@code /} divides parts
   * @param mediaType such as {@code text/csv}
   * @throws ArtifactException when it is refused, or nobody answers for minutes
   * @throws IllegalArgumentException when the name or the media type is not possible
   */
  String putArtifact(String name, String mediaType, Path file)
      throws IOException, InterruptedException;

  /** As above, of so many bytes of a stream; they pass through a file of {@link #workDir}. */
  String putArtifact(String name, String mediaType, InputStream bytes, long size)
      throws IOException, InterruptedException;

  /**
   * Opens an artifact of any run; whoever opens it closes it. Reading fails at the end when the
   * bytes are not those that were stored.
   *
   * @param idOrReferenceJson an id, or a reference as {@link #putArtifact} gave it
   * @throws ArtifactException when it is unknown or expired, or nobody answers for minutes
   * @throws IllegalArgumentException when it is neither
   */
  InputStream artifact(String idOrReferenceJson) throws IOException, InterruptedException;

  /**
   * The attempt's own directory, readable by the worker's user only, removed afterwards.
   *
   * @throws IOException when it cannot be made
   */
  Path workDir() throws IOException;
}
