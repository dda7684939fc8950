package dev.millrace.wire;

/** Names of the broker's entities; docs/protocol.md has the table of who writes and who reads. */
public final class Entities {
  private Entities() {}

  /** Direct exchange, routing key = pool. */
  public static final String STAGES = "millrace.stages";

  /** What all of them begin with. */
  public static final String PREFIX = "millrace.";

  /** What other systems ask for: each message starts a run. */
  public static final String TRIGGERS = "millrace.triggers";

  public static final String REPORTS = "millrace.reports";
  public static final String HEARTBEATS = "millrace.heartbeats";
  public static final String LOGS = "millrace.logs";

  /** Requests of workers to store and to read artifacts; answers go to where they say. */
  public static final String ARTIFACTS = "millrace.artifacts";

  /** Requests of workers for stored secrets; answers go, sealed, to where they say. */
  public static final String SECRETS = "millrace.secrets";

  /** What workers have seen of files, and moved. */
  public static final String FILES = "millrace.files";

  /** Fanout exchange; each worker binds an exclusive queue. */
  public static final String CONTROL = "millrace.control";

  /** Topic exchange, routing key = namespace.job.type: what happens, for whoever binds a queue. */
  public static final String EVENTS = "millrace.events";

  /** Fanout exchange and durable queue of the same name. */
  public static final String DEAD = "millrace.dead";

  /** The queue of a pool. */
  public static String stagesOf(String pool) {
    return STAGES + "." + pool;
  }
}
