package dev.millrace.expression;

import com.google.common.collect.ImmutableList;
import com.google.errorprone.annotations.Immutable;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOptions;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import dev.cel.runtime.CelInternalRuntimeLibrary;
import dev.cel.runtime.CelRuntimeBuilder;
import dev.cel.runtime.CelRuntimeLibrary;
import dev.cel.runtime.CelStandardFunctions;
import dev.cel.runtime.InternalCelFunctionBinding;
import dev.cel.runtime.RuntimeEquality;
import dev.cel.runtime.RuntimeHelpers;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What expressions can call: the functions of CEL and its extensions, each under the {@link Meter},
 * and our own. Stateless, any thread.
 */
final class Functions {
  static final int RANGE_MAX = 100_000;

  private static final String NAMES_OF_ARITHMETIC = "_+_ _-_ _*_ _/_";

  private Functions() {}

  /** Declarations of what CEL does not have. */
  static List<CelFunctionDecl> declarations() {
    List<CelFunctionDecl> all = new ArrayList<>();
    for (String name : NAMES_OF_ARITHMETIC.split(" ")) {
      all.add(
          CelFunctionDecl.newFunctionDeclaration(
              name,
              mixed(name, SimpleType.INT, SimpleType.DOUBLE),
              mixed(name, SimpleType.DOUBLE, SimpleType.INT)));
    }
    all.add(mixedEquality("_==_"));
    all.add(mixedEquality("_!=_"));
    all.addAll(Collecting.declarations());
    CelType ints = ListType.create(SimpleType.INT);
    all.add(
        CelFunctionDecl.newFunctionDeclaration(
            "range", CelOverloadDecl.newGlobalOverload("range_int", ints, SimpleType.INT)));
    all.add(
        CelFunctionDecl.newFunctionDeclaration(
            "lists.range",
            CelOverloadDecl.newGlobalOverload("lists_range_int", ints, SimpleType.INT)));
    return all;
  }

  /** Everything that can be called, by function. */
  static Map<String, List<CelFunctionBinding>> bindings(
      CelOptions options, List<? extends CelRuntimeLibrary> libraries) {
    RuntimeEquality equality = RuntimeEquality.create(RuntimeHelpers.create(), options);
    List<CelFunctionBinding> all =
        new ArrayList<>(
            CelStandardFunctions.newBuilder().build().newFunctionBindings(equality, options));
    libraries.forEach(library -> all.addAll(bindingsOf(library, equality, options)));
    Map<String, List<CelFunctionBinding>> byName =
        all.stream()
            .map(InternalCelFunctionBinding.class::cast)
            // One that has the function's own name only chooses among the others.
            .filter(binding -> !binding.getOverloadId().equals(binding.getFunctionName()))
            .collect(
                Collectors.groupingBy(
                    InternalCelFunctionBinding::getFunctionName,
                    LinkedHashMap::new,
                    Collectors.mapping(Functions::metered, Collectors.toList())));
    addOurs(byName);
    return byName;
  }

  private static void addOurs(Map<String, List<CelFunctionBinding>> byName) {
    byName.putAll(Collecting.bindings());
    addMixed(byName, "_+_", Double::sum);
    addMixed(byName, "_-_", (left, right) -> left - right);
    addMixed(byName, "_*_", (left, right) -> left * right);
    addMixed(byName, "_/_", (left, right) -> left / right);
    byName.put(
        "range", List.of(CelFunctionBinding.from("range_int", Long.class, Functions::range)));
    byName.put(
        "lists.range",
        List.of(CelFunctionBinding.from("lists_range_int", Long.class, Functions::range)));
  }

  private static Object range(long count) {
    if (count < 0 || count > RANGE_MAX) {
      throw new ExpressionException(
          "range(" + count + ") is not within 0 to " + RANGE_MAX, ExpressionException.NOWHERE);
    }
    return new ListView(count, (int) count, index -> (long) index);
  }

  @Immutable
  private interface Arithmetic {
    double apply(double left, double right);
  }

