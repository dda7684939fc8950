package dev.millrace.expression;

import com.google.common.collect.ImmutableList;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.TypeParamType;
import dev.cel.common.values.CelValue;
import dev.cel.runtime.CelFunctionBinding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes loops that collect a list take time in proportion to its length. The macros map and filter
 * say {@code result + [element]}, and CEL 0.14 looks at all of the result at each such step: 3.5 s
 * for 16,000 elements, 130 s for 100,000 (November 2026, one core). Here they append to a value
 * that CEL does not look into. Stateless, any thread.
 */
final class Collecting {
  private static final String START = "@collect";
  private static final String APPEND = "@append";
  private static final String FINISH = "@collected";

  private Collecting() {}

  static List<CelFunctionDecl> declarations() {
    CelType element = TypeParamType.create("E");
    CelType list = ListType.create(element);
    return List.of(
        CelFunctionDecl.newFunctionDeclaration(
            START, CelOverloadDecl.newGlobalOverload("start_collecting", list)),
        CelFunctionDecl.newFunctionDeclaration(
            APPEND, CelOverloadDecl.newGlobalOverload("append_collected", list, list, element)),
        CelFunctionDecl.newFunctionDeclaration(
            FINISH, CelOverloadDecl.newGlobalOverload("finish_collecting", list, list)));
  }

  static Map<String, List<CelFunctionBinding>> bindings() {
    return Map.of(
        START,
        List.of(
            CelFunctionBinding.from(
                "start_collecting", ImmutableList.of(), nothing -> new Collected())),
        APPEND,
        List.of(
            CelFunctionBinding.from(
                "append_collected",
                Collected.class,
                Object.class,
                (collected, element) -> collected.append(element))),
        FINISH,
        List.of(
            CelFunctionBinding.from(
                "finish_collecting", Collected.class, collected -> collected.view())));
  }

  /** The same loop, collecting our way; the loop itself if it is of another form. */
  static CelExpr rewritten(CelExpr loop) {
    CelExpr.CelComprehension parts = loop.comprehension();
    CelExpr start = parts.accuInit();
    boolean collects = start.getKind() == Kind.LIST && start.list().elements().isEmpty();
    if (!collects || !isIdent(parts.result(), parts.accuVar())) {
      return loop;
    }
    Body body = new Body(parts.accuVar());
    Optional<CelExpr> step = body.rewritten(parts.loopStep());
    if (step.isEmpty() || body.freeId == null) {
      return loop;
    }
    return CelExpr.ofComprehension(
        loop.id(),
        parts.iterVar(),
        parts.iterVar2(),
        parts.iterRange(),
        parts.accuVar(),
        call(start.id(), START),
        parts.loopCondition(),
        step.get(),
        call(body.freeId, FINISH, parts.result()));
  }

  private static boolean isIdent(CelExpr expr, String name) {
    return expr.getKind() == Kind.IDENT && expr.ident().name().equals(name);
  }

  private static CelExpr call(long id, String function, CelExpr... arguments) {
    return CelExpr.ofCall(id, Optional.empty(), function, ImmutableList.copyOf(arguments));
  }

  /** Used for one loop. */
  private static final class Body {
    private final String result;

    /** Of a list that fell away: ids are unique, and a call is to be added. */
    private Long freeId;

    Body(String result) {
      this.result = result;
    }

    Optional<CelExpr> rewritten(CelExpr step) {
      if (isIdent(step, result)) {
        return Optional.of(step);
      }
      if (step.getKind() != Kind.CALL) {
        return Optional.empty();
      }
      List<CelExpr> arguments = step.call().args();
      return switch (step.call().function()) {
        case "_+_" -> added(step.id(), arguments.get(0), arguments.get(1));
        case "_?_:_" ->
            rewritten(arguments.get(1))
                .flatMap(
                    yes ->
                        rewritten(arguments.get(2))
                            .map(no -> call(step.id(), "_?_:_", arguments.get(0), yes, no)));
        default -> Optional.empty();
      };
    }

    private Optional<CelExpr> added(long id, CelExpr left, CelExpr right) {
      if (!isIdent(left, result)
          || right.getKind() != Kind.LIST
          || right.list().elements().size() != 1) {
        return Optional.empty();
      }
      freeId = right.id();
      return Optional.of(call(id, APPEND, left, right.list().elements().get(0)));
    }
  }

  /** What a loop has collected so far. Confined to the evaluating thread. */
  @SuppressWarnings("Immutable")
  private static final class Collected extends CelValue {
    private final List<Object> elements = new ArrayList<>();

    Collected append(Object element) {
      Meter.current().chargeBuiltPartOf(element);
      elements.add(element);
      return this;
    }

    ListView view() {
      return new ListView(elements, elements.size(), elements::get);
    }

    @Override
    public Object value() {
      return this;
    }

    @Override
    public boolean isZeroValue() {
      return elements.isEmpty();
    }

    @Override
    public CelType celType() {
      return ListType.create(SimpleType.DYN);
    }
  }
}
