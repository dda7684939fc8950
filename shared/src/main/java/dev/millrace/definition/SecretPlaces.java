package dev.millrace.definition;

import dev.millrace.expression.References;
import dev.millrace.expression.References.Kind;
import dev.millrace.expression.References.Reference;
import dev.millrace.model.StageDefinition;
import java.util.List;
import java.util.Set;

/** Checks where a stage refers to secrets, and how. Stateless. */
final class SecretPlaces {
  /** What a program is given here, everybody on the machine can read, or it is a shell's own. */
  private static final Set<String> OPEN_PLACES = Set.of("argv", "shell", "dir");

  private SecretPlaces() {}

  static void check(Fields with, String handler) {
    for (Doc.Entry entry : with.map().entries()) {
      boolean open = handler.equals("command") && OPEN_PLACES.contains(entry.key());
      check(with, entry.value(), entry.key(), handler, open);
    }
  }

  private static void check(Fields with, Doc doc, String place, String handler, boolean open) {
    switch (doc) {
      case Doc.Mapping map -> {
        for (Doc.Entry entry : map.entries()) {
          if (!References.within(entry.key()).isEmpty()) {
            with.problem(entry.value(), place, "a name cannot hold a secret, only a value can");
          }
          check(with, entry.value(), DocParser.child(place, entry.key()), handler, open);
        }
      }
      case Doc.Sequence list -> {
        for (int i = 0; i < list.items().size(); i++) {
          check(with, list.items().get(i), place + "[" + i + "]", handler, open);
        }
      }
      case Doc.Scalar scalar -> text(with, scalar, place, handler, open);
    }
  }

  private static void text(
      Fields with, Doc.Scalar scalar, String place, String handler, boolean open) {
    List<Reference> all = References.within(scalar.text());
    if (open) {
      all.stream()
          .filter(one -> one.kind() == Kind.SECRET)
          .findFirst()
          .ifPresent(one -> with.problem(scalar, place, inTheOpen(one)));
      return;
    }
    if (!all.isEmpty() && isLed(handler)) {
      with.problem(
          scalar,
          place,
          "holds "
              + all.getFirst()
              + "; secrets are put in by the worker that executes a stage, and this one is executed"
              + " by the scheduler");
      return;
    }
    if (all.size() > References.of(scalar.text()).size()) {
      with.problem(
          scalar,
          place,
          "a secret cannot stand in an expression; write it beside: ${{ a }}${secret:b}");
    }
    for (Reference reference : all) {
      String problem = References.problem(reference);
      if (problem != null) {
        with.problem(scalar, place, problem);
      }
    }
  }

  private static String inTheOpen(Reference reference) {
    return "would show "
        + reference
        + " to everybody who sees the processes of the machine; write env: {NAME: "
        + reference
        + "} and let the command read $NAME";
  }

  private static boolean isLed(String handler) {
    return handler.equals(StageDefinition.WAIT_FILE) || LedReader.isLed(handler);
  }
}