  private static void addMixed(
      Map<String, List<CelFunctionBinding>> byName, String name, Arithmetic arithmetic) {
    List<CelFunctionBinding> overloads = byName.get(name);
    overloads.add(
        CelFunctionBinding.from(
            mixedId(name, SimpleType.INT, SimpleType.DOUBLE),
            Long.class,
            Double.class,
            (left, right) -> arithmetic.apply(left, right)));
    overloads.add(
        CelFunctionBinding.from(
            mixedId(name, SimpleType.DOUBLE, SimpleType.INT),
            Double.class,
            Long.class,
            (left, right) -> arithmetic.apply(left, right)));
  }

  private static CelOverloadDecl mixed(String name, CelType left, CelType right) {
    return CelOverloadDecl.newGlobalOverload(
        mixedId(name, left, right), SimpleType.DOUBLE, left, right);
  }

  private static CelFunctionDecl mixedEquality(String name) {
    return CelFunctionDecl.newFunctionDeclaration(
        name,
        CelOverloadDecl.newGlobalOverload(
            mixedId(name, SimpleType.INT, SimpleType.DOUBLE),
            SimpleType.BOOL,
            SimpleType.INT,
            SimpleType.DOUBLE),
        CelOverloadDecl.newGlobalOverload(
            mixedId(name, SimpleType.DOUBLE, SimpleType.INT),
            SimpleType.BOOL,
            SimpleType.DOUBLE,
            SimpleType.INT));
  }

  private static String mixedId(String name, CelType left, CelType right) {
    return "mixed" + name + left.name() + "_" + right.name();
  }

  /** A library only tells a builder what it has, so a builder that only listens asks it. */
  private static List<CelFunctionBinding> bindingsOf(
      CelRuntimeLibrary library, RuntimeEquality equality, CelOptions options) {
    List<CelFunctionBinding> heard = new ArrayList<>();
    CelRuntimeBuilder listener =
        (CelRuntimeBuilder)
            Proxy.newProxyInstance(
                CelRuntimeBuilder.class.getClassLoader(),
                new Class<?>[] {CelRuntimeBuilder.class},
                (self, method, arguments) -> {
                  if (!method.getName().equals("addFunctionBindings")) {
                    throw new IllegalStateException("a CEL library wants " + method.getName());
                  }
                  Object given = arguments[0];
                  Iterable<?> bindings =
                      given instanceof Object[] array ? List.of(array) : (Iterable<?>) given;
                  bindings.forEach(binding -> heard.add((CelFunctionBinding) binding));
                  return self;
                });
    if (library instanceof CelInternalRuntimeLibrary demanding) {
      demanding.setRuntimeOptions(listener, equality, options);
    } else {
      library.setRuntimeOptions(listener);
    }
    return heard;
  }

  private static CelFunctionBinding metered(InternalCelFunctionBinding binding) {
    if (!binding.isStrict()) {
      return binding;
    }
    Metered metered = new Metered(Cost.of(binding.getFunctionName()), binding.getDefinition());
    ImmutableList<Class<?>> types = binding.getArgTypes();
    // One and two arguments have forms of their own, which the runtime casts to.
    return switch (types.size()) {
      case 1 -> CelFunctionBinding.from(binding.getOverloadId(), types.get(0), metered::apply);
      case 2 ->
          CelFunctionBinding.from(
              binding.getOverloadId(), types.get(0), types.get(1), metered::apply);
      default -> CelFunctionBinding.from(binding.getOverloadId(), types, metered::applyAll);
    };
  }

  /** A function that pays before it works. */
  @Immutable
  private record Metered(Cost cost, CelFunctionOverload definition) {
    Object apply(Object argument) throws CelEvaluationException {
      return applyAll(new Object[] {argument});
    }

    Object apply(Object left, Object right) throws CelEvaluationException {
      return applyAll(new Object[] {left, right});
    }

    Object applyAll(Object[] arguments) throws CelEvaluationException {
      Meter meter = Meter.current();
      cost.charge(meter, arguments);
      Object result = definition.apply(arguments);
      if (result instanceof String text && text.length() > JsonValues.TEXT_CHARS_MAX) {
        meter.chargeText(text.length());
      }
      if (result instanceof List<?> list && !(result instanceof ListView)) {
        return new ListView(list, list.size(), list::get);
      }
      return result;
    }
  }
}
