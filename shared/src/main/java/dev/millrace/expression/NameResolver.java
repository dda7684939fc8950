package dev.millrace.expression;

import com.google.common.collect.ImmutableList;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelComprehension;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Finds what a parsed expression reads and puts one typed identifier in the place of each such
 * chain, whichever way it is written: {@code stages.a.output} and {@code stages["a"].output} become
 * the same. Refuses names that do not exist. Used for one expression.
 */
final class NameResolver {
  /** With {@link Language#ITERATIONS_MAX} this bounds the time of all loops, to about a second. */
  static final int LOOP_NODES_MAX = 300;

  private static final Set<String> TYPES =
      Set.of(
          "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint");

  private static final Set<String> NAMESPACES = Set.of("math", "lists", "strings");
  private static final String SORT_BY = "@sortByAssociatedKeys";
  private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final Scope scope;
  private final Positions positions;
  private final Map<String, Name> names = new LinkedHashMap<>();

  /** Variables of the loops around the place that is being looked at. */
  private final List<String> locals = new ArrayList<>();

  private int loopNodes;

  /** For what is added; the parser's own are small. */
  private long nextId = 1L << 32;

  NameResolver(Scope scope, Positions positions) {
    this.scope = scope;
    this.positions = positions;
  }

  /** What {@link #resolve} has found, by the identifier that now stands for it. */
  Map<String, Name> names() {
    return names;
  }

  CelExpr resolve(CelExpr expr) {
    if (!locals.isEmpty() && ++loopNodes > LOOP_NODES_MAX) {
      throw positions.problem(expr, "the loops are too long; move work out of map, filter or all");
    }
    Name name = nameOf(expr);
    if (name != null) {
      names.put(name.identifier(), name);
      return CelExpr.ofIdent(expr.id(), name.identifier());
    }
    return switch (expr.getKind()) {
      case IDENT -> ident(expr);
      case SELECT -> select(expr);
      case CALL -> call(expr);
      case LIST ->
          CelExpr.ofList(expr.id(), all(expr.list().elements()), expr.list().optionalIndices());
      case MAP -> map(expr);
      case COMPREHENSION -> comprehension(expr);
      case STRUCT ->
          throw positions.problem(expr, "there are no messages; a map is {\"name\": value}");
      case CONSTANT, NOT_SET -> expr;
    };
  }

  private ImmutableList<CelExpr> all(Collection<CelExpr> exprs) {
    return exprs.stream().map(this::resolve).collect(ImmutableList.toImmutableList());
  }

  /** One step of a chain: {@code operand.key} or {@code operand["key"]}. */
  private record Step(CelExpr operand, String key) {}

  private static Step step(CelExpr expr) {
    if (expr.getKind() == CelExpr.ExprKind.Kind.SELECT && !expr.select().testOnly()) {
      return new Step(expr.select().operand(), expr.select().field());
    }
    if (expr.getKind() == CelExpr.ExprKind.Kind.CALL && expr.call().function().equals("_[_]")) {
      CelExpr key = expr.call().args().get(1);
      if (key.getKind() == CelExpr.ExprKind.Kind.CONSTANT
          && key.constant().getKind() == CelConstant.Kind.STRING_VALUE) {
        return new Step(expr.call().args().get(0), key.constant().stringValue());
      }
    }
    return null;
  }

  /** The name that exactly this expression stands for; null if none. */
  private Name nameOf(CelExpr expr) {
    if (scope.ofRequest()) {
      return requestNameOf(expr);
    }
    Step last = step(expr);
    if (last == null) {
      return plainNameOf(expr);
    }
    Step first = step(last.operand());
    if (first != null && !scope.ofMessage() && isRoot(first.operand(), "stages")) {
      stage(first.operand(), first.key());
      return stageField(first.operand(), first.key(), last.key());
    }
    if (first != null && isRoot(first.operand(), "after") && !scope.after().isEmpty()) {
      job(first.operand(), first.key());
      String field = known(first.operand(), "the run of a job", last.key(), Name.AFTER_FIELDS);
      return Name.after(first.key(), field);
    }
    CelExpr root = last.operand();
    if (isRoot(root, "after") && !scope.after().isEmpty()) {
      return job(root, last.key());
    }
    if (!scope.ofMessage() && isRoot(root, "stages")) {
      return stage(root, last.key());
    }
    if (scope.ofMessage()) {
      return isRoot(root, "properties")
          ? Name.property(known(root, "properties", last.key(), Name.PROPERTY_FIELDS))
          : null;
    }
    if (isRoot(root, "params")) {
      return param(root, last.key());
    }
    if (isRoot(root, "run")) {
      return Name.run(known(root, "run", last.key(), Name.RUN_FIELDS));
    }
    if (isRoot(root, "error") && scope.error()) {
      return Name.error(known(root, "error", last.key(), Name.ERROR_FIELDS));
    }
    if (isRoot(root, "file") && scope.file()) {
      return Name.file(known(root, "file", last.key(), Name.FILE_FIELDS));
    }
    return null;
  }

