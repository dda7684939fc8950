package dev.millrace.browser;

import com.microsoft.playwright.BrowserContext;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a browser complains of while a test goes on: errors in the console (violations of the
 * content policy are among them), uncaught errors, and answers that nobody expected. The test's
 * thread.
 */
final class Complaints {
  private final List<String> heard = new ArrayList<>();
  private final List<Pattern> expected = new ArrayList<>();

  void listenTo(BrowserContext context) {
    context.onConsoleMessage(
        message -> {
          // A failed request is heard below, with its status and address.
          if (message.type().equals("error") && !message.text().startsWith("Failed to load")) {
            heard.add("console: " + message.text());
          }
        });
    context.onWebError(error -> heard.add("uncaught: " + error.error()));
    context.onResponse(
        response -> {
          if (response.status() >= 400) {
            heard.add(response.status() + " " + response.request().method() + " " + response.url());
          }
        });
    context.onRequestFailed(
        request -> {
          // Leaving a page and changing the namespace end the stream and what is under way.
          if (!request.failure().contains("ERR_ABORTED")) {
            heard.add(request.failure() + " " + request.method() + " " + request.url());
          }
        });
    context.onDialog(
        dialog -> {
          heard.add("a dialog of the browser: " + dialog.message());
          dialog.dismiss();
        });
  }

  /** A complaint with this in it is part of the test. */
  void expect(String regex) {
    expected.add(Pattern.compile(regex));
  }

  List<String> unexpected() {
    return heard.stream()
        .filter(one -> expected.stream().noneMatch(pattern -> pattern.matcher(one).find()))
        .toList();
  }
}
