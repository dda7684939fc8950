package dev.millrace.cli;

/** Where the API has its things. Stateless. */
final class ApiPath {
  static final String JOBS = "/api/v1/jobs";
  static final String RUNS = "/api/v1/runs";
  private static final String ARTIFACTS = "/api/v1/artifacts";
  static final String GRAPH = "/api/v1/graph";
  static final String SCHEDULE = "/api/v1/schedule";
  static final String TICKS = "/api/v1/ticks";
  static final String BACKFILLS = "/api/v1/backfills";
  static final String EVENTS = "/api/v1/events";
  static final String PAUSES = "/api/v1/pauses";
  static final String LOCKS = "/api/v1/locks";
  static final String STARTS = "/api/v1/starts";
  private static final String NAMESPACES = "/api/v1/namespaces";
  static final String DEAD_LETTERS = "/api/v1/dead-letters";
  static final String PATTERNS = "/api/v1/patterns";
  static final String REDRIVES = DEAD_LETTERS + "/redrives";
  static final String WORKERS = "/api/v1/workers";
  static final String POOLS = "/api/v1/pools";
  static final String SETS = "/api/v1/sets";
  static final String STATUS = "/api/v1/status";
  static final String OVERVIEW = "/api/v1/overview";
  static final String SESSION = "/api/v1/session";
  static final String TOKENS = "/api/v1/tokens";
  static final String AUDIT = "/api/v1/audit";
  static final String BULK = "/api/v1/bulk";
  static final String SECRETS = "/api/v1/secrets";

  private ApiPath() {}

  static String job(String job) {
    return JOBS + "/" + ApiClient.encoded(job);
  }

  static String version(String job, int version) {
    return job(job) + "/versions/" + version;
  }

  /** Nulls are left to the server. */
  static String diff(String job, Integer from, Integer to) {
    String older = from == null ? "" : "from=" + from;
    String newer = to == null ? "" : "to=" + to;
    String query = older + (older.isEmpty() || newer.isEmpty() ? "" : "&") + newer;
    return job(job) + "/diff" + (query.isEmpty() ? "" : "?" + query);
  }

  static String set(String set) {
    return SETS + "/" + ApiClient.encoded(set);
  }

  static String pattern(String pattern) {
    return PATTERNS + "/" + ApiClient.encoded(pattern);
  }

  static String orchestration(String id) {
    return "/api/v1/orchestrations/" + ApiClient.encoded(id);
  }

  static String graphOf(String job) {
    return job(job) + "/graph";
  }

  static String runsOf(String job) {
    return job(job) + "/runs";
  }

  static String run(String run) {
    return RUNS + "/" + ApiClient.encoded(run);
  }

  static String artifactsOf(String run) {
    return run(run) + "/artifacts";
  }

  static String artifact(String artifact) {
    return ARTIFACTS + "/" + ApiClient.encoded(artifact);
  }

  /** Only that something happened to the run; its id names it in every namespace. */
  static String eventsOf(String run) {
    return EVENTS + "?digest=true&namespace=*&run=" + ApiClient.encoded(run);
  }

  static String plannedStart(String run) {
    return STARTS + "/" + ApiClient.encoded(run);
  }

  static String quota(String namespace) {
    return NAMESPACES + "/" + ApiClient.encoded(namespace) + "/quota";
  }

  static String secret(String name) {
    return SECRETS + "/" + ApiClient.encoded(name);
  }

  static String deadLetter(String id) {
    return DEAD_LETTERS + "/" + ApiClient.encoded(id);
  }

  static String backfill(String id) {
    return BACKFILLS + "/" + ApiClient.encoded(id);
  }

  static String pool(String pool) {
    return POOLS + "/" + ApiClient.encoded(pool);
  }

  static String share(String namespace) {
    return "/api/v1/shares/" + ApiClient.encoded(namespace);
  }

  /**
   * @param trigger null where the job has only one
   */
  static String hook(String namespace, String job, String trigger) {
    String path = "/api/v1/hooks/" + ApiClient.encoded(namespace) + "/" + ApiClient.encoded(job);
    return trigger == null ? path : path + "/" + ApiClient.encoded(trigger);
  }

  static String stage(String run, String stage) {
    return run(run) + "/stages/" + ApiClient.encoded(stage);
  }
}
