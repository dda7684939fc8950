package dev.millrace.expression;

import dev.cel.common.CelSourceLocation;
import dev.cel.common.ast.CelExpr;
import java.util.Map;

/** Where things stand in one source. CEL counts code points, we count {@code char}s. Immutable. */
record Positions(String source, Map<Long, Integer> codePointsById) {
  int of(CelExpr expr) {
    Integer codePoints = codePointsById.get(expr.id());
    return codePoints == null ? ExpressionException.NOWHERE : offset(0, codePoints);
  }

  int of(CelSourceLocation location) {
    if (location.getLine() < 1 || location.getColumn() < 0) {
      return ExpressionException.NOWHERE;
    }
    int start = 0;
    for (int line = 1; line < location.getLine(); line++) {
      start = source.indexOf('\n', start) + 1;
    }
    return offset(start, location.getColumn());
  }

  /** CEL says where the arguments of a call begin; the name stands before them. */
  ExpressionException problemOfCall(CelExpr call, String message) {
    int at = of(call);
    while (at > 0 && Character.isJavaIdentifierPart(source.charAt(at - 1))) {
      at--;
    }
    return new ExpressionException(message, at);
  }

  ExpressionException problem(CelExpr at, String message) {
    return new ExpressionException(message, of(at));
  }

  private int offset(int start, int codePoints) {
    int most = source.codePointCount(start, source.length());
    return source.offsetByCodePoints(start, Math.min(codePoints, most));
  }
}
