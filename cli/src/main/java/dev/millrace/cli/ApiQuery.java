package dev.millrace.cli;

/** The query of a request; what is null is left out. One thread. */
final class ApiQuery {
  private final StringBuilder text = new StringBuilder();

  ApiQuery with(String key, Object value) {
    if (value != null) {
      text.append(text.isEmpty() ? '?' : '&')
          .append(key)
          .append('=')
          .append(ApiClient.encoded(value.toString()));
    }
    return this;
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
