package dev.millrace.scheduler.command;

/**
 * What a person or program asks. Immutable.
 *
 * @param kind what is asked; see {@link Kind}
 * @param namespace the namespace it is about
 * @param job the job's name, or null when the command names a run
 * @param body JSON text; its fields are the kind's
 * @param actor who asks, such as {@code api:127.0.0.1} or {@code dir:node-1}
 * @param reason why, in the asker's words, or null
 */
public record Command(
    String kind, String namespace, String job, String body, String actor, String reason) {
  /** Runs that one command may ask for. */
  public static final int RUNS_MAX = 1_000;

  private static final int SET_CHARS_PER_WEIGHT = 250_000;

  /**
   * Asks for as many runs of a job without parameters.
   *
   * @param count 1..{@link #RUNS_MAX}
   */
  public static Command runs(String namespace, String job, int count, String actor) {
    String body = "[" + "{},".repeat(count - 1) + "{}]";
    return new Command(Kind.RUNS_START, namespace, job, body, actor, null);
  }

  /**
   * How much of the leader's turn the command takes: the runs that it asks for; of a set, so much
   * that few large ones are in memory at once.
   */
  public int weight() {
    if (kind.equals(Kind.SET_APPLY)) {
      return 1 + body.length() / SET_CHARS_PER_WEIGHT;
    }
    return kind.equals(Kind.RUNS_START)
        ? Math.max(1, (int) body.chars().filter(c -> c == '{').count())
        : 1;
  }

  /**
   * True for what may be the id under which runs are started that belong together; also for null,
   * which is none.
   */
  public static boolean isOrchestration(String id) {
    return id == null || id.matches("[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}");
  }

  /** The kinds, and what their bodies hold. */
  public static final class Kind {
    private Kind() {}

    /**
     * {@code {"definition": canonical JSON object, "source": "api" | "dir:PATH", "paused": true or
     * absent}}: a job that is new begins PAUSED; one that exists keeps its state. Where a pattern
     * was used there are {@code "pattern": {"namespace", "name", "version"}} and {@code "written"},
     * what its author wrote.
     */
    public static final String JOB_APPLY = "job.apply";

    /**
     * All jobs of a set, all or nothing: {@code {"source": "set:NAME", "prune": false, "adopt":
     * false, "expect": "..." or absent, "patterns": [{"namespace", "name", "version", "text",
     * "format", "hash", "file"}], "jobs": [as in JOB_APPLY, with "file"]}}. With {@code expect},
     * only while what a plan was based on is still so.
     */
    public static final String SET_APPLY = "set.apply";

    /**
     * {@code {"namespace", "name", "text", "format", "hash", "source"}}: what the pattern says from
     * now on; jobs that were made of it stay as they are.
     */
    public static final String PATTERN_PUT = "pattern.put";

    /** {@code {"name"}}: refused while a living job was made of it. */
    public static final String PATTERN_DELETE = "pattern.delete";

    /** {@code {"version": 3}}: what that version said becomes a new version. */
    public static final String JOB_ROLLBACK = "job.rollback";

    /**
     * {@code {"source": null | "dir:PATH", "force": true or absent}}: the job becomes ARCHIVED.
     * With a source, only a job that this source defines; without one, a job that a file defines
     * only by force.
     */
    public static final String JOB_DELETE = "job.delete";

    /** {@code {}} */
    public static final String JOB_PAUSE = "job.pause";

    /** {@code {}}: also a job that is stopped, whose triggers are armed again from now on. */
    public static final String JOB_RESUME = "job.resume";

    /**
     * {@code {"params": {...}, "orchestration": "...", "run": "0H...", "by": "manual"}}, all of
     * them optional. With a run, that is the id that was given out: where nobody waits for the
     * answer, the run is made in any case.
     */
    public static final String RUN_START = "run.start";

    /**
     * Many runs of one job, all or none: a JSON list of params objects, at most {@link
     * Command#RUNS_MAX}.
     */
    public static final String RUNS_START = "runs.start";

    /**
     * Runs of any jobs, accepted already: {@code {"atomic": true, "starts": [{"job": "...", "run":
     * "0H...", "params": {...}, "orchestration": "..." or absent}]}}.
     */
    public static final String RUNS_ACCEPTED = "runs.accepted";

    /** {@code {"run": "0H..."}}: attempts are cancelled, what always comes last still comes. */
    public static final String RUN_STOP = "run.stop";

    /** {@code {"run": "0H..."}}: everything of it ends at once. */
    public static final String RUN_KILL = "run.kill";

    /** {@code {"run": "0H..."}} */
    public static final String RUN_PAUSE = "run.pause";

    /** {@code {"run": "0H..."}} */
    public static final String RUN_RESUME = "run.resume";

    /** {@code {"run": "0H..."}}: the stages that failed, and what was skipped because of them. */
    public static final String RUN_RETRY = "run.retry";

    /** {@code {"run": "0H...", "stage": "id"}}: that stage and all that depend on it. */
    public static final String RUN_RERUN = "run.rerun";

    /** {@code {"run": "0H...", "until": ISO instant or null}}; null is "until manually ended". */
    public static final String RUN_EXTEND = "run.extend";

    /**
     * {@code {"run": "0H...", "stage": "id", "action": "hold", "output": any JSON}}: one of {@link
     * dev.millrace.lifecycle.StageAction} in lower case; the output goes with complete.
     */
    public static final String STAGE_ACT = "stage.act";

    /** {@code {}}: its triggers are disarmed until it is resumed. */
    public static final String JOB_STOP = "job.stop";

    /**
     * {@code {"scope": "all" | "namespace" | "pool", "name": "..."}}; the name is empty for all.
     */
    public static final String PAUSE = "pause";

    /** As {@link #PAUSE}. */
    public static final String RESUME = "resume";

    /** {@code {"name", "key", "data": any JSON, "environment": "..." or null}} */
    public static final String EVENT_SEND = "event.send";

    /** {@code {"name", "capacity"}}: a named lock of the namespace. */
    public static final String LOCK_PUT = "lock.put";

    /** {@code {"weight"}}: the namespace's share of pools that are contended. */
    public static final String SHARE_PUT = "share.put";

    /**
     * {@code {"jobs", "queued", "running", "runsPerDay", "payloadBytes", "minIntervalMillis",
     * "whenOver": "reject" | "wait"}}, of the namespace; null or absent is without a limit.
     */
    public static final String QUOTA_PUT = "quota.put";

    /** {@code {"pool", "starts", "perMillis"}}; starts 0 lifts the rate. */
    public static final String RATE_PUT = "rate.put";

    /**
     * Dead letters, each once. One of {@code {"ids": ["..."]}}; {@code {"id": "...", "params":
     * {...} or absent}}, with other values a new run; {@code {"filter": {...}, "rate": 10}}, worked
     * off at so many a second; {@code {"cancel": "..."}} and {@code {"step": "..."}} of such a one.
     * The filter has any of run, job, stage, fingerprint, error, since, until.
     */
    public static final String DEAD_REDRIVE = "dead.redrive";

    /**
     * {@code {"trigger": "7" or absent, "from", "to": ISO instants, "params": {...}, "maxParallel",
     * "rate": "30/m" or null, "priority", "rerun"}}: runs for the past ticks of a job's trigger.
     */
    public static final String BACKFILL_CREATE = "backfill.create";

    /** {@code {"id": "...", "to": "RUNNING" | "PAUSED" | "CANCELLED"}} */
    public static final String BACKFILL_MOVE = "backfill.move";

    /**
     * Of an operation on many: {@code {"step": "...", "steps": 3, "max": 200}} does the next of its
     * items, {@code {"cancel": "..."}} ends it.
     */
    public static final String BULK = "bulk";

    /** {@code {"ids": ["..."]}}, {@code {"id": "..."}} or {@code {"filter": {...}}}. */
    public static final String DEAD_DISCARD = "dead.discard";
  }
}
