package dev.millrace.settings;

import java.util.regex.Pattern;

/** Hides secrets in texts that are shown. Stateless, any thread. */
public final class Masks {
  public static final String MASK = "***";

  /** Greedy up to the last '@' before the path, because a password may hold an '@' itself. */
  private static final Pattern LOGIN = Pattern.compile("(//[^/?#\\s:]*:)[^/?#\\s]*@");

  private static final Pattern PARAMETER =
      Pattern.compile("(?i)([?&;](?:[a-z_]*password|sslpassword|secret|token)=)[^&;\\s]*");

  private Masks() {}

  /** A URL without its password, in the login or in a parameter. */
  public static String url(String url) {
    String masked = LOGIN.matcher(url).replaceAll("$1***@");
    return PARAMETER.matcher(masked).replaceAll("$1***");
  }

  static String secret(String value) {
    return value.isEmpty() ? "" : MASK;
  }
}
