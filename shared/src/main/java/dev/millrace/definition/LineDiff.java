package dev.millrace.definition;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is different between two texts, line by line, in the unified form that `diff -u` and every
 * reviewing tool know. Stateless.
 */
final class LineDiff {
  private static final int CONTEXT = 3;

  /** Texts that differ in more lines than this are told as one replaced by the other. */
  private static final int DIFFERENT_LINES_MAX = 1_500;

  private enum Kind {
    SAME(' '),
    GONE('-'),
    NEW('+');

    private final char sign;

    Kind(char sign) {
      this.sign = sign;
    }
  }

  private record Step(Kind kind, int before, int after, String line) {}

  private LineDiff() {}

  /** Empty when they are equal. */
  static String unified(String before, String after, String beforeName, String afterName) {
    if (before.equals(after)) {
      return "";
    }
    List<Step> steps = steps(before.lines().toList(), after.lines().toList());
    StringBuilder text = new StringBuilder();
    text.append("--- ").append(beforeName).append("\n+++ ").append(afterName).append('\n');
    int from = 0;
    while ((from = nextChange(steps, from)) < steps.size()) {
      int begin = Math.max(0, from - CONTEXT);
      int end = endOfHunk(steps, from);
      hunk(text, steps.subList(begin, end));
      from = end;
    }
    return text.toString();
  }

  private static int nextChange(List<Step> steps, int from) {
    int at = from;
    while (at < steps.size() && steps.get(at).kind == Kind.SAME) {
      at++;
    }
    return at;
  }

  /** Changes that share their context are told together. */
  private static int endOfHunk(List<Step> steps, int change) {
    int end = change + 1;
    while (true) {
      int next = nextChange(steps, end);
      if (next == steps.size() || next - end > 2 * CONTEXT) {
        return Math.min(steps.size(), end + CONTEXT);
      }
      end = next + 1;
    }
  }

  private static void hunk(StringBuilder text, List<Step> steps) {
    int before = (int) steps.stream().filter(step -> step.kind != Kind.NEW).count();
    int after = (int) steps.stream().filter(step -> step.kind != Kind.GONE).count();
    Step first = steps.getFirst();
    text.append("@@ -").append(range(first.before, before));
    text.append(" +").append(range(first.after, after)).append(" @@\n");
    steps.forEach(step -> text.append(step.kind.sign).append(step.line).append('\n'));
  }

  /** Lines are counted from 1; of an empty range the line before it is named. */
  private static String range(int first, int lines) {
    int shown = lines == 0 ? first : first + 1;
    return lines == 1 ? Integer.toString(shown) : shown + "," + lines;
  }

  private static List<Step> steps(List<String> before, List<String> after) {
    int head = 0;
    int most = Math.min(before.size(), after.size());
    while (head < most && before.get(head).equals(after.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < most - head
        && before.get(before.size() - 1 - tail).equals(after.get(after.size() - 1 - tail))) {
      tail++;
    }
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < head; i++) {
      steps.add(new Step(Kind.SAME, i, i, before.get(i)));
    }
    middle(
        steps,
        before.subList(head, before.size() - tail),
        after.subList(head, after.size() - tail),
        head);
    for (int i = tail; i > 0; i--) {
      int at = before.size() - i;
      steps.add(new Step(Kind.SAME, at, after.size() - i, before.get(at)));
    }
    return steps;
  }

  private static void middle(List<Step> steps, List<String> before, List<String> after, int head) {
    List<int[]> reached = shortest(before, after);
    if (reached == null) {
      for (int i = 0; i < before.size(); i++) {
        steps.add(new Step(Kind.GONE, head + i, head, before.get(i)));
      }
      for (int i = 0; i < after.size(); i++) {
        steps.add(new Step(Kind.NEW, head + before.size(), head + i, after.get(i)));
      }
      return;
    }
    steps.addAll(walkBack(before, after, reached, head));
  }

  /**
   * The greedy algorithm of Myers: how far each diagonal is reached with so many changes, for every
   * number of changes up to the one that reaches the end; null when that would be too many.
   */
  private static List<int[]> shortest(List<String> before, List<String> after) {
    int most = Math.min(before.size() + after.size(), DIFFERENT_LINES_MAX);
    int zero = most + 1;
    int[] far = new int[2 * most + 3];
    List<int[]> reached = new ArrayList<>();
    for (int changes = 0; changes <= most; changes++) {
      // Only the diagonals within so many changes are ever read again.
      reached.add(Arrays.copyOfRange(far, zero - changes - 1, zero + changes + 2));
      for (int k = -changes; k <= changes; k += 2) {
        boolean down = k == -changes || (k != changes && far[zero + k - 1] < far[zero + k + 1]);
        int x = down ? far[zero + k + 1] : far[zero + k - 1] + 1;
        int y = x - k;
        while (x < before.size() && y < after.size() && before.get(x).equals(after.get(y))) {
          x++;
          y++;
        }
        far[zero + k] = x;
        if (x >= before.size() && y >= after.size()) {
          return reached;
        }
      }
    }
    return null;
  }

  private static List<Step> walkBack(
      List<String> before, List<String> after, List<int[]> reached, int head) {
    List<Step> back = new ArrayList<>();
    int x = before.size();
    int y = after.size();
    for (int changes = reached.size() - 1; changes >= 0; changes--) {
      int[] far = reached.get(changes);
      int zero = changes + 1;
      int k = x - y;
      boolean down = k == -changes || (k != changes && far[zero + k - 1] < far[zero + k + 1]);
      int fromX = down ? far[zero + k + 1] : far[zero + k - 1];
      int fromY = fromX - (down ? k + 1 : k - 1);
      int startX = changes == 0 ? 0 : down ? fromX : fromX + 1;
      while (x > startX && y > 0) {
        x--;
        y--;
        back.add(new Step(Kind.SAME, head + x, head + y, before.get(x)));
      }
      if (changes > 0) {
        boolean gone = !down;
        x = fromX;
        y = fromY;
        back.add(
            gone
                ? new Step(Kind.GONE, head + x, head + y, before.get(x))
                : new Step(Kind.NEW, head + x, head + y, after.get(y)));
      }
    }
    return back.reversed();
  }
}
