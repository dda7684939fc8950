package dev.millrace.scheduler.engine;

import dev.millrace.model.JobRules;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Jobs that use everything that the engine knows, in any mixture. One thread. */
final class RandomJobs {
  private static final Need.Is[] IS = Need.Is.values();
  private static final String[] CONDITIONS = {"true", "false", "1 > 2", "1 / 0 == 1"};

  private final SplittableRandom random;
  private final List<StageDefinition> stages = new ArrayList<>();
  private final List<StageDefinition> compensations = new ArrayList<>();

  private RandomJobs(SplittableRandom random) {
    this.random = random;
  }

  static Plan plan(SplittableRandom random) {
    return new RandomJobs(random).make();
  }

  private Plan make() {
    level(null, Phase.MAIN, random.nextInt(1, 6), false, 0);
    stages.addAll(compensations);
    if (random.nextInt(3) == 0) {
      level("f", Phase.ON_FAILURE, random.nextInt(1, 3), false, 1);
    }
    if (random.nextInt(3) == 0) {
      level("z", Phase.FINALLY, random.nextInt(1, 3), false, 1);
    }
    return Given.plan(rules(), stages);
  }

  private JobRules rules() {
    Window.End[] ends = Window.End.values();
    return Given.rules(
        one(5) ? Duration.ofSeconds(random.nextInt(20, 200)) : null,
        one(5) ? Duration.ofSeconds(random.nextInt(1, 100)) : null,
        one(4) ? ends[random.nextInt(ends.length)] : null,
        one(2) ? List.of() : List.of(blackout(), blackout()));
  }

  private Window.Blackout blackout() {
    Instant from = Values.instant(Plans.NOW + random.nextLong(100_000_000));
    return new Window.Blackout(null, null, from, from.plusSeconds(random.nextInt(1, 60)));
  }

  private boolean one(int of) {
    return random.nextInt(of) == 0;
  }

  /**
   * @param prefix of ids: a group's where it stands in one, else a letter for the later phases
   */
  private void level(String prefix, Phase phase, int count, boolean each, int depth) {
    List<String> beside = new ArrayList<>();
    String group = prefix != null && prefix.contains("g") ? prefix : null;
    for (int i = 0; i < count; i++) {
      boolean isGroup = depth < 3 && one(5);
      String id = (isGroup ? "g" : "s") + (stages.size() + compensations.size());
      Given given = group != null ? Given.in(group, id) : Given.stage(id);
      String whole = group != null ? group + "." + id : id;
      given.phase(phase).needs(needs(beside));
      beside.add(whole);
      if (one(6)) {
        given.when(CONDITIONS[random.nextInt(CONDITIONS.length)]);
      }
      if (isGroup) {
        boolean forEach = !each && one(4);
        fanOut(given, forEach);
        stages.add(given.handler(StageDefinition.GROUP).build());
        level(whole, phase, random.nextInt(1, 4), each || forEach, depth + 1);
      } else {
        work(given, each);
        stages.add(given.build());
      }
      if (phase == Phase.MAIN && !each && one(4)) {
        compensations.add(Given.compensation(whole).retry(random.nextInt(1, 3), 1).build());
      }
    }
  }

  private void fanOut(Given given, boolean really) {
    if (really) {
      int items = random.nextInt(0, 6);
      StringBuilder list = new StringBuilder("[");
      for (int i = 0; i < items; i++) {
        list.append(i == 0 ? "" : ",").append(i);
      }
      given.forEach(list + "]").parallel(random.nextInt(1, 4)).tolerate(random.nextInt(0, 3));
    }
  }

  private void work(Given given, boolean each) {
    given.retry(random.nextInt(1, 4), random.nextInt(3));
    switch (random.nextInt(12)) {
      case 0 -> given.handler(StageDefinition.WAIT_TIME).with("{\"for\":\"PT10S\"}").retry(1, 0);
      case 1 -> given.handler(StageDefinition.WAIT_EVENT).with(event()).retry(1, 0);
      case 2 -> given.handler(StageDefinition.WAIT_APPROVAL).with(approval()).retry(1, 0);
      case 3 -> {
        given.handler(StageDefinition.SUB_JOB).with("{\"job\":\"other\"}");
        if (one(3)) {
          given.timeout(random.nextInt(1, 60));
        }
        if (one(3)) {
          given.locks("l");
        }
      }
      case 4 -> fanOut(given, !each);
      default -> worker(given);
    }
  }

  private void worker(Given given) {
    if (one(3)) {
      given.timeout(random.nextInt(1, 30));
    }
    if (one(4)) {
      given.queueTimeout(random.nextInt(1, 60));
    }
    if (one(6)) {
      given.startTimeout(random.nextInt(1, 20));
    }
    if (one(6)) {
      given.locks("l");
    }
    if (one(4)) {
      given.ran(random.nextInt(0, 3), random.nextInt(3, 20));
    }
    if (one(12)) {
      given.rate(2);
    }
  }

  private String event() {
    return one(2) ? "{\"event\":\"e\",\"timeout\":\"PT20S\"}" : "{\"event\":\"e\",\"key\":\"k\"}";
  }

  private String approval() {
    String[] otherwise = {"fail", "approve", "reject", "skip"};
    return one(2)
        ? "{\"timeout\":\"PT20S\",\"on-timeout\":\"" + otherwise[random.nextInt(4)] + "\"}"
        : "{}";
  }

  private Need needs(List<String> beside) {
    if (beside.isEmpty() || one(3)) {
      return Need.none();
    }
    return one(2) ? Need.completed(some(beside)) : tree(beside, 2);
  }

  private List<String> some(List<String> beside) {
    return beside.stream().filter(id -> random.nextBoolean()).toList();
  }

  private Need tree(List<String> beside, int depth) {
    if (depth == 0 || one(3)) {
      Need.Is is = one(2) ? Need.Is.COMPLETED : IS[random.nextInt(IS.length)];
      return new Need.Stage(beside.get(random.nextInt(beside.size())), is);
    }
    List<Need> parts = new ArrayList<>();
    for (int i = random.nextInt(1, 3); i > 0; i--) {
      parts.add(tree(beside, depth - 1));
    }
    return switch (random.nextInt(3)) {
      case 0 -> new Need.All(parts);
      case 1 -> new Need.Any(parts);
      default -> new Need.Not(parts);
    };
  }
}
