package dev.millrace.scheduler.definition;

import dev.millrace.definition.PatternDefinition;
import dev.millrace.definition.PatternReader;
import dev.millrace.definition.PatternSource;
import dev.millrace.scheduler.store.ReadsPatterns;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;

/**
 * The patterns that are in the database; each version, which never changes, is read once. Any
 * thread; asks the database, so it fails with a JdbiException while that is away.
 */
public final class StoredPatterns implements PatternSource {
  private static final int KEPT_MAX = 500;

  private record Key(long pattern, int version) {}

  private final Jdbi jdbi;
  private final Map<Key, PatternDefinition> read =
      Collections.synchronizedMap(
          new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, PatternDefinition> eldest) {
              return size() > KEPT_MAX;
            }
          });

  public StoredPatterns(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  @Override
  public Optional<Found> find(String namespace, String name, Integer version) {
    return jdbi.withHandle(
        handle -> {
          ReadsPatterns.Row row = ReadsPatterns.find(handle, namespace, name).orElse(null);
          if (row == null) {
            return Optional.empty();
          }
          int number = version == null ? row.version() : version;
          Key key = new Key(row.id(), number);
          PatternDefinition known = read.get(key);
          if (known == null) {
            ReadsPatterns.Version stored =
                ReadsPatterns.version(handle, row.id(), number).orElse(null);
            if (stored == null) {
              return Optional.of(new Found(row.version(), null));
            }
            known = read(name, stored);
            read.put(key, known);
          }
          return Optional.of(new Found(number, known));
        });
  }

  private static PatternDefinition read(String name, ReadsPatterns.Version stored) {
    String source = name + "@" + stored.version() + "." + stored.format();
    return switch (new PatternReader().read(stored.text(), source)) {
      case PatternReader.Result.Ok ok -> ok.pattern();
      case PatternReader.Result.Bad bad ->
          throw new IllegalArgumentException(
              "the pattern cannot be used by this version of Millrace: "
                  + bad.problems().getFirst());
    };
  }
}
