package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.command.Expectation;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * Names for what something says at a moment, so that nobody is sent what he has, and nobody
 * overwrites what he has not read. That of something with versions begins with its version, by
 * which changes are judged; what follows is of all that the answer says. Stateless; any thread.
 */
final class ETags {
  static final String[] OF_READS = {"If-None-Match"};
  static final String[] OF_CHANGES = {"If-Match", "If-None-Match"};
  private static final int HASH_CHARS = 12;

  private ETags() {}

  static String hash(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(hash).substring(0, HASH_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Says what a version is called. */
  static String of(long id, int version, JsonNode body) {
    return "\"" + Expectation.version(id, version) + "." + hash(Json.write(body)) + "\"";
  }

  /** Answers with what was read; without its body where the caller has it. */
  static void answer(Call call, String tag, JsonNode body) {
    call.http().header("ETag", tag).header("Cache-Control", "no-cache");
    String has = call.http().header("If-None-Match");
    if (has != null && names(has, tag)) {
      call.http().status(304);
      return;
    }
    call.answer(200, body);
  }

  /** The same for what has no version. */
  static void answer(Call call, JsonNode body) {
    answer(call, "\"" + hash(Json.write(body)) + "\"", body);
  }

  private static boolean names(String list, String tag) {
    for (String each : list.split(",")) {
      String plain = each.strip().replaceFirst("^W/", "");
      if (plain.equals("*") || plain.equals(tag)) {
        return true;
      }
    }
    return false;
  }

  /** Puts what the caller expects into a command, whose leader judges it. */
  static void expect(Call call, ObjectNode body) {
    put(body, Expectation.MATCH, call.http().header("If-Match"));
    put(body, Expectation.NONE_MATCH, call.http().header("If-None-Match"));
  }

  private static void put(ObjectNode body, String key, String header) {
    if (header != null) {
      body.put(key, header);
    }
  }
}
