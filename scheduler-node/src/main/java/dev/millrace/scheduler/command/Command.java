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

  /**
   * Asks for as many runs of a job without parameters.
   *
   * @param count 1..{@link #RUNS_MAX}
   */
  public static Command runs(String namespace, String job, int count, String actor) {
    String body = "[" + "{},".repeat(count - 1) + "{}]";
    return new Command(Kind.RUNS_START, namespace, job, body, actor, null);
  }

  /** How much of the leader's turn the command takes: the runs that it asks for. */
  public int weight() {
    return kind.equals(Kind.RUNS_START)
        ? Math.max(1, (int) body.chars().filter(c -> c == '{').count())
        : 1;
  }

  /** The kinds, and what their bodies hold. */
  public static final class Kind {
    private Kind() {}

    /** {@code {"definition": canonical JSON object, "source": "api" | "dir:PATH"}} */
    public static final String JOB_APPLY = "job.apply";

    /**
     * {@code {"source": null | "dir:PATH"}}: with a source, only a job that this source defines is
     * removed.
     */
    public static final String JOB_DELETE = "job.delete";

    /** {@code {}} */
    public static final String JOB_PAUSE = "job.pause";

    /** {@code {}} */
    public static final String JOB_RESUME = "job.resume";

    /**
     * {@code {"params": {...}}}; the short form of the bulk path is the params object's text alone.
     */
    public static final String RUN_START = "run.start";

    /**
     * Many runs of one job, all or none: a JSON list of params objects, at most {@link
     * Command#RUNS_MAX}.
     */
    public static final String RUNS_START = "runs.start";

    /** {@code {"run": "0H..."}} */
    public static final String RUN_STOP = "run.stop";
  }
}
