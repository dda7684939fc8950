package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What stands for an artifact where its bytes would be too large: in outputs, inputs and answers.
 * Immutable.
 *
 * @param artifact the id, 32 hexadecimal digits that nobody can guess
 * @param name what its maker calls it; unique inside the attempt
 * @param sha256 of its bytes, 64 hexadecimal digits
 */
public record ArtifactReference(
    String artifact, String name, String mediaType, long size, String sha256) {
  public static final int NAME_CHARS_MAX = 200;
  private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /** Parts of a path that means the same everywhere: no part begins with a dot. */
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+=@-]*(/[A-Za-z0-9_][A-Za-z0-9._+=@-]*)*");

  private static final Pattern MEDIA_TYPE =
      Pattern.compile("[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}");

  /**
   * @throws IllegalArgumentException when a part is not as it must be; the message names it
   */
  public ArtifactReference {
    requireId(artifact);
    nameProblem(name).ifPresent(ArtifactReference::refuse);
    mediaTypeProblem(mediaType).ifPresent(ArtifactReference::refuse);
    requireSize(size);
    requireSha256(sha256);
  }

  /** What is wrong with a name, for whoever chose it. */
  public static Optional<String> nameProblem(String name) {
    if (name == null || name.length() > NAME_CHARS_MAX || !NAME.matcher(name).matches()) {
      return Optional.of(
          "an artifact's name has 1 to "
              + NAME_CHARS_MAX
              + " characters out of A-Z a-z 0-9 . _ + = @ - in parts divided by /, and no part"
              + " begins with a dot or another sign than _");
    }
    return Optional.empty();
  }

  public static Optional<String> mediaTypeProblem(String mediaType) {
    return mediaType != null && MEDIA_TYPE.matcher(mediaType).matches()
        ? Optional.empty()
        : Optional.of("a media type looks like text/csv: lower case, without parameters");
  }

  public static boolean isId(String text) {
    return text != null && ID.matcher(text).matches();
  }

  static void requireId(String artifact) {
    require(isId(artifact), "artifact must be 32 hexadecimal digits");
  }

  static void requireSize(long size) {
    require(size >= 0, "size must be 0 or more");
  }

  static void requireSha256(String sha256) {
    require(
        sha256 != null && SHA256.matcher(sha256).matches(),
        "sha256 must be 64 hexadecimal digits in lower case");
  }

  private static void require(boolean holds, String problem) {
    if (!holds) {
      refuse(problem);
    }
  }

  private static void refuse(String problem) {
    throw new IllegalArgumentException(problem);
  }

  /**
   * The reference in a JSON text as an output holds it.
   *
   * @throws IllegalArgumentException when it is none
   */
  public static ArtifactReference parse(String json) {
    try {
      JsonNode node = Wire.TREES.readTree(json);
      return new ArtifactReference(
          node.path("artifact").asText(null),
          node.path("name").asText(null),
          node.path("mediaType").asText(null),
          node.path("size").asLong(-1),
          node.path("sha256").asText(null));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the reference of an artifact is not JSON", e);
    }
  }

  public String toJson() {
    ObjectNode node = Wire.TREES.createObjectNode();
    node.put("artifact", artifact).put("size", size).put("sha256", sha256);
    return node.put("name", name).put("mediaType", mediaType).toString();
  }

  void writeTo(JsonGenerator json) throws IOException {
    json.writeStringField("artifact", artifact);
    json.writeNumberField("size", size);
    json.writeStringField("sha256", sha256);
    json.writeStringField("name", name);
    json.writeStringField("mediaType", mediaType);
  }
}
