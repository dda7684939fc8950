package dev.millrace.expression;

import java.util.Collection;
import java.util.Locale;

/** Finds the word somebody probably meant. Stateless, any thread. */
public final class DidYouMean {
  private static final int LENGTH_MAX = 64;

  private DidYouMean() {}

  /**
   * A phrase to append to a message.
   *
   * @return {@code ", did you mean 'discover'?"}, or the empty string when nothing is near
   */
  public static String phrase(String written, Collection<String> known) {
    String best = null;
    int bestDistance = Math.max(1, Math.min(3, written.length() / 3)) + 1;
    String plain = plain(written);
    for (String candidate : known) {
      int distance = distance(plain, plain(candidate), bestDistance);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best == null ? "" : ", did you mean '" + best + "'?";
  }

  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
  private static int distance(String a, String b, int tooFar) {
    if (Math.abs(a.length() - b.length()) >= tooFar || a.length() > LENGTH_MAX) {
      return tooFar;
    }
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      cost[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      cost[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int best = Math.min(cost[i - 1][j], cost[i][j - 1]) + 1;
        best = Math.min(best, cost[i - 1][j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          best = Math.min(best, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = best;
      }
    }
    return cost[a.length()][b.length()];
  }
}
