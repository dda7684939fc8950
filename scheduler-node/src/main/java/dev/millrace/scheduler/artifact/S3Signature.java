package dev.millrace.scheduler.artifact;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * AWS Signature Version 4 for S3, of requests without a query. Immutable; any thread.
 *
 * @param secretKey never shown
 */
record S3Signature(String region, String accessKey, String secretKey) {
  /** SHA-256 of no bytes. */
  static final String NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  private static final String ALGORITHM = "AWS4-HMAC-SHA256";
  private static final DateTimeFormatter INSTANT =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /**
   * The headers that a request must have beside its own.
   *
   * @param uri whose path needs no further encoding
   * @param headers those of the request that are signed too, names in lower case
   * @param bodySha256 in hexadecimal digits; the store compares it with what it gets
   */
  Map<String, String> headers(
      String method, URI uri, Map<String, String> headers, String bodySha256, Instant at) {
    String instant = INSTANT.format(at);
    SortedMap<String, String> signed = new TreeMap<>(headers);
    signed.put("host", host(uri));
    signed.put("x-amz-content-sha256", bodySha256);
    signed.put("x-amz-date", instant);
    String names = String.join(";", signed.keySet());
    String canonical =
        String.join(
            "\n",
            method,
            uri.getRawPath(),
            "",
            signed.entrySet().stream()
                .map(header -> header.getKey() + ":" + header.getValue().strip() + "\n")
                .collect(Collectors.joining()),
            names,
            bodySha256);
    String scope = instant.substring(0, 8) + "/" + region + "/s3/aws4_request";
    String toSign = String.join("\n", ALGORITHM, instant, scope, hex(sha256(canonical)));
    String signature = hex(hmac(key(instant.substring(0, 8)), toSign));
    return Map.of(
        "x-amz-content-sha256",
        bodySha256,
        "x-amz-date",
        instant,
        "Authorization",
        ALGORITHM
            + (" Credential=" + accessKey + "/" + scope)
            + (",SignedHeaders=" + names)
            + (",Signature=" + signature));
  }

  /** As the client sends it: the usual port is left out, though the URI names it. */
  private static String host(URI uri) {
    int usual = uri.getScheme().equals("https") ? 443 : 80;
    return uri.getPort() == -1 || uri.getPort() == usual
        ? uri.getHost()
        : uri.getHost() + ":" + uri.getPort();
  }

  private byte[] key(String day) {
    byte[] ofDay = hmac(("AWS4" + secretKey).getBytes(StandardCharsets.UTF_8), day);
    return hmac(hmac(hmac(ofDay, region), "s3"), "aws4_request");
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static byte[] sha256(String text) {
    return Sha256.digest().digest(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public String toString() {
    return "S3Signature[region=" + region + ", accessKey=" + accessKey + ", secretKey=***]";
  }
}
