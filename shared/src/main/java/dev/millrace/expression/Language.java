package dev.millrace.expression;

import dev.cel.checker.CelChecker;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelVarDecl;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelListsExtensions;
import dev.cel.extensions.CelMathExtensions;
import dev.cel.extensions.CelStringExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeBuilder;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.CelStandardFunctions;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The dialect of CEL that jobs are written in. Set up when the first expression is compiled: it
 * takes half a second and some hundred classes, which a process without expressions never pays.
 * Immutable, any thread.
 */
final class Language {
  /** Steps of all loops of one evaluation together. */
  static final int ITERATIONS_MAX = 200_000;

  static final int PARSE_DEPTH_MAX = 100;
  private static final int NODES_MAX = 4_096;
  private static final int REGEX_PROGRAM_MAX = 1_000;

  private static final CelOptions OPTIONS =
      CelOptions.current()
          .enableHeterogeneousNumericComparisons(true)
          .maxExpressionCodePointSize(Expression.SOURCE_CHARS_MAX)
          .maxParseRecursionDepth(PARSE_DEPTH_MAX)
          .maxParseExpressionNodeCount(NODES_MAX)
          .maxParseErrorRecoveryLimit(2)
          .comprehensionMaxIterations(ITERATIONS_MAX)
          .maxRegexProgramSize(REGEX_PROGRAM_MAX)
          .build();

  private static final CelStringExtensions STRINGS = CelExtensions.strings();
  private static final CelMathExtensions MATH = CelExtensions.math();

  /** Without its range, which has no bound; ours stands in for it. */
  private static final CelListsExtensions LISTS =
      CelExtensions.lists(
          CelListsExtensions.Function.SLICE,
          CelListsExtensions.Function.FLATTEN,
          CelListsExtensions.Function.DISTINCT,
          CelListsExtensions.Function.REVERSE,
          CelListsExtensions.Function.SORT,
          CelListsExtensions.Function.SORT_BY);

  private static final Map<String, List<CelFunctionBinding>> BINDINGS =
      Functions.bindings(OPTIONS, List.of(STRINGS, MATH, LISTS));

  private static final CelCompiler COMPILER =
      CelCompilerFactory.standardCelCompilerBuilder()
          .setOptions(OPTIONS)
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addLibraries(STRINGS, MATH, LISTS)
          // A chosen set of list functions comes without the macro for sortBy.
          .addMacros(CelExtensions.lists().macros())
          .addFunctionDeclarations(Functions.declarations())
          .build();

  private static final CelRuntime RUNTIME = runtime();

  private static final Set<String> FUNCTION_NAMES = functionNames();

  private Language() {}

  static CelAbstractSyntaxTree parse(String source) throws CelValidationException {
    return COMPILER.parse(source).getAst();
  }

  static CelAbstractSyntaxTree check(CelAbstractSyntaxTree parsed, Collection<Name> names)
      throws CelValidationException {
    CelChecker checker =
        COMPILER
            .toCheckerBuilder()
            .addVarDeclarations(
                names.stream()
                    .map(name -> CelVarDecl.newVarDeclaration(name.identifier(), name.type()))
                    .toList())
            .build();
    return checker.check(parsed).getAst();
  }

  static CelRuntime.Program program(CelAbstractSyntaxTree checked) {
    try {
      return RUNTIME.createProgram(checked);
    } catch (CelEvaluationException bug) {
      throw new IllegalStateException("CEL checked an expression that it cannot plan", bug);
    }
  }

  /** Also those of namespaces, such as {@code math.greatest}, and the macros. */
  static Set<String> knownFunctions() {
    return FUNCTION_NAMES;
  }

  private static CelRuntime runtime() {
    CelRuntimeBuilder builder =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(OPTIONS)
            .setStandardFunctions(
                CelStandardFunctions.newBuilder()
                    .filterFunctions((function, overload) -> false)
                    .build());
    BINDINGS.forEach(
        (name, overloads) ->
            builder.addFunctionBindings(CelFunctionBinding.fromOverloads(name, overloads)));
    return builder.build();
  }

  private static Set<String> functionNames() {
    Set<String> names = new LinkedHashSet<>(BINDINGS.keySet());
    CelStandardMacro.STANDARD_MACROS.forEach(macro -> names.add(macro.getFunction()));
    names.addAll(List.of("type", "math.greatest", "math.least", "sortBy"));
    return Set.copyOf(names);
  }
}
