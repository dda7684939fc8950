package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.Sessions;
import dev.millrace.scheduler.store.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Jdbi;

/**
 * Knows who has logged in. A session ends half an hour after its last request, twelve hours after
 * the login, with the token that it was made of, and when it is ended. Any thread.
 */
final class SessionBook {
  static final Duration IDLE_MAX = Duration.ofMinutes(30);
  static final Duration MOST = Duration.ofHours(12);
  private static final long BELIEVED_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long SEEN_WRITTEN_NANOS = Duration.ofSeconds(60).toNanos();
  private static final int KNOWN_MAX = 10_000;

  private record Known(Optional<Sessions.Row> row, long readNanos) {}

  private final Jdbi jdbi;
  private final TokenBook tokens;
  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final Map<String, Long> written = new ConcurrentHashMap<>();
  private final Map<String, Boolean> seen = new ConcurrentHashMap<>();

  SessionBook(Jdbi jdbi, TokenBook tokens) {
    this.jdbi = jdbi;
    this.tokens = tokens;
  }

  /**
   * Begins one.
   *
   * @return the cookie's value
   */
  String begin(Principal principal, String ip) {
    String value = TokenText.newSecret();
    boolean ofToken = principal.credential() != null; // that of the settings has no row
    Long token = ofToken ? Long.valueOf(principal.credential().substring("token:".length())) : null;
    Sessions.Row row =
        new Sessions.Row(
            principal.name(),
            principal.kind().name().toLowerCase(Locale.ROOT),
            token,
            ofToken ? null : Json.write(Roles.json(principal.roles())),
            null);
    jdbi.useHandle(
        handle ->
            Sessions.put(handle, TokenText.hash(value), row, ip, MOST, principal.expiresAt()));
    return value;
  }

  /** Who has this cookie; empty when its session has ended. */
  Optional<Principal> of(String cookie) {
    String key = HexFormat.of().formatHex(TokenText.hash(cookie));
    Optional<Principal> principal = ofHash(key);
    if (principal.isPresent()) {
      Long last = written.get(key);
      if (last == null || System.nanoTime() - last > SEEN_WRITTEN_NANOS) {
        seen.put(key, true);
      }
    }
    return principal;
  }

  /**
   * As it was at most two seconds ago.
   *
   * @param key the hash of the cookie, in hexadecimal
   */
  Optional<Principal> ofHash(String key) {
    long now = System.nanoTime();
    Known one = known.get(key);
    if (one == null || now - one.readNanos() > BELIEVED_NANOS) {
      if (known.size() >= KNOWN_MAX) {
        known.clear();
      }
      byte[] hash = HexFormat.of().parseHex(key);
      one = new Known(jdbi.withHandle(handle -> Sessions.find(handle, hash, IDLE_MAX)), now);
      known.put(key, one);
    }
    return one.row().flatMap(row -> principal(row, key));
  }

  private Optional<Principal> principal(Sessions.Row row, String key) {
    Map<String, Role> roles;
    Principal.Kind kind;
    if (row.token() == null) {
      roles = Roles.kept(row.roles());
      kind = row.kind().equals("oidc") ? Principal.Kind.OIDC : Principal.Kind.TOKEN;
    } else {
      Tokens.Row token = tokens.find(row.token()).orElse(null);
      if (token == null || token.ended()) {
        return Optional.empty();
      }
      roles = Roles.kept(token.roles());
      kind = Principal.Kind.TOKEN;
    }
    Instant end = row.endsAt();
    return Optional.of(new Principal(row.name(), kind, roles, "session:" + key, end));
  }

  /** On every node; on this one at once. */
  void end(String cookie) {
    byte[] hash = TokenText.hash(cookie);
    jdbi.useHandle(handle -> Sessions.end(handle, hash));
    known.remove(HexFormat.of().formatHex(hash));
  }

  /** Writes which sessions were used; each at most once a minute. */
  void writeSeen() {
    List<String> keys = List.copyOf(seen.keySet());
    if (keys.isEmpty()) {
      return;
    }
    jdbi.useHandle(
        handle -> {
          Sessions.seen(handle, keys.stream().map(HexFormat.of()::parseHex).toList());
          Sessions.forget(handle);
        });
    if (written.size() >= KNOWN_MAX) {
      written.clear();
    }
    keys.forEach(
        key -> {
          written.put(key, System.nanoTime());
          seen.remove(key);
        });
  }
}
