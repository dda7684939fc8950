package dev.millrace.settings;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where artifacts are kept, how long, and how much of them. Immutable.
 *
 * @param bytesMax of one artifact
 * @param runBytesMax of all artifacts of a run together
 */
public record ArtifactSettings(Store store, Duration ttl, int bytesMax, long runBytesMax) {
  private static final String KEY = "artifacts.store";
  private static final String DIRECTORY = "dir:";
  private static final Duration TTL_MIN = Duration.ofMinutes(1);
  private static final Duration TTL_MAX = Duration.ofDays(3_650);

  /** One artifact fits into one request of an S3 store, and into a node's patience. */
  private static final int BYTES_LIMIT = 1 << 30;

  /** Where the bytes of complete artifacts go; what is known of them is in Postgres always. */
  public sealed interface Store {}

  public record InPostgres() implements Store {}

  /**
   * @param root the same folder on every node that stores or serves artifacts
   */
  public record InDirectory(Path root) implements Store {}

  /**
   * @param endpoint scheme, host and port
   * @param pathStyle the bucket is in the path, and not in the host's name
   */
  public record InS3(
      URI endpoint,
      String bucket,
      String region,
      String accessKey,
      String secretKey,
      boolean pathStyle)
      implements Store {
    @Override
    public String toString() {
      return "InS3[endpoint=%s, bucket=%s, region=%s, accessKey=%s, secretKey=%s, pathStyle=%s]"
          .formatted(endpoint, bucket, region, accessKey, Masks.secret(secretKey), pathStyle);
    }
  }

  static ArtifactSettings read(Values values) {
    ArtifactSettings settings =
        new ArtifactSettings(
            store(values),
            values.duration("artifacts.ttl", TTL_MIN, TTL_MAX),
            values.integer("artifacts.max-bytes", 1, BYTES_LIMIT),
            values.integer("artifacts.run-max-bytes", 1, Integer.MAX_VALUE));
    values.require(
        settings.bytesMax <= settings.runBytesMax,
        "one artifact may be larger than all of a run together",
        "artifacts.max-bytes",
        "artifacts.run-max-bytes");
    return settings;
  }

  private static Store store(Values values) {
    String text = values.text(KEY);
    Store inS3 = s3(values, text.equals("s3"));
    if (text.equals("s3")) {
      return inS3;
    }
    if (text.startsWith(DIRECTORY)) {
      return directory(values, text.substring(DIRECTORY.length()));
    }
    if (!text.equals("postgres")) {
      values.problem(KEY, "'" + text + "' is none of postgres, dir:/path and s3");
    }
    return new InPostgres();
  }

  private static Store directory(Values values, String path) {
    try {
      if (Path.of(path).isAbsolute()) {
        return new InDirectory(Path.of(path));
      }
      values.problem(KEY, "needs an absolute path, for example dir:/var/lib/millrace/artifacts");
    } catch (InvalidPathException wrong) {
      values.problem(KEY, "is not a path: " + wrong.getReason());
    }
    return new InPostgres();
  }

  private static Store s3(Values values, boolean chosen) {
    String endpoint = values.text("artifacts.s3-endpoint");
    String bucket = values.text("artifacts.s3-bucket");
    String region = values.text("artifacts.s3-region");
    String accessKey = values.text("artifacts.s3-access-key");
    String secretKey = values.secret("artifacts.s3-secret-key");
    String style = values.text("artifacts.s3-path-style");
    if (!style.equals("true") && !style.equals("false")) {
      values.problem("artifacts.s3-path-style", "'" + style + "' is neither true nor false");
    }
    if (!bucket.isEmpty() && !bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
      values.problem("artifacts.s3-bucket", "is not the name of a bucket");
    }
    if (!region.matches("[a-z0-9-]{1,64}")) {
      values.problem("artifacts.s3-region", "is not the name of a region");
    }
    if (!accessKey.matches("[!-~]*")) {
      values.problem("artifacts.s3-access-key", "has characters that no HTTP header may carry");
    }
    URI uri = endpoint(values, endpoint);
    for (String key : new String[] {"endpoint", "bucket", "access-key", "secret-key"}) {
      values.require(
          !chosen || !values.text("artifacts.s3-" + key).isEmpty(),
          "the store s3 needs artifacts.s3-" + key,
          KEY);
    }
    return new InS3(uri, bucket, region, accessKey, secretKey, style.equals("true"));
  }

  private static URI endpoint(Values values, String text) {
    String key = "artifacts.s3-endpoint";
    try {
      URI uri = new URI(text);
      boolean plain =
          uri.getHost() != null
              && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
              && uri.getRawUserInfo() == null
              && uri.getRawQuery() == null
              && (uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"));
      if (!plain && !text.isEmpty()) {
        values.problem(key, "must be http:// or https:// with a host, and nothing after the port");
      }
      return uri;
    } catch (URISyntaxException wrong) {
      values.problem(key, "is not a URL at character " + (wrong.getIndex() + 1));
      return URI.create("");
    }
  }
}
