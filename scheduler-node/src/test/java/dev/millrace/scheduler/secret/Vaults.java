package dev.millrace.scheduler.secret;

import dev.millrace.settings.SecretSettings;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;

/** Vaults with keys of tests. Stateless. */
public final class Vaults {
  private Vaults() {}

  public static SecretVault of(Jdbi jdbi) {
    return of(jdbi, "test");
  }

  /** With these keys, each of a value of its own. */
  static SecretVault of(Jdbi jdbi, String... ids) {
    return new SecretVault(jdbi, keys(ids));
  }

  static MasterKeys keys(String... ids) {
    return new MasterKeys(
        new SecretSettings(Stream.of(ids).map(id -> key(id, id.hashCode())).toList()));
  }

  static MasterKeys keys(List<SecretSettings.Key> keys) {
    return new MasterKeys(new SecretSettings(keys));
  }

  static SecretSettings.Key key(String id, int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return new SecretSettings.Key(id, bytes);
  }
}
