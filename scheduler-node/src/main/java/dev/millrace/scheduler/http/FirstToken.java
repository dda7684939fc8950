package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.Tokens;
import dev.millrace.settings.AccessSettings;
import dev.millrace.settings.PostgresSettings;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jdbi.v3.core.Jdbi;

/** Tokens that nobody with a token has made: the first, and one when it is lost. Any thread. */
public final class FirstToken {
  private static final String NAME = "first";
  private static final Map<String, Role> ADMIN = Map.of(Principal.EVERYWHERE, Role.ADMIN);

  private FirstToken() {}

  /**
   * A token that is admin of everything, when there has never been any and nobody becomes that by
   * OIDC.
   */
  public static Optional<String> make(Jdbi jdbi, AccessSettings settings) {
    boolean other =
        settings.hasOidc()
            && settings.oidcRoles().values().stream().anyMatch(role -> role.contains("*:admin"));
    if (other) {
      return Optional.empty();
    }
    String secret = TokenText.newSecret();
    return jdbi.inTransaction(
            tx ->
                Tokens.putFirst(
                    tx, NAME, TokenText.hash(secret), Json.write(Roles.json(ADMIN)), "first start"))
        .map(id -> new TokenText(id, secret).text());
  }

  /**
   * A token that is admin of everything, for whoever can write to the database; which has to have
   * been migrated by a node.
   *
   * @return empty when a token of this name is in use
   * @throws org.jdbi.v3.core.JdbiException when the database does not answer, or is not Millrace's
   */
  public static Optional<String> recover(PostgresSettings database, String name) {
    Properties properties = new Properties();
    properties.setProperty("currentSchema", Database.SCHEMA);
    properties.setProperty("connectTimeout", "5");
    properties.setProperty("socketTimeout", "30");
    if (!database.user().isEmpty()) {
      properties.setProperty("user", database.user());
      properties.setProperty("password", database.password());
    }
    String by = "database:" + database.user();
    return Jdbi.create(database.url(), properties)
        .inTransaction(tx -> TokensApi.make(tx, name, ADMIN, by, null))
        .map(TokensApi.Made::text);
  }
}
