package dev.millrace.cli;

import java.util.ArrayList;
import java.util.List;

/** Text in columns, as wide as their widest cell. One thread. */
final class Table {
  private static final String GAP = "  ";
  private final List<String[]> rows = new ArrayList<>();

  Table(String... titles) {
    rows.add(titles.clone());
  }

  void row(String... cells) {
    rows.add(cells.clone());
  }

  List<String> lines() {
    int[] widths = new int[rows.getFirst().length];
    for (String[] row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private static String line(String[] row, int... widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      line.append(row[i]).repeat(' ', widths[i] - row[i].length()).append(GAP);
    }
    return line.toString().stripTrailing();
  }
}
