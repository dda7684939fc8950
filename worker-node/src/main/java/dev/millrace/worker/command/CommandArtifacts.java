package dev.millrace.worker.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.worker.ArtifactException;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import java.io.IOException;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What a command that succeeded left in {@code MILLRACE_ARTIFACTS}: each file becomes an artifact,
 * its reference part of the output. The attempt's thread.
 */
record CommandArtifacts(StageContext context, Path folder) {
  static final String VARIABLE = "MILLRACE_ARTIFACTS";
  private static final String KEY = "artifacts";
  private static final int FILES_MAX = 100;
  private static final int DEPTH_MAX = 8;
  private static final String UNKNOWN_TYPE = "application/octet-stream";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The result with the references added, or why there is none. */
  Result add(Result.Completed result) throws IOException, InterruptedException {
    List<Path> files;
    ObjectNode output;
    try {
      files = files();
      if (files.isEmpty()) {
        return result;
      }
      output = output(result.outputJson());
    } catch (IllegalArgumentException e) {
      return new Result.Failed("config", e.getMessage(), result.exitCode());
    }
    ObjectNode references = output.putObject(KEY);
    for (Path file : files) {
      String name = name(file);
      try {
        String reference = context.putArtifact(name, mediaType(name), file);
        references.set(name, JSON.readTree(reference));
      } catch (ArtifactException e) {
        return new Result.Failed(
            e.isRetryable() ? "storage" : "config",
            "artifact " + name + " was not stored: " + e.getMessage(),
            result.exitCode());
      }
    }
    return new Result.Completed(output.toString(), result.exitCode());
  }

  private List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> tree = Files.walk(folder, DEPTH_MAX)) {
      // Links are not followed: they could lead to what the job may not publish.
      for (Path path : tree.sorted().toList()) {
        if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          files.add(path);
        } else if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          throw new IllegalArgumentException("artifact " + name(path) + " is not a file");
        }
      }
    }
    if (files.size() > FILES_MAX) {
      throw new IllegalArgumentException(
          "there are %d artifacts, the limit is %d; put them into an archive"
              .formatted(files.size(), FILES_MAX));
    }
    for (Path file : files) {
      ArtifactReference.nameProblem(name(file))
          .ifPresent(
              problem -> {
                throw new IllegalArgumentException("'" + name(file) + "': " + problem);
              });
    }
    return files;
  }

  private String name(Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  private static ObjectNode output(String json) {
    if (json == null) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode node = JSON.readTree(json);
      if (node instanceof ObjectNode object && !object.has(KEY)) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the output is not JSON", e);
    }
    throw new IllegalArgumentException(
        "with artifacts the output must be an object without a key '" + KEY + "', or absent");
  }

  private static String mediaType(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".csv")) {
      return "text/csv";
    }
    if (lower.endsWith(".json")) {
      return "application/json";
    }
    String guessed = URLConnection.guessContentTypeFromName(lower);
    return guessed == null || ArtifactReference.mediaTypeProblem(guessed).isPresent()
        ? UNKNOWN_TYPE
        : guessed;
  }
}
