package dev.millrace.settings;

/**
 * How to reach the database. Immutable.
 *
 * @param url JDBC URL; may hold a password
 * @param user empty when the URL names the user
 * @param password empty when there is none or the URL holds it
 */
public record PostgresSettings(String url, String user, String password, int poolSize) {
  /**
   * Only these, for what needs nothing but the database.
   *
   * @throws SettingsException with every problem
   */
  public static PostgresSettings read(SettingsInput input) {
    Values values = new Values(input);
    PostgresSettings settings = read(values);
    values.finish();
    return settings;
  }

  static PostgresSettings read(Values values) {
    String url = values.requiredText("postgres.url", "jdbc:postgresql://localhost:5432/millrace");
    if (!url.isEmpty() && !url.startsWith("jdbc:postgresql:")) {
      values.problem("postgres.url", "must start with jdbc:postgresql: , as JDBC URLs do");
    }
    PostgresSettings settings =
        new PostgresSettings(
            url,
            values.text("postgres.user"),
            values.secret("postgres.password"),
            values.integer("postgres.pool-size", 2, 100));
    values.require(
        settings.user.isEmpty() || !url.matches(".*[?&]user=.*"),
        "the database user is given twice, in the URL too",
        "postgres.user",
        "postgres.url");
    values.require(
        settings.password.isEmpty() || !url.matches(".*[?&]password=.*"),
        "the database password is given twice, in the URL too",
        "postgres.password",
        "postgres.url");
    values.require(
        settings.password.isEmpty() || !settings.user.isEmpty() || url.matches(".*[?&]user=.*"),
        "a database password without a user; set MILLRACE_POSTGRES_USER",
        "postgres.password",
        "postgres.user");
    return settings;
  }

  @Override
  public String toString() {
    return "PostgresSettings[url="
        + Masks.url(url)
        + ", user="
        + user
        + ", password="
        + Masks.secret(password)
        + ", poolSize="
        + poolSize
        + "]";
  }
}
