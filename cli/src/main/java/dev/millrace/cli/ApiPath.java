package dev.millrace.cli;

/** Where the API has its things. Stateless. */
final class ApiPath {
  static final String JOBS = "/api/v1/jobs";
  static final String RUNS = "/api/v1/runs";
  private static final String ARTIFACTS = "/api/v1/artifacts";
  static final String EVENTS = "/api/v1/events";
  static final String PAUSES = "/api/v1/pauses";
  static final String LOCKS = "/api/v1/locks";
  static final String STARTS = "/api/v1/starts";
  private static final String NAMESPACES = "/api/v1/namespaces";
  static final String DEAD_LETTERS = "/api/v1/dead-letters";
  static final String REDRIVES = DEAD_LETTERS + "/redrives";

  private ApiPath() {}

  static String job(String job) {
    return JOBS + "/" + ApiClient.encoded(job);
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

  static String deadLetter(String id) {
    return DEAD_LETTERS + "/" + ApiClient.encoded(id);
  }
}
