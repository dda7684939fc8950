package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.Tokens;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;

/**
 * Knows tokens. What it read of one is believed for two seconds, so that a revocation is felt
 * everywhere soon, and nobody waits for the database with every request. Any thread.
 */
final class TokenBook {
  private static final long BELIEVED_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long USE_WRITTEN_NANOS = Duration.ofSeconds(60).toNanos();
  private static final int KNOWN_MAX = 10_000;
  private static final byte[] NO_HASH = new byte[32];

  private record Known(Optional<Tokens.Row> row, long readNanos) {}

  private final Jdbi jdbi;
  private final Map<Long, Known> known = new ConcurrentHashMap<>();
  private final Map<Long, Long> written = new ConcurrentHashMap<>();
  private final Map<Long, Boolean> used = new ConcurrentHashMap<>();

  TokenBook(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  /** What became of a token that was shown. */
  sealed interface Shown {
    record Good(Principal principal) implements Shown {}

    /** {@code guess}: its holder does not have the secret of any token. */
    record Bad(String why, boolean guess) implements Shown {}
  }

  Shown show(String text) {
    TokenText token = TokenText.parse(text).orElse(null);
    if (token == null) {
      return new Shown.Bad("this is not a token of this Millrace", true);
    }
    Tokens.Row row = find(token.id()).orElse(null);
    byte[] wanted = row == null ? NO_HASH : row.hash();
    if (!MessageDigest.isEqual(TokenText.hash(token.secret()), wanted) || row == null) {
      return new Shown.Bad("this is not a token of this Millrace", true);
    }
    if (row.ended()) {
      return new Shown.Bad(
          row.revokedAt() != null
              ? "the token '" + row.name() + "' was revoked at " + row.revokedAt()
              : "the token '" + row.name() + "' expired at " + row.expiresAt(),
          false);
    }
    remember(row.id());
    return new Shown.Good(principal(row));
  }

  static Principal principal(Tokens.Row row) {
    return new Principal(
        row.name(),
        Principal.Kind.TOKEN,
        Roles.kept(row.roles()),
        "token:" + row.id(),
        row.expiresAt());
  }

  /** As it was at most two seconds ago. */
  Optional<Tokens.Row> find(long id) {
    long now = System.nanoTime();
    Known one = known.get(id);
    if (one == null || now - one.readNanos() > BELIEVED_NANOS) {
      if (known.size() >= KNOWN_MAX) {
        known.clear();
      }
      one = new Known(jdbi.withHandle(handle -> Tokens.find(handle, id)), now);
      known.put(id, one);
    }
    return one.row();
  }

  /** On this node at once. */
  void forget(long id) {
    known.remove(id);
  }

  private void remember(long id) {
    long now = System.nanoTime();
    Long last = written.get(id);
    if (last == null || now - last > USE_WRITTEN_NANOS) {
      used.put(id, true);
    }
  }

  /** Writes which tokens were used; each at most once a minute. */
  void writeUses() {
    List<Long> ids = new ArrayList<>(used.keySet());
    if (ids.isEmpty()) {
      return;
    }
    jdbi.useHandle(handle -> Tokens.used(handle, ids));
    if (written.size() >= KNOWN_MAX) {
      written.clear();
    }
    ids.forEach(
        id -> {
          written.put(id, System.nanoTime());
          used.remove(id);
        });
  }
}
