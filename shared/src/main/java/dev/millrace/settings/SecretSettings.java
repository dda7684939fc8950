package dev.millrace.settings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The keys that stored secrets are sealed with. Immutable.
 *
 * @param keys the first one seals, the others only open what they have sealed; empty when nothing
 *     can be stored
 */
public record SecretSettings(List<Key> keys) {
  private static final String KEYS = "secrets.keys";
  private static final String FILE = "secrets.keys-file";
  private static final int KEY_BYTES = 32;
  private static final String HOW =
      "write id:key, the key 32 random bytes in base64, for example k1:$(openssl rand -base64 32)";

  public SecretSettings {
    keys = List.copyOf(keys);
  }

  /**
   * A master key.
   *
   * @param id what stored secrets name it by
   */
  public record Key(String id, byte[] bytes) {
    public Key {
      bytes = bytes.clone();
    }

    @Override
    public byte[] bytes() {
      return bytes.clone();
    }

    @Override
    public String toString() {
      return id + ":" + Masks.MASK;
    }
  }

  static SecretSettings read(Values values) {
    String inline = values.secret(KEYS).strip();
    String file = values.text(FILE);
    values.require(
        inline.isEmpty() || file.isEmpty(), "keys are given twice; give one of them", KEYS, FILE);
    Map<String, Key> keys = new LinkedHashMap<>();
    if (!inline.isEmpty()) {
      read(values, KEYS, List.of(inline.split(",", -1)), keys);
    } else if (!file.isEmpty()) {
      read(values, FILE, lines(values, file), keys);
    }
    return new SecretSettings(List.copyOf(keys.values()));
  }

  private static List<String> lines(Values values, String file) {
    try {
      List<String> lines = new ArrayList<>();
      for (String line : Files.readAllLines(Path.of(file), StandardCharsets.UTF_8)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          lines.add(line);
        }
      }
      if (lines.isEmpty()) {
        values.problem(FILE, "there is no key in " + file);
      }
      return lines;
    } catch (IOException | InvalidPathException e) {
      values.problem(FILE, file + " cannot be read: " + e);
      return List.of();
    }
  }

  private static void read(
      Values values, String setting, List<String> texts, Map<String, Key> into) {
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i).strip();
      int colon = text.indexOf(':');
      String id = colon < 0 ? "" : text.substring(0, colon).strip();
      // What was written may be the key itself: it is not repeated.
      if (!id.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")) {
        values.problem(setting, "key number " + (i + 1) + " has no id; " + HOW);
        continue;
      }
      byte[] bytes = bytes(text.substring(colon + 1).strip());
      if (bytes.length != KEY_BYTES) {
        values.problem(setting, "key " + id + " is not 32 bytes in base64; " + HOW);
      } else if (into.put(id, new Key(id, bytes)) != null) {
        values.problem(setting, "key " + id + " is given twice");
      }
    }
  }

  private static byte[] bytes(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }
}