  private Name requestNameOf(CelExpr expr) {
    if (isRoot(expr, "body")) {
      return Name.body();
    }
    return isRoot(expr, "headers") ? Name.headers() : null;
  }

  private Name plainNameOf(CelExpr expr) {
    if (scope.ofMessage()) {
      if (isRoot(expr, "message")) {
        return Name.message();
      }
      return isRoot(expr, "headers") ? Name.headers() : null;
    }
    if (isRoot(expr, "params")) {
      return Name.params();
    }
    if (isRoot(expr, "item") && scope.item()) {
      return Name.item();
    }
    return isRoot(expr, "index") && scope.item() ? Name.index() : null;
  }

  private boolean isRoot(CelExpr expr, String root) {
    return expr.getKind() == CelExpr.ExprKind.Kind.IDENT
        && expr.ident().name().equals(root)
        && !locals.contains(root);
  }

  private Name param(CelExpr at, String name) {
    String type = scope.params().get(name);
    if (type == null) {
      throw positions.problem(
          at, "unknown parameter '" + name + "'" + suggestion(name, scope.params().keySet()));
    }
    return Name.param(name, type);
  }

  private Name stage(CelExpr at, String id) {
    if (!scope.stages().contains(id)) {
      throw positions.problem(
          at,
          "the results of a stage '"
              + id
              + "' cannot be read here"
              + suggestion(id, scope.stages()));
    }
    return Name.stage(id);
  }

  private Name job(CelExpr at, String job) {
    if (!scope.after().contains(job)) {
      throw positions.problem(
          at, "the trigger does not wait for a job '" + job + "'" + suggestion(job, scope.after()));
    }
    return Name.after(job);
  }

  private Name stageField(CelExpr at, String id, String field) {
    return Name.stage(id, known(at, "a stage", field, Name.STAGE_FIELDS));
  }

  private String known(CelExpr at, String owner, String field, List<String> fields) {
    if (!fields.contains(field)) {
      throw positions.problem(at, owner + " has no '" + field + "'" + suggestion(field, fields));
    }
    return field;
  }

  /** The word that was probably meant, or all if there are few. */
  private static String suggestion(String written, Collection<String> known) {
    String phrase = DidYouMean.phrase(written, known);
    if (!phrase.isEmpty()) {
      return phrase;
    }
    if (known.isEmpty()) {
      return "; there are none";
    }
    return known.size() <= 10 ? "; there is " + String.join(", ", new TreeSet<>(known)) : "";
  }

  private CelExpr ident(CelExpr expr) {
    String name = expr.ident().name();
    if (locals.contains(name) || TYPES.contains(name)) {
      return expr;
    }
    if (scope.ofRequest()) {
      throw positions.problem(
          expr,
          "unknown name '"
              + name
              + "'; a webhook's expressions read 'body' and 'headers'"
              + DidYouMean.phrase(name, List.of("body", "headers")));
    }
    if (scope.ofMessage()) {
      throw positions.problem(expr, unknownOfMessage(name));
    }
    throw positions.problem(
        expr,
        switch (name) {
          case "stages" ->
              "'stages' must be followed by the id of a stage: stages.<id> or stages[\"<id>\"]";
          case "run" -> "'run' must be followed by one of " + String.join(", ", Name.RUN_FIELDS);
          case "error" ->
              scope.error()
                  ? "'error' must be followed by one of " + String.join(", ", Name.ERROR_FIELDS)
                  : "'error' exists in rules for retries only";
          case "after" ->
              scope.after().isEmpty()
                  ? "'after' exists in the params of an `after` trigger only"
                  : "'after' must be followed by a job: after.<job> or after[\"<job>\"]";
          case "file" ->
              scope.file()
                  ? "'file' must be followed by one of " + String.join(", ", Name.FILE_FIELDS)
                  : "'file' exists in the params of a `file` trigger only";
          case "item", "index" -> "'" + name + "' exists only in a stage that runs for each item";
          default -> "unknown name '" + name + "'" + suggestion(name, visible());
        });
  }

