package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.Tokens;
import dev.millrace.settings.AccessSettings;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
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
   * A token that is admin of everything, for whoever can write to the database.
   *
   * @return empty when a token of this name is in use
   */
  public static Optional<String> recover(Handle tx, String name, String by) {
    return TokensApi.make(tx, name, ADMIN, by, null).map(TokensApi.Made::text);
  }
}
