package dev.millrace.definition;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Resolves {@code H}, which spreads the load of many jobs that all say "once an hour" or "at night"
 * as in Jenkins: a value that looks random and is always the same for one job. Stateless, any
 * thread.
 *
 * <p>The value comes from the namespace and id of the job and the name of the field, so that it is
 * the same on every node, in every version of Millrace and after every change of the job. {@code H}
 * is one value of the field (of days the first 28, which every month has), {@code H(a-b)} one from
 * a to b, {@code H/n} every n-th from a first one below n, and {@code H(a-b)/n} the same from a to
 * b.
 */
final class CronHash {
  private static final Pattern PART = Pattern.compile("H(?:\\((\\d+)-(\\d+)\\))?(?:/(\\d+))?");

  /** What a field may be, and what {@code H} alone takes of it. */
  private record Range(int min, int max, int maxAlone) {}

  private CronHash() {}

  /** True when a field in upper case has an {@code H} of its own, not one in a name such as THU. */
  static boolean isIn(String field) {
    for (String part : field.split(",", -1)) {
      if (part.startsWith("H")) {
        return true;
      }
    }
    return false;
  }

  /**
   * A field without {@code H}.
   *
   * @param field in upper case
   * @param name of the field
   * @param seed namespace and id of the job
   * @param quartz true when weekdays are 1..7
   * @throws IllegalArgumentException when it is not possible
   */
  static String resolve(String field, String name, String seed, boolean quartz) {
    if (!isIn(field)) {
      return field;
    }
    Range range = range(field, name, quartz);
    String[] parts = field.split(",", -1);
    for (int i = 0; i < parts.length; i++) {
      if (parts[i].startsWith("H")) {
        parts[i] = resolve(parts[i], name, range, hash(seed + " " + name));
      }
    }
    return String.join(",", parts);
  }

  private static String resolve(String part, String name, Range range, long hash) {
    Matcher matcher = PART.matcher(part);
    if (!matcher.matches()) {
      throw wrong(name, part, "write H, H(a-b), H/n or H(a-b)/n");
    }
    boolean bounded = matcher.group(1) != null;
    int from = bounded ? number(matcher.group(1)) : range.min;
    int to = bounded ? number(matcher.group(2)) : range.maxAlone;
    if (from < range.min || to > range.max || from > to) {
      throw wrong(name, part, "its values are " + range.min + ".." + range.max);
    }
    if (matcher.group(3) == null) {
      return Long.toString(from + Long.remainderUnsigned(hash, to - from + 1L));
    }
    int step = number(matcher.group(3));
    if (step < 1 || step > to - from + 1) {
      throw wrong(name, part, "the step is 1.." + (to - from + 1));
    }
    return from + Long.remainderUnsigned(hash, step) + "-" + to + "/" + step;
  }

  private static int number(String digits) {
    return digits.length() > 4 ? Integer.MAX_VALUE : Integer.parseInt(digits);
  }

  private static Range range(String field, String name, boolean quartz) {
    return switch (name) {
      case "second", "minute" -> new Range(0, 59, 59);
      case "hour" -> new Range(0, 23, 23);
      case "day-of-month" -> new Range(1, 31, 28);
      case "month" -> new Range(1, 12, 12);
      case "day-of-week" -> quartz ? new Range(1, 7, 7) : new Range(0, 6, 6);
      default -> throw wrong(name, field, "a year cannot be spread; write it out");
    };
  }

  private static IllegalArgumentException wrong(String name, String part, String why) {
    return new IllegalArgumentException(
        String.format(Locale.ROOT, "field %s: '%s' is not possible; %s", name, part, why));
  }

  /** FNV-1a with the last mixing of MurmurHash3; part of the language, never to be changed. */
  static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  static long mix(long value) {
    long hash = value;
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  /** All fields without {@code H}. */
  static String[] resolve(String[] fields, List<String> names, String seed) {
    String[] resolved = new String[fields.length];
    for (int i = 0; i < fields.length; i++) {
      resolved[i] = resolve(fields[i], names.get(i), seed, fields.length == 7);
    }
    return resolved;
  }
}
