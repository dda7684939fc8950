package dev.millrace.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Text in columns, as wide as their widest cell, or as the window allows. One thread. */
final class Table {
  private static final String GAP = "  ";
  private static final int NARROWEST = 8;

  /** How wide the tables are that this thread makes at the moment. */
  private static final ThreadLocal<Integer> WIDTH =
      ThreadLocal.withInitial(() -> Integer.MAX_VALUE);

  private final List<String[]> rows = new ArrayList<>();

  Table(String... titles) {
    rows.add(titles.clone());
  }

  /** Makes lines whose tables fit into so many columns; longer cells end with an ellipsis. */
  static <T> T within(int columns, Supplier<T> lines) {
    WIDTH.set(columns);
    try {
      return lines.get();
    } finally {
      WIDTH.remove();
    }
  }

  void row(String... cells) {
    String[] row = cells.clone();
    for (int i = 0; i < row.length; i++) {
      row[i] = Harmless.text(row[i]).replace('\n', ' ').replace('\t', ' ');
    }
    rows.add(row);
  }

  List<String> lines() {
    int[] widths = new int[rows.getFirst().length];
    for (String[] row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    narrow(widths, WIDTH.get());
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  /** The first column has the ids that people copy; it stays whole. */
  private static void narrow(int[] widths, int most) {
    long all = (long) GAP.length() * (widths.length - 1);
    for (int width : widths) {
      all += width;
    }
    while (all > most) {
      int widest = 0;
      for (int i = 1; i < widths.length; i++) {
        widest = widest == 0 || widths[i] > widths[widest] ? i : widest;
      }
      if (widest == 0 || widths[widest] <= NARROWEST) {
        return;
      }
      widths[widest]--;
      all--;
    }
  }

  private static String line(String[] row, int... widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String cell = Width.cut(row[i], widths[i]);
      line.append(cell).repeat(' ', widths[i] - cell.length()).append(GAP);
    }
    return line.toString().stripTrailing();
  }
}
