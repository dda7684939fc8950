package dev.millrace.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes cron expressions of all dialects with everything that they may have. One thread. */
final class RandomCron {
  private static final List<String> MONTHS = List.of("JAN", "feb", "Mar", "JUL", "AUG", "dec");
  private static final List<String> WEEKDAYS =
      List.of("SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT");

  private final Random random;

  RandomCron(Random random) {
    this.random = random;
  }

  /** Of 5, 6 or 7 fields; most have a tick within a year. */
  String next() {
    int fields = 5 + random.nextInt(3);
    List<String> written = new ArrayList<>();
    if (fields > 5) {
      written.add(chance(3) ? field(0, 59, 29) : Integer.toString(random.nextInt(60)));
    }
    written.add(field(0, 59, 59));
    written.add(field(0, 23, 23));
    boolean byDay = random.nextBoolean();
    boolean both = fields < 7 && chance(4);
    written.add(byDay || both ? days() : fields == 7 || chance(4) ? "?" : "*");
    written.add(chance(3) ? months() : "*");
    String open = fields == 7 || (byDay && chance(4)) ? "?" : "*";
    boolean named = fields == 6; // a number beside `?` would be ambiguous
    written.add(!byDay || both ? weekdays(fields == 7, named) : open);
    if (fields == 7) {
      written.add(chance(3) ? "2000-2040/" + (1 + random.nextInt(2)) : "*");
    }
    return String.join(" ", written);
  }

  private boolean chance(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }

  private int between(int min, int max) {
    return min + random.nextInt(max - min + 1);
  }

  private String field(int min, int max, int stepMax) {
    StringBuilder list = new StringBuilder(part(min, max, stepMax));
    while (chance(4)) {
      list.append(',').append(part(min, max, stepMax));
    }
    return list.toString();
  }

  private String part(int min, int max, int stepMax) {
    int a = between(min, max);
    int b = between(min, max);
    int step = between(1, stepMax);
    return switch (random.nextInt(8)) {
      case 0 -> "*";
      case 1 -> "*/" + step;
      case 2 -> a + "/" + step;
      case 3 -> a + "-" + b; // may run over the end
      case 4 -> Math.min(a, b) + "-" + Math.max(a, b) + "/" + step;
      default -> Integer.toString(a);
    };
  }

  private String days() {
    return switch (random.nextInt(8)) {
      case 0 -> "L";
      case 1 -> "L-" + random.nextInt(1, 29);
      case 2 -> "LW";
      case 3 -> between(1, 31) + "W";
      default -> field(1, 31, 15);
    };
  }

  private String months() {
    if (chance(2)) {
      return field(1, 12, 6);
    }
    String one = MONTHS.get(random.nextInt(MONTHS.size()));
    return chance(2) ? one : "MAR-" + MONTHS.get(3 + random.nextInt(3));
  }

  private String weekdays(boolean quartz, boolean named) {
    int min = quartz ? 1 : 0;
    String one =
        named || chance(2) ? WEEKDAYS.get(random.nextInt(7)) : Integer.toString(between(min, 7));
    return switch (random.nextInt(8)) {
      case 0 -> one + "#" + between(1, 5);
      case 1 -> one + "L";
      case 2 -> one + "-" + WEEKDAYS.get(random.nextInt(7));
      case 3 -> one + "," + WEEKDAYS.get(random.nextInt(7));
      case 4 ->
          named ? "MON-FRI/2" : between(min, 6) + "-7" + (chance(2) ? "" : "/" + between(1, 6));
      case 5 -> "*/" + between(1, 6);
      default -> one;
    };
  }
}
