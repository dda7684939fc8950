package dev.millrace.scheduler.status;

/**
 * How this node sees itself at one moment, for health checks and the dashboard. Immutable.
 *
 * @param node this node's name
 * @param leader true while this node holds the term
 * @param epoch the epoch of the term it holds or last saw; 0 when it never saw one
 * @param leaderNode the node that leads as far as this node knows, or null
 * @param databaseProblem null while the database answers, else why not
 * @param brokerProblem null while the broker is connected, else why not
 */
public record NodeStatus(
    String node,
    boolean leader,
    long epoch,
    String leaderNode,
    String databaseProblem,
    String brokerProblem) {
  public boolean ready() {
    return databaseProblem == null && brokerProblem == null;
  }
}
