package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tokens and the audit: made, shown once, used to log in, revoked, and all of it written down. */
class AdminTest extends DashboardTest {
  @Test
  void aTokenIsShownOnceAndRevoked() {
    open("#/tokens");
    button("New token…").click();
    dialog().locator("input[name=name]").fill("night shift");
    dialog().locator("footer button.primary").click();
    Locator shown = dialog().locator("[data-token]");
    assertThat(shown).hasText(Pattern.compile("mlr_.+"));
    accessible("the new token");
    String secret = shown.textContent();
    button("I have it").click();
    assertThat(row("night shift")).containsText("in use");
    assertThat(page.content()).doesNotContain(secret);
    keep("tokens");
    row("night shift").getByRole(AriaRole.BUTTON).click();
    confirm("the shift is over");
    assertThat(row("night shift")).containsText("revoked");
    open("#/audit", "*");
    assertThat(page.locator("tbody tr", hasText("the shift is over")).first()).isVisible();
  }

  @Test
  void theAuditIsNarrowedByWho() {
    api.job("id: audited\nstages: [{id: a, run: noop}]\n");
    open("#/audit");
    assertThat(page.locator("tbody tr", hasText("audited")).first()).isVisible();
    page.getByPlaceholder("Subject: a job, a run, a token").fill("nobody-at-all");
    assertThat(page.getByText("Nothing fits these filters")).isVisible();
  }

  @Test
  void aSecretIsSetAndRemoved() {
    open("#/secrets");
    button("New secret…").click();
    dialog().locator("input[name=name]").fill("db-password");
    dialog().locator("input[name=value]").fill("correct horse");
    dialog().locator("footer button.primary").click();
    assertThat(row("db-password")).isVisible();
    assertThat(page.content()).doesNotContain("correct horse");
    keep("secrets");
    row("db-password").getByText("Remove").click();
    confirm("no longer used");
    assertThat(row("db-password")).hasCount(0);
  }

  @Test
  void jobsArePausedInBulk() {
    for (String id : new String[] {"north", "south", "east"}) {
      api.job("id: " + id + "\ntriggers: [{every: 1h}]\nstages: [{id: a, run: noop}]\n");
    }
    open("#/bulk");
    button("On jobs…").click();
    assertThat(button("How many are they?")).isDisabled();
    dialog().locator("input[name=q]").fill("th");
    button("How many are they?").click();
    assertThat(dialog().locator(".callout")).containsText("2 jobs would be changed");
    accessible("the preview");
    confirm("quarter end");
    assertThat(page.locator("dl.pairs").first()).containsText("2 of 2");
    assertThat(page.locator("dl.pairs").first()).containsText("quarter end");
    keep("bulk");
  }

  @Test
  void whoMayOnlyLookIsToldSo() {
    api.job("id: theirs\nstages: [{id: a, run: noop}]\n");
    String token =
        api.post("/tokens", "{\"name\":\"looker\",\"roles\":{\"admin\":\"viewer\"}}")
            .get("token")
            .getAsString();
    open("#/jobs");
    page.evaluate(
        """
        token => fetch("/api/v1/session", {method: "POST", body: JSON.stringify({token}),
            headers: {"X-Millrace-Request": "1", "Content-Type": "application/json"}})
        """,
        token);
    page.reload();
    settled();
    assertThat(button("New job")).isDisabled();
    assertThat(button("New job")).hasAttribute("title", Pattern.compile("needs the role editor"));
    open("#/jobs/theirs");
    assertThat(button("Start")).isDisabled();
    keep("job-viewer");
  }

  @Test
  void theWayInIsAToken() {
    String token =
        api.post("/tokens", "{\"name\":\"day shift\",\"roles\":{\"admin\":\"operator\"}}")
            .get("token")
            .getAsString();
    complaints.expect("401 ");
    // Here everybody on the machine may call, but not with credentials that are wrong.
    page.setExtraHTTPHeaders(Map.of("Authorization", "Bearer nobody"));
    open("#/jobs");
    Locator field = page.locator("input[name=token]");
    assertThat(field).isVisible();
    keep("login");
    page.setExtraHTTPHeaders(Map.of());
    field.fill("mlr_1_wrong");
    button("Log in").click();
    assertThat(page.locator(".login .problem")).isVisible();
    field.fill(token);
    button("Log in").click();
    assertThat(heading("Jobs")).isVisible();
    assertThat(page.locator("body")).containsText("day shift");
    assertThat(button("New job")).isDisabled();
  }

  private Locator row(String text) {
    return page.locator("tbody tr", hasText(text));
  }

  private static Page.LocatorOptions hasText(String text) {
    return new Page.LocatorOptions().setHasText(text);
  }
}
