package dev.millrace.scheduler.http;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsAccess;
import java.util.Optional;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/**
 * The one place where it is decided, before a handler is called, whether its caller may call it.
 * The namespace of a row is the one that the row has, never one that the caller names; a row that
 * the caller may not see is answered as one that does not exist. Any thread.
 */
final class Gate {
  private final Jdbi jdbi;

  Gate(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  /** Returns when the handler may be called; a problem is thrown otherwise. */
  void pass(Route route, Call call) {
    Route.Needs needs = route.needs();
    Principal principal = call.principal();
    if (needs.scope() == Scope.PUBLIC) {
      return;
    }
    if (principal.kind() == Principal.Kind.NOBODY) {
      throw Access.unauthorized(call.http(), "this route needs credentials");
    }
    if (needs.scope().isRow()) {
      row(needs, call);
      return;
    }
    switch (needs.scope()) {
      case ANYONE -> {
        if (!principal.maySomewhere(needs.role())) {
          throw lacks(principal, needs.role(), "any namespace");
        }
      }
      case CLUSTER -> call.require(Principal.EVERYWHERE, needs.role());
      case QUERY -> call.require(call.namespace(), needs.role());
      case PATH -> call.require(call.path("namespace"), needs.role());
      default -> { // the handler reads the body and calls require
        if (!principal.maySomewhere(needs.role())) {
          throw lacks(principal, needs.role(), "any namespace");
        }
      }
    }
  }

  private void row(Route.Needs needs, Call call) {
    Principal principal = call.principal();
    boolean changes = !Access.isRead(call.http());
    if (!changes && principal.mayEverywhere(needs.role())) {
      return; // the row is read by the handler only
    }
    Found found = find(needs.scope(), call);
    if (found.namespace.isPresent() && principal.sees(found.namespace.get())) {
      call.require(found.namespace.get(), needs.role());
    } else if (!principal.mayEverywhere(needs.role())) {
      throw found.missing.get();
    } // else the handler says what is known of what is not there
  }

  private record Found(Optional<String> namespace, Supplier<Problem.Refused> missing) {}

  private Found find(Scope scope, Call call) {
    return jdbi.withHandle(
        handle ->
            switch (scope) {
              case RUN -> {
                RunId run = call.run();
                yield new Found(ReadsAccess.ofRun(handle, run.value()), () -> RunsApi.unknown(run));
              }
              case START -> {
                RunId run = call.run();
                yield new Found(
                    ReadsAccess.ofStart(handle, run.value()), () -> RunsApi.unknown(run));
              }
              case ARTIFACT -> {
                String id = ArtifactsApi.id(call);
                yield new Found(
                    ReadsAccess.ofArtifact(handle, id), () -> ArtifactsApi.noArtifact(id));
              }
              case DEAD_LETTER -> {
                RunId id = DeadFilters.id(call.http().pathParam("id"));
                yield new Found(
                    ReadsAccess.ofDeadLetter(handle, id.value()), () -> DeadLettersApi.unknown(id));
              }
              case REDRIVE -> {
                RunId id = DeadFilters.id(call.http().pathParam("id"));
                yield new Found(
                    ReadsAccess.ofRedrive(handle, id.value()),
                    () -> DeadLettersApi.unknownRedrive(id));
              }
              case BULK -> {
                RunId id = OperationsApi.id(call);
                yield new Found(
                    ReadsAccess.ofBulk(handle, id.value()), () -> OperationsApi.unknown(id));
              }
              case BACKFILL -> {
                RunId id = BackfillsApi.id(call);
                yield new Found(
                    ReadsAccess.ofBackfill(handle, id.value()), () -> BackfillsApi.unknown(id));
              }
              default -> throw new IllegalStateException(scope + " has no row");
            });
  }

  /** Says what is missing and, as far as the caller may know, where it has it. */
  static Problem.Refused lacks(Principal principal, Role role, String where) {
    var there = principal.namespaces(role);
    return Problem.forbidden(
        "'" + principal.name() + "' is not " + role.word() + " in " + where,
        there.isEmpty()
            ? "Ask an admin for the role " + role.word() + "."
            : "Ask an admin for the role, or name a namespace where you have it: "
                + String.join(", ", there)
                + ".");
  }
}
