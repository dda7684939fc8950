package dev.millrace.settings;

/**
 * Who hears of events, and how many may. Immutable.
 *
 * @param amqp the leader publishes them to the broker
 * @param clientsMax of one node
 * @param clientsPerPrincipalMax of one principal on one node
 */
public record EventSettings(boolean amqp, int clientsMax, int clientsPerPrincipalMax) {
  private static final int CLIENTS_LIMIT = 100_000;
  private static final EventSettings USUAL = new EventSettings(true, 1_000, 100);

  /** The defaults, for whoever has no settings. */
  public static EventSettings usual() {
    return USUAL;
  }

  static EventSettings read(Values values) {
    String amqp = values.text("events.amqp");
    if (!amqp.equals("on") && !amqp.equals("off")) {
      values.problem("events.amqp", "'" + amqp + "' is neither on nor off");
    }
    return new EventSettings(
        amqp.equals("on"),
        values.integer("events.clients-max", 1, CLIENTS_LIMIT),
        values.integer("events.clients-per-principal", 1, CLIENTS_LIMIT));
  }
}
