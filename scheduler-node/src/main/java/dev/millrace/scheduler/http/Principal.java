package dev.millrace.scheduler.http;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who calls. Immutable.
 *
 * @param name unique within its kind
 * @param roles by namespace; {@code *} is every namespace
 * @param credential what may be revoked while a stream goes on: {@code token:ID} or {@code
 *     session:ID}; null for what cannot be
 * @param expiresAt null for never
 */
record Principal(
    String name, Kind kind, Map<String, Role> roles, String credential, Instant expiresAt) {
  static final String EVERYWHERE = "*";

  /** How somebody proved who they are. */
  enum Kind {
    /** Not at all. */
    NOBODY,
    /** By being on this machine, where the whole is a person's own. */
    LOCAL,
    TOKEN,
    OIDC
  }

  static final Principal NOBODY = new Principal("nobody", Kind.NOBODY, Map.of(), null, null);
  static final Principal LOCAL =
      new Principal("local", Kind.LOCAL, Map.of(EVERYWHERE, Role.ADMIN), null, null);

  Principal {
    roles = Map.copyOf(roles);
  }

  /**
   * @param namespace or {@code *}: then in every one
   */
  boolean may(Role role, String namespace) {
    return has(role, EVERYWHERE) || has(role, namespace);
  }

  private boolean has(Role role, String namespace) {
    Role own = roles.get(namespace);
    return own != null && own.compareTo(role) >= 0;
  }

  boolean mayEverywhere(Role role) {
    return has(role, EVERYWHERE);
  }

  boolean maySomewhere(Role role) {
    return roles.values().stream().anyMatch(own -> own.compareTo(role) >= 0);
  }

  boolean sees(String namespace) {
    return may(Role.VIEWER, namespace);
  }

  /** In alphabetical order, with {@code *} when it is every one. */
  Set<String> namespaces(Role role) {
    Set<String> found = new TreeSet<>(roles.keySet());
    found.removeIf(namespace -> !has(role, namespace));
    return found;
  }

  /**
   * The name for histories.
   *
   * @param ip where the call comes from
   */
  String actor(String ip) {
    return switch (kind) {
      case NOBODY, LOCAL -> "api:" + ip;
      case TOKEN -> "token:" + name;
      case OIDC -> "oidc:" + name;
    };
  }

  boolean expired(Instant now) {
    return expiresAt != null && !now.isBefore(expiresAt);
  }
}
