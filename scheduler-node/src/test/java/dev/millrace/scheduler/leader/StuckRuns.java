package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.command.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes stories of runs that do not move, each in a namespace of its own and each from one seed:
 * jobs, what is asked for before and after their runs are there. Stateless.
 */
final class StuckRuns {
  /** What a block of stages waits for; each story has the next one, and some more by chance. */
  private enum Block {
    WORK,
    NO_WORKER,
    NO_HANDLER,
    DRAINING,
    FULL,
    POOL_PAUSED,
    POOL_RATE,
    TIME,
    EVENT,
    KEYED_EVENT,
    APPROVAL,
    SUB_JOB,
    ITEMS,
    GROUP_OF_ITEMS,
    GROUP,
    LOCK,
    RATE,
    RETRY,
    FAILURE
  }

  /** What the run as a whole waits for. */
  private enum Whole {
    NOTHING,
    OVERLAP,
    KEY,
    LOCK,
    PREPARED,
    PAUSED_BEFORE
  }

  /** What people do once it is there. */
  enum Extra {
    NOTHING,
    HOLD,
    SKIP,
    PAUSE_RUN,
    PAUSE_JOB,
    PAUSE_NAMESPACE,
    STOP
  }

  /**
   * One story.
   *
   * @param jobs YAML of each
   * @param before asked for before any run
   * @param starts names of jobs, in the order of their runs; empty for a plan, whose trigger comes
   * @param extras done to each run of {@code main}, with one of its stages
   */
  record Story(
      long seed,
      String namespace,
      List<String> jobs,
      List<Command> before,
      List<String> starts,
      List<Extra> extras,
      List<String> stages) {
    boolean plan() {
      return starts.isEmpty();
    }
  }

  /** The pools of a story; the first part of the name says what is with it. */
  static final List<String> POOLS = List.of("none", "odd", "draining", "full", "halted", "slow");

  private final SplittableRandom random;
  private final String namespace;
  private final long seed;
  private final List<String> lines = new ArrayList<>();
  private final List<String> after = new ArrayList<>();
  private final List<String> ids = new ArrayList<>();
  private final List<String> rules = new ArrayList<>();
  private final List<String> jobs = new ArrayList<>();
  private final List<Command> before = new ArrayList<>();
  private boolean blocker;
  private boolean twice;

  private StuckRuns(long seed, int number) {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.namespace = "n" + number;
  }

  static Story story(long seed, int number) {
    return new StuckRuns(seed, number).make(number);
  }

  private Story make(int number) {
    block(Block.values()[number % Block.values().length]);
    int more = random.nextInt(3);
    for (int i = 0; i < more; i++) {
      block(Block.values()[random.nextInt(Block.values().length)]);
    }
    Whole whole = Whole.values()[number / 3 % Whole.values().length];
    whole(whole);
    List<String> holders = new ArrayList<>();
    if (blocker) {
      holders.add(holder("press"));
    }
    if (whole == Whole.LOCK) {
      holders.add(holder("door"));
    }
    jobs.add(
        "id: main\nnamespace: %s\n%sstages:\n%s%s"
            .formatted(
                namespace, String.join("", rules), String.join("", lines), String.join("", after)));
    List<String> starts = new ArrayList<>();
    if (whole != Whole.PREPARED) {
      starts.addAll(holders);
      starts.add("main");
      if (twice) {
        starts.add("main");
      }
    }
    List<Extra> extras = new ArrayList<>();
    extras.add(Extra.values()[number % Extra.values().length]);
    if (random.nextInt(3) == 0) {
      extras.add(Extra.values()[random.nextInt(Extra.values().length)]);
    }
    return new Story(seed, namespace, jobs, before, starts, extras, ids);
  }

  /** A job that holds a lock and waits for something else; one for each: nobody takes two. */
  private String holder(String lock) {
    jobs.add(
        "id: holds-%s\nnamespace: %s\nstages: [{id: use, run: noop, pool: %s, locks: [%s]}]"
            .formatted(lock, namespace, pool("none"), lock));
    return "holds-" + lock;
  }

  private void whole(Whole whole) {
    switch (whole) {
      case NOTHING -> {}
      case OVERLAP -> {
        rules.add("overlap: {queue: 3}\n");
        twice = true;
      }
      case KEY -> {
        rules.add("concurrency: {key: \"${{ 'a' + 'b' }}\", limit: 1}\n");
        twice = true;
      }
      case LOCK -> rules.add("locks: [door]\n");
      case PREPARED -> rules.add("window: {start: \"0 0 1 1 *\", length: 10h, prepare: true}\n");
      case PAUSED_BEFORE -> before.add(wide(Command.Kind.PAUSE, "namespace", namespace));
    }
  }

