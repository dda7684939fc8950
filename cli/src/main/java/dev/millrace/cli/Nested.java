package dev.millrace.cli;

import java.util.List;

/** A group of commands of which some are classes of their own. Main thread. */
interface Nested {
  /** Objects that picocli takes for commands, each with its name in its annotation. */
  List<Object> nested();
}
