package dev.millrace.definition;

import java.util.Optional;

/** Where the patterns are that jobs use. */
@FunctionalInterface
public interface PatternSource {
  /** A place without patterns: what a job that uses one comes to cannot be said there. */
  PatternSource NONE = (namespace, name, version) -> Optional.empty();

  /**
   * A pattern.
   *
   * @param version the version that was asked for, or the newest
   * @param pattern null when there is no such version; then {@code version} is the newest
   */
  record Found(int version, PatternDefinition pattern) {}

  /**
   * Looks in exactly this namespace.
   *
   * @param version null for the newest
   * @throws IllegalArgumentException when it is there and cannot be used, with the reason for
   *     people
   */
  Optional<Found> find(String namespace, String name, Integer version);
}