  private String unknownOfMessage(String name) {
    return switch (name) {
      case "properties" ->
          "'properties' must be followed by one of " + String.join(", ", Name.PROPERTY_FIELDS);
      case "params", "stages", "run" ->
          "'" + name + "' cannot be read before there is a run; read message, headers, properties";
      default -> "unknown name '" + name + "'" + suggestion(name, visible());
    };
  }

  private List<String> visible() {
    if (scope.ofMessage()) {
      List<String> ofMessage = new ArrayList<>(List.of("message", "headers", "properties"));
      locals.stream().filter(name -> !name.startsWith("@")).forEach(ofMessage::add);
      return ofMessage;
    }
    List<String> visible = new ArrayList<>(List.of("params", "stages", "run"));
    if (scope.item()) {
      visible.addAll(List.of("item", "index"));
    }
    if (scope.error()) {
      visible.add("error");
    }
    if (!scope.after().isEmpty()) {
      visible.add("after");
    }
    if (scope.file()) {
      visible.add("file");
    }
    locals.stream().filter(name -> !name.startsWith("@")).forEach(visible::add);
    return visible;
  }

  private CelExpr select(CelExpr expr) {
    CelExpr operand = expr.select().operand();
    String field = expr.select().field();
    if (expr.select().testOnly()) {
      checkPresenceTest(operand, field);
    }
    return CelExpr.ofSelect(expr.id(), resolve(operand), field, expr.select().testOnly());
  }

  private void checkPresenceTest(CelExpr operand, String field) {
    if (scope.ofRequest()) {
      return;
    }
    if (scope.ofMessage()) {
      if (isRoot(operand, "properties")) {
        throw positions.problem(operand, "has() is not needed here; compare with null");
      }
      return;
    }
    if (isRoot(operand, "params")) {
      param(operand, field);
    }
    if (isRoot(operand, "run")
        || (isRoot(operand, "error") && scope.error())
        || (isRoot(operand, "file") && scope.file())) {
      throw positions.problem(operand, "has() is not needed here; compare with null");
    }
    Step stage = step(operand);
    if (stage != null && isRoot(stage.operand(), "stages")) {
      stageField(stage.operand(), stage.key(), field);
    }
  }

  private CelExpr call(CelExpr expr) {
    String function = expr.call().function();
    Optional<CelExpr> target = expr.call().target();
    boolean namespaced =
        target.isPresent() && NAMESPACES.stream().anyMatch(name -> isRoot(target.get(), name));
    String full = namespaced ? target.get().ident().name() + "." + function : function;
    if (WORD.matcher(function).matches() && !Language.knownFunctions().contains(full)) {
      String near = DidYouMean.phrase(full, Language.knownFunctions());
      throw positions.problemOfCall(expr, "unknown function '" + full + "'" + near);
    }
    CelExpr resolved =
        CelExpr.ofCall(
            expr.id(),
            namespaced ? target : target.map(this::resolve),
            function,
            all(expr.call().args()));
    return function.endsWith(SORT_BY) ? ofAnyType(resolved) : resolved;
  }

  /** CEL gives the result of sortBy the type of the pairs that it makes on the way. */
  private CelExpr ofAnyType(CelExpr expr) {
    return CelExpr.ofCall(nextId++, Optional.empty(), "dyn", ImmutableList.of(expr));
  }

  private CelExpr map(CelExpr expr) {
    return CelExpr.ofMap(
        expr.id(),
        expr.map().entries().stream()
            .map(
                entry ->
                    CelExpr.ofMapEntry(
                        entry.id(),
                        resolve(entry.key()),
                        resolve(entry.value()),
                        entry.optionalEntry()))
            .collect(ImmutableList.toImmutableList()));
  }

  private CelExpr comprehension(CelExpr expr) {
    CelComprehension loop = expr.comprehension();
    CelExpr range = resolve(loop.iterRange());
    CelExpr init = resolve(loop.accuInit());
    int outer = locals.size();
    locals.addAll(List.of(loop.iterVar(), loop.iterVar2(), loop.accuVar()));
    CelExpr condition = resolve(loop.loopCondition());
    CelExpr body = resolve(loop.loopStep());
    CelExpr result = resolve(loop.result());
    locals.subList(outer, locals.size()).clear();
    return Collecting.rewritten(
        CelExpr.ofComprehension(
            expr.id(),
            loop.iterVar(),
            loop.iterVar2(),
            range,
            loop.accuVar(),
            init,
            condition,
            body,
            result));
  }
}
