package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The lists of jobs and runs: what they show, how they are narrowed, what is done from them. */
class ListsTest extends DashboardTest {
  private static final String BROKEN =
      """
      id: orders-import
      description: Loads the orders of the last hour
      labels: {team: data}
      stages:
        - {id: extract, run: command, with: {shell: "echo extracting"}}
        - {id: load, run: command, needs: [extract], with: {shell: "echo no such table >&2; exit 3"}}
      """;

  @BeforeEach
  void jobs() {
    api.job(BROKEN);
    api.job(
        """
        id: price-watch
        triggers: [{cron: "0 9 * * MON", timezone: Europe/London}]
        stages: [{id: discover, run: noop}]
        """);
    api.job(
        """
        id: sleeper
        stages: [{id: sleep, run: command, with: {shell: "sleep 60"}}]
        """);
  }

  @Test
  void jobsAreShownAndNarrowed() {
    api.run("orders-import", "FAILED");
    open("#/jobs");
    assertThat(row("orders-import")).containsText("failed");
    assertThat(row("price-watch")).containsText("0 9 * * MON Europe/London");
    keep("jobs");
    page.getByPlaceholder("Search by id or description").fill("last hour");
    assertThat(row("orders-import")).isVisible();
    assertThat(row("price-watch")).hasCount(0);
    assertThat(page).hasURL(Pattern.compile("q=last\\+hour"));
    page.reload();
    assertThat(row("orders-import")).isVisible();
    assertThat(row("price-watch")).hasCount(0);
    button("Clear filters").click();
    assertThat(row("price-watch")).isVisible();
  }

  @Test
  void aJobIsPausedAndResumedFromTheList() {
    open("#/jobs");
    row("price-watch").getByRole(AriaRole.BUTTON, named("Pause")).click();
    shot("reason-light");
    accessible("reason dialog");
    confirm("the shop is closed");
    assertThat(row("price-watch")).containsText("paused");
    assertThat(page.locator(".toast")).containsText("price-watch paused");
    row("price-watch").getByRole(AriaRole.BUTTON, named("Resume")).click();
    confirm("");
    assertThat(row("price-watch")).containsText("scheduled");
    assertThat(api.get("/jobs/price-watch").get("state").getAsString()).isEqualTo("SCHEDULED");
  }

  @Test
  void aRunIsStartedFromTheList() {
    open("#/jobs");
    row("price-watch").getByRole(AriaRole.BUTTON, named("Start")).click();
    dialog()
        .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Start the run"))
        .click();
    assertThat(page).hasURL(Pattern.compile("#/runs/[0-9A-Z]{13}"));
  }

  @Test
  void runsAreNarrowedByStateAndError() {
    api.run("orders-import", "FAILED");
    api.run("price-watch", "COMPLETED");
    open("#/runs");
    keep("runs");
    button("failed").click();
    assertThat(page).hasURL(Pattern.compile("state=FAILED"));
    assertThat(row("price-watch")).hasCount(0);
    assertThat(row("orders-import").first()).containsText("exit code 3");
    page.getByPlaceholder("Search in errors").fill("nothing says this");
    assertThat(page.getByText("No run fits these filters")).isVisible();
  }

  @Test
  void chosenRunsAreRetriedTogether() {
    String one = api.run("orders-import", "FAILED");
    String two = api.run("orders-import", "FAILED");
    open("#/runs?job=orders-import&state=FAILED");
    button("Choose…").click();
    page.getByLabel("Choose " + one).check();
    page.getByLabel("Choose " + two).check();
    assertThat(page.locator(".bulkbar")).containsText("2 chosen");
    shot("runs-chosen-light");
    accessible("chosen runs");
    page.locator(".bulkbar").getByRole(AriaRole.BUTTON, named("Retry")).click();
    confirm("the table is there now");
    assertThat(page.locator(".toast")).containsText("all 2 done");
    assertThat(api.get("/runs/" + one + "/history").toString()).contains("the table is there now");
  }

  @Test
  void whatIsRefusedForSomeIsSaid() {
    String failed = api.run("orders-import", "FAILED");
    String done = api.run("price-watch", "COMPLETED");
    complaints.expect("409 POST .*/" + done + "/retry");
    open("#/runs");
    button("Choose…").click();
    page.getByLabel("Choose " + failed).check();
    page.getByLabel("Choose " + done).check();
    page.locator(".bulkbar").getByRole(AriaRole.BUTTON, named("Retry")).click();
    dialog().locator("footer button").last().click();
    assertThat(dialog()).containsText("1 were refused");
    assertThat(dialog()).containsText(done);
  }

  @Test
  void aLongListComesInPages() {
    for (int i = 0; i < 51; i++) {
      api.start("price-watch");
    }
    open("#/runs?job=price-watch");
    assertThat(page.locator("tbody tr")).hasCount(50);
    button("Next page").click();
    assertThat(page).hasURL(Pattern.compile("after="));
    assertThat(page.locator("tbody tr").first()).isVisible();
    page.goBack();
    assertThat(page.locator("tbody tr")).hasCount(50);
  }

  @Test
  void aNodeThatDoesNotAnswerIsSaidAndNothingIsLost() {
    complaints.expect("ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch|net::");
    open("#/jobs");
    assertThat(row("sleeper")).isVisible();
    page.context().setOffline(true);
    button("Choose…").click();
    page.getByPlaceholder("Search by id or description").fill("sleeper");
    assertThat(page.getByText("No connection").first()).isVisible();
    assertThat(row("sleeper")).isVisible();
    page.context().setOffline(false);
    assertThat(page.getByText("No connection")).hasCount(0);
  }

  private Locator row(String name) {
    return page.locator("tbody tr", new Page.LocatorOptions().setHasText(name));
  }

  private static Locator.GetByRoleOptions named(String name) {
    return new Locator.GetByRoleOptions().setName(name).setExact(true);
  }
}
