package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonPrimitive;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Texts that want to be code: in descriptions, labels, reasons, errors, logs and addresses. They
 * are shown as what they are; nothing runs, nothing is built of them, nothing breaks the page.
 */
class HostileTest extends DashboardTest {
  private static final String SCRIPT =
      "<script>window.hacked=1</script><img src=x onerror='window.hacked=2'>"
          + "\"><svg onload=window.hacked=3> javascript:window.hacked=4 {{7*7}} ${7*7}";
  private static final String RIGHT_TO_LEFT = "\u202Egnp.exe\u2066";
  private static final String LONG = "x".repeat(900);

  @BeforeEach
  void hostileRows() {
    String id = "hostile";
    api.post(
        "/jobs?reason=" + Api.encoded(SCRIPT.substring(0, 60)),
        """
        {"namespace": "%s", "id": "%s", "description": %s, "labels": {"team": %s},
         "stages": [{"id": "load", "run": "command",
                     "with": {"argv": ["sh", "-c", "printf '%%s\\n' \\"$0\\"; printf '\\\\033[31mred\\\\033[2J\\\\033]0;title\\\\007' >&2; exit 7", %s]}}]}
        """
            .formatted(
                namespace(),
                id,
                quoted(SCRIPT + RIGHT_TO_LEFT + LONG),
                quoted("<img src=x onerror=alert(1)>"),
                quoted(SCRIPT)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"#/", "#/jobs", "#/runs", "#/dead", "#/dead?view=letters", "#/schedule"})
  void listsShowTextAsText(String hash) {
    api.post("/jobs/hostile/runs", "{\"reason\": " + quoted(SCRIPT) + "}");
    awaitOneFailed();
    open(hash);
    nothingRan();
  }

  @Test
  void theDescriptionIsReadAsItWasWritten() {
    open("#/jobs");
    assertThat(page.locator("tbody tr").first()).containsText("<script>window.hacked=1</script>");
    assertThat(page.locator("tbody").first()).not().containsText("\u202E");
    keep("hostile-jobs");
    nothingRan();
  }

  @Test
  void thePaletteShowsTextAsText() {
    open("#/");
    page.keyboard().press("Control+k");
    page.keyboard().type("hostile");
    assertThat(page.getByText("<script>window.hacked=1</script>").first()).isVisible();
    nothingRan();
  }

  @Test
  void reasonsAndErrorsOfTheServerAreText() {
    open("#/jobs");
    button("Pause").first().click();
    confirm(SCRIPT);
    assertThat(page.locator(".toast")).isVisible();
    nothingRan();
    api.post("/jobs/hostile/resume", "{}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "#/jobs/%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E",
        "#/runs/%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E",
        "#/runs?state=%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E",
        "#/runs?job=%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D1%3E",
        "#/runs?after=%00%01",
        "#/%E0%A4%A",
        "#/patterns/..%2F..%2Fapi",
        "#//evil.example/x",
      })
  void addressesAreText(String hash) {
    complaints.expect("4\\d\\d GET ");
    open(hash);
    nothingRan();
    assertThat(page.locator("main")).isVisible();
  }

  @Test
  void aHostileNamespaceIsRefusedBeforeItIsAsked() {
    open("#/jobs");
    page.getByLabel("Namespace").fill("<img src=x onerror=window.hacked=1>");
    page.keyboard().press("Enter");
    nothingRan();
    assertThat(page.locator("main h1").first()).hasText("Jobs");
  }

  private void awaitOneFailed() {
    org.awaitility.Awaitility.await("a failed run")
        .atMost(java.time.Duration.ofSeconds(20))
        .pollInterval(java.time.Duration.ofMillis(100))
        .until(() -> !api.get("/runs?state=FAILED&limit=1").getAsJsonArray("items").isEmpty());
  }

  private void nothingRan() {
    assertThat(page.evaluate("window.hacked")).isNull();
    assertThat(page.locator("main script, main iframe, main img, main [onerror], main [onload]"))
        .hasCount(0);
    int over =
        ((Number) page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
            .intValue();
    assertThat(over).as("wider than the window").isLessThanOrEqualTo(0);
  }

  private static String quoted(String text) {
    return new JsonPrimitive(text).toString();
  }
}
