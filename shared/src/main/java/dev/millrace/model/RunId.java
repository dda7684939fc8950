package dev.millrace.model;

/**
 * A run's 64-bit, time-ordered id (TSID), shown as 13 Crockford base-32 characters. The API never
 * sends it as a JSON number, because JavaScript cannot hold 64 bits. Immutable.
 *
 * @param value the id as stored in Postgres; its upper 42 bits are milliseconds since 2020-01-01
 */
public record RunId(long value) implements Comparable<RunId> {
  private static final char[] ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();
  private static final int LENGTH = 13;
  private static final byte[] DIGITS = digits();

  /**
   * Reads the 13-character form; lower case and the look-alikes I, L and O are understood, as
   * Crockford says.
   *
   * @throws IllegalArgumentException when it is not a run id; the message names the value
   */
  public static RunId parse(String text) {
    if (text == null || text.length() != LENGTH) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a run id: it has 13 characters, like 0HZXW3V5K2Q8T");
    }
    long value = 0;
    for (int i = 0; i < LENGTH; i++) {
      char c = text.charAt(i);
      byte digit = c < DIGITS.length ? DIGITS[c] : -1;
      if (digit < 0 || (i == 0 && digit > 15)) {
        throw new IllegalArgumentException(
            "'"
                + text
                + "' is not a run id: character "
                + (i + 1)
                + " ('"
                + c
                + "') is not possible there");
      }
      value = value << 5 | digit;
    }
    return new RunId(value);
  }

  /**
   * The first id that can be made at or after this instant: the lower bound of a day's partition.
   */
  public static long firstAt(long epochMillis) {
    return (epochMillis - EPOCH_MILLIS) << 22;
  }

  /** 2020-01-01T00:00:00Z, the epoch of the TSID library. */
  public static final long EPOCH_MILLIS = 1_577_836_800_000L;

  @Override
  public int compareTo(RunId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    char[] out = new char[LENGTH];
    long rest = value;
    for (int i = LENGTH - 1; i >= 0; i--) {
      out[i] = ALPHABET[(int) (rest & 31)];
      rest >>>= 5;
    }
    return new String(out);
  }

  private static byte[] digits() {
    byte[] digits = new byte[128];
    java.util.Arrays.fill(digits, (byte) -1);
    for (byte i = 0; i < ALPHABET.length; i++) {
      digits[ALPHABET[i]] = i;
      digits[Character.toLowerCase(ALPHABET[i])] = i;
    }
    digits['O'] = digits['o'] = 0;
    digits['I'] = digits['i'] = digits['L'] = digits['l'] = 1;
    return digits;
  }
}