  private Command wide(String kind, String scope, String name) {
    String body = "{\"scope\":\"%s\",\"name\":\"%s\"}".formatted(scope, name);
    return new Command(kind, namespace, null, body, "tester", "a story");
  }

  private String pool(String kind) {
    return kind + "-" + namespace;
  }

  private void block(Block block) {
    String id = "s" + ids.size();
    switch (block) {
      case WORK -> stage(id, "run: noop");
      case NO_WORKER -> stage(id, "run: noop, pool: " + pool("none"));
      case NO_HANDLER -> stage(id, "run: noop, pool: " + pool("odd"));
      case DRAINING -> stage(id, "run: noop, pool: " + pool("draining"));
      case FULL -> full();
      case POOL_PAUSED -> {
        before.add(wide(Command.Kind.PAUSE, "pool", pool("halted")));
        stage(id, "run: noop, pool: " + pool("halted"));
      }
      case POOL_RATE -> {
        String rate = "{\"pool\":\"%s\",\"starts\":1,\"perMillis\":3600000}";
        String body = rate.formatted(pool("slow"));
        before.add(new Command(Command.Kind.RATE_PUT, namespace, null, body, "tester", null));
        stage(id, "run: noop, pool: " + pool("slow"));
      }
      case TIME -> stage(id, "run: wait.time, with: {for: 1h}");
      case EVENT -> stage(id, "run: wait.event, with: {event: go}");
      case KEYED_EVENT ->
          stage(id, "run: wait.event, with: {event: keyed, key: \"${{ 'k' + '1' }}\"}");
      case APPROVAL -> stage(id, "run: wait.approval, with: {message: \"may it?\"}");
      case SUB_JOB -> {
        jobs.add(
            "id: in-%s\nnamespace: %s\nstages: [{id: ask, run: wait.approval}, {id: do, run: noop}]"
                .formatted(id, namespace));
        stage(id, "run: job, with: {job: in-" + id + "}");
      }
      case ITEMS -> stage(id, "run: noop, for-each: \"${{ range(5) }}\", max-parallel: 2");
      case GROUP_OF_ITEMS ->
          stage(
              id,
              "run: group, for-each: \"${{ range(3) }}\", max-parallel: 2, stages: ["
                  + "{id: x, run: wait.approval}, {id: y, run: noop, needs: [x]}]");
      case GROUP ->
          stage(
              id,
              "run: group, stages: [{id: x, run: wait.approval}, {id: y, run: noop, needs: [x]}]");
      case LOCK -> {
        blocker = true;
        stage(id, "run: noop, locks: [press]");
      }
      case RATE -> {
        twice = true;
        stage(id, "run: noop, rate: {limit: 1, per: 1h}");
      }
      case RETRY -> stage("retry" + id, "run: noop, retry: {max-attempts: 3, initial: 1h}");
      case FAILURE -> failure(id);
    }
  }

  /** More than its one slot lets be with the broker. */
  private void full() {
    int first = ids.size();
    for (int i = 0; i < 6; i++) {
      lines.add("  - {id: s%d, run: noop, pool: %s}\n".formatted(first + i, pool("full")));
      ids.add("s" + (first + i));
    }
  }

  private void failure(String id) {
    stage("undo" + id, "run: noop, compensate: {run: noop}");
    stage("fails" + id, "run: noop");
    if (after.isEmpty()) {
      after.add("on-failure:\n  - {id: tell, run: wait.approval}\n");
      after.add("  - {id: page, run: noop, needs: [tell]}\n");
      after.add("finally:\n  - {id: tidy, run: wait.approval}\n");
    }
  }

  private void stage(String id, String text) {
    lines.add("  - {id: " + id + ", " + text + needs() + "}\n");
    ids.add(id);
  }

  private String needs() {
    if (ids.isEmpty()) {
      return "";
    }
    String one = ids.get(random.nextInt(ids.size()));
    String other = ids.get(random.nextInt(ids.size()));
    return switch (one.equals(other) ? 0 : random.nextInt(6)) {
      case 0 -> ", needs: [" + one + "]";
      case 1 -> ", needs: {any: [" + one + ", " + other + "]}";
      case 2 -> ", needs: [{stage: " + one + ", is: ended}]";
      case 3 ->
          ", needs: {all: [{stage: %s, is: ended}], not: [{stage: %s, is: cancelled}]}"
              .formatted(one, other);
      default -> "";
    };
  }
}
