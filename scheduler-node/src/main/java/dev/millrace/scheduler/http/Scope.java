package dev.millrace.scheduler.http;

/** How the namespace is found in which a caller of a route needs its role. */
enum Scope {
  /** Everybody, also without credentials. */
  PUBLIC,
  /** Whoever has the role in some namespace; the handler shows only what the caller may see. */
  ANYONE,
  /** The role is needed in every namespace. */
  CLUSTER,
  /** {@code ?namespace=}, "default" when left out; {@code *} needs the role in every namespace. */
  QUERY,
  /** {@code {namespace}} of the path. */
  PATH,
  /** The handler finds it in the body and calls {@link Call#require}. */
  BODY,
  /** That of the row that {@code {run}} names. */
  RUN,
  /** That of the run whose artifact {@code {artifact}} is. */
  ARTIFACT,
  /** That of the dead letter {@code {id}}. */
  DEAD_LETTER,
  /** That of the redrive {@code {id}}. */
  REDRIVE,
  /** That of the backfill {@code {id}}. */
  BACKFILL,
  /** That of the operation on many {@code {id}}. */
  BULK,
  /** That of the start {@code {run}} that waits for its time. */
  START;

  /** True when a row has to be read to know. */
  boolean isRow() {
    return compareTo(RUN) >= 0;
  }
}
