package dev.millrace.scheduler.artifact;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A small object store over real HTTP. It checks each signature from what it received, written
 * after AWS's description and sharing no line with what is tested.
 */
final class SigningServer implements AutoCloseable {
  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          "AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/([^/]+)/s3/aws4_request, ?"
              + "SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

  private final HttpServer http;
  private final String region;
  private final String accessKey;
  private final String secretKey;
  private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
  private final List<String> refused = new CopyOnWriteArrayList<>();

  SigningServer(String region, String accessKey, String secretKey) throws IOException {
    this.region = region;
    this.accessKey = accessKey;
    this.secretKey = secretKey;
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/", this::serve);
    http.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  Map<String, byte[]> objects() {
    return objects;
  }

  List<String> refused() {
    return refused;
  }

  private void serve(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String problem;
    try {
      problem = problem(exchange, body);
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
    if (problem != null) {
      refused.add(problem);
      answer(exchange, 403, ("<Error>" + problem + "</Error>").getBytes(StandardCharsets.UTF_8));
      return;
    }
    String path = exchange.getRequestURI().getRawPath();
    switch (exchange.getRequestMethod()) {
      case "PUT" -> {
        boolean lengthTold = exchange.getRequestHeaders().getFirst("Content-Length") != null;
        if (lengthTold || body.length == 0) {
          objects.put(path, body);
        }
        answer(exchange, lengthTold || body.length == 0 ? 200 : 411, new byte[0]);
      }
      case "GET" -> get(exchange, objects.get(path));
      case "DELETE" -> {
        objects.remove(path);
        answer(exchange, 204, new byte[0]);
      }
      default -> answer(exchange, 405, new byte[0]);
    }
  }

  private static void get(HttpExchange exchange, byte[] object) throws IOException {
    if (object == null) {
      answer(exchange, 404, new byte[0]);
      return;
    }
    String asked = exchange.getRequestHeaders().getFirst("Range");
    if (asked == null) {
      answer(exchange, 200, object);
      return;
    }
    Matcher range = RANGE.matcher(asked);
    range.matches();
    int from = Integer.parseInt(range.group(1));
    int to = Math.min(object.length, Integer.parseInt(range.group(2)) + 1);
    answer(exchange, 206, java.util.Arrays.copyOfRange(object, from, to));
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private String problem(HttpExchange exchange, byte[] body) throws GeneralSecurityException {
    var headers = exchange.getRequestHeaders();
    String shown = headers.getFirst("Authorization");
    Matcher parts = AUTHORIZATION.matcher(shown == null ? "" : shown);
    if (!parts.matches()) {
      return "no authorization: " + shown;
    }
    if (!parts.group(1).equals(accessKey) || !parts.group(3).equals(region)) {
      return "another key or region";
    }
    String bodyHash = hex(MessageDigest.getInstance("SHA-256").digest(body));
    if (!bodyHash.equals(headers.getFirst("x-amz-content-sha256"))) {
      return "the body has another hash";
    }
    List<String> names = List.of(parts.group(4).split(";"));
    if (!names.containsAll(List.of("host", "x-amz-content-sha256", "x-amz-date"))) {
      return "a header is not signed";
    }
    StringBuilder canonical = new StringBuilder();
    canonical.append(exchange.getRequestMethod()).append('\n');
    canonical.append(exchange.getRequestURI().getRawPath()).append("\n\n");
    for (String name : names) {
      canonical.append(name).append(':').append(headers.getFirst(name)).append('\n');
    }
    canonical.append('\n').append(parts.group(4)).append('\n').append(bodyHash);
    String scope = parts.group(2) + "/" + region + "/s3/aws4_request";
    String hashed =
        hex(
            MessageDigest.getInstance("SHA-256")
                .digest(canonical.toString().getBytes(StandardCharsets.UTF_8)));
    String text =
        "AWS4-HMAC-SHA256\n" + headers.getFirst("x-amz-date") + "\n" + scope + "\n" + hashed;
    byte[] key = ("AWS4" + secretKey).getBytes(StandardCharsets.UTF_8);
    for (String part : List.of(parts.group(2), region, "s3", "aws4_request")) {
      key = hmac(key, part);
    }
    return hex(hmac(key, text)).equals(parts.group(5)) ? null : "the signature does not match";
  }

  private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
