package dev.millrace.scheduler.http;

import java.util.Locale;
import java.util.Optional;

/** What somebody may do in a namespace; each role may do all that those before it may. */
enum Role {
  /** Reads. */
  VIEWER,
  /** Starts, pauses, stops, retries, acts on stages, redrives. */
  OPERATOR,
  /** Writes definitions, patterns, sets and locks; archives and rolls back. */
  EDITOR,
  /** Tokens, quotas, shares, rates, secrets, the audit log. */
  ADMIN;

  /** As people write it. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<Role> of(String word) {
    for (Role role : values()) {
      if (role.word().equals(word)) {
        return Optional.of(role);
      }
    }
    return Optional.empty();
  }
}
