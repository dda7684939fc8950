package dev.millrace.expression;

import java.util.List;

/** How the work of a function grows with its arguments. */
enum Cost {
  /** The same whatever it is given. */
  CONSTANT {
    @Override
    void charge(Meter meter, Object[] arguments) {
      meter.charge(1);
    }
  },

  /** Each argument is looked at once. */
  LINEAR {
    @Override
    void charge(Meter meter, Object[] arguments) {
      for (Object argument : arguments) {
        meter.charge(1 + sizeOf(argument));
      }
    }
  },

  /** Elements are compared, down to the leaves. */
  DEEP {
    @Override
    void charge(Meter meter, Object[] arguments) {
      for (Object argument : arguments) {
        meter.chargeAllOf(argument);
      }
    }
  },

  /** Elements are compared with each other. */
  SORTING {
    @Override
    void charge(Meter meter, Object[] arguments) {
      DEEP.charge(meter, arguments);
      long size = sizeOf(arguments[0]);
      meter.charge(size * (Long.SIZE - Long.numberOfLeadingZeros(size)));
    }
  },

  /** One text is looked for in another. */
  SEARCH {
    @Override
    void charge(Meter meter, Object[] arguments) {
      LINEAR.charge(meter, arguments);
      if (arguments.length > 1) {
        meter.charge(sizeOf(arguments[0]) * sizeOf(arguments[1]) / 16);
      }
    }
  },

  /** A pattern is compiled each time, which costs about 0.1 µs a character, and more to repeat. */
  MATCHING {
    @Override
    void charge(Meter meter, Object[] arguments) {
      SEARCH.charge(meter, arguments);
      String pattern = (String) arguments[1];
      boolean repeats = pattern.indexOf('{') >= 0;
      meter.charge(pattern.length() * (repeats ? 1_000L : 20L));
    }
  },

  /** Both arguments end up in the result. */
  ADDING {
    @Override
    void charge(Meter meter, Object[] arguments) {
      if (arguments[0] instanceof String left && arguments[1] instanceof String right) {
        meter.chargeText((long) left.length() + right.length());
        return;
      }
      meter.charge(1);
      if (arguments[1] instanceof List<?>) {
        // The left one may be what a comprehension has collected so far: CEL does not copy it.
        meter.chargeBuiltPartOf(arguments[1]);
      }
    }
  },

  /** Texts are put together. */
  JOINING {
    @Override
    void charge(Meter meter, Object[] arguments) {
      List<?> list = (List<?>) arguments[0];
      long between = arguments.length > 1 ? sizeOf(arguments[1]) : 0;
      long chars = 0;
      for (Object element : list) {
        chars += between + sizeOf(element);
      }
      meter.charge(list.size());
      meter.chargeText(chars);
    }
  },

  /** A text grows by each place where another stands in it. */
  REPLACING {
    @Override
    void charge(Meter meter, Object[] arguments) {
      SEARCH.charge(meter, arguments);
      String text = (String) arguments[0];
      String from = (String) arguments[1];
      long growth = ((String) arguments[2]).length() - (long) from.length();
      if (growth > 0) {
        meter.chargeText(text.length() + occurrences(text, from) * growth);
      }
    }
  };

  abstract void charge(Meter meter, Object[] arguments);

  static Cost of(String function) {
    return switch (function) {
      case "_+_" -> ADDING;
      case "_==_", "_!=_", "@in", "in", "_in_", "flatten" -> DEEP;
      case "distinct", "sort", "@sortByAssociatedKeys", "lists.@sortByAssociatedKeys" -> SORTING;
      case "contains", "indexOf", "lastIndexOf", "split" -> SEARCH;
      case "matches" -> MATCHING;
      case "replace" -> REPLACING;
      case "join" -> JOINING;
      case "_[_]", "size", "startsWith", "endsWith", "charAt", "dyn", "!_" -> CONSTANT;
      default -> LINEAR;
    };
  }

  private static long sizeOf(Object argument) {
    if (argument instanceof String text) {
      return text.length();
    }
    return argument instanceof List<?> list ? list.size() : 0;
  }

  private static long occurrences(String text, String part) {
    if (part.isEmpty()) {
      return text.length() + 1L;
    }
    long count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }
}
