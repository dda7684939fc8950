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

    /** {@code {"run": "0H..."}} */
    public static final String RUN_STOP = "run.stop";
  }
}
