package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each page of the frame over something to show: kept as a picture, and open to everybody. */
class PagesTest extends DashboardTest {
  @BeforeEach
  void somethingToShow() {
    api.job(
        """
        id: nightly-report
        description: The report that everybody reads at nine
        labels: {team: finance}
        triggers: [{cron: "0 9 * * MON-FRI", timezone: Europe/London}, {every: 5m}]
        locks: [{name: warehouse}]
        stages: [{id: report, run: command, with: {shell: "sleep 120"}}]
        """);
  }

  @Test
  void overview() {
    api.start("nightly-report");
    open("#/");
    assertThat(page.locator(".health h1")).isVisible();
    assertThat(page.getByText("Coming up")).isVisible();
    keep("overview");
  }

  @Test
  void locks() {
    api.start("nightly-report");
    api.start("nightly-report");
    open("#/locks");
    assertThat(page.locator("tbody tr").first()).containsText("warehouse");
    keep("locks");
    button("Capacity…").click();
    dialog().locator("input[type=number]").fill("2");
    confirm("two may work there");
    assertThat(page.locator("tbody tr").first()).containsText("of 2");
  }

  @ParameterizedTest
  @CsvSource({
    "#/schedule, Schedule, schedule",
    "#/workers, Workers, workers",
    "#/pools, Pools, pools",
    "#/pauses, Pauses, pauses",
    "#/alerts, Alerts, alerts",
    "#/quotas, Quotas, quotas",
    "#/patterns, Patterns, patterns",
    "#/sets, Sets, sets",
  })
  void opens(String hash, String title, String name) {
    open(hash);
    assertThat(heading(title).first()).isVisible();
    keep(name);
  }

  @Test
  void aNamespaceIsPausedAndResumed() {
    open("#/pauses");
    button("Pause…").click();
    dialog().locator("input[name=name]").fill("elsewhere");
    confirm("it floods the pool");
    assertThat(page.locator("tbody tr")).containsText("namespace elsewhere");
    assertThat(page.locator("tbody tr")).containsText("it floods the pool");
    button("Resume").click();
    confirm("it is well again");
    assertThat(page.getByText("Nothing is paused as a whole")).isVisible();
  }

  @Test
  void aPoolIsPausedAndResumed() {
    open("#/pools");
    button("Pause").first().click();
    confirm("the disk is full");
    assertThat(page.locator("tbody tr").first()).containsText("paused");
    button("Resume").first().click();
    confirm("");
    assertThat(button("Pause").first()).isVisible();
  }

  @Test
  void howManyWorkersAPoolShouldHaveIsWrittenDown() {
    open("#/pools");
    button("Scale…").first().click();
    assertThat(dialog()).containsText("Millrace starts no workers itself");
    dialog().locator("input[name=desired]").fill("7");
    confirm("the night is long");
    assertThat(page.locator("tbody tr").first()).containsText("of 7 wanted");
  }

  @Test
  void aQuotaIsSet() {
    open("#/quotas");
    button("Change…").click();
    dialog().locator("input[name=jobs]").fill("50");
    confirm("enough for them");
    assertThat(page.locator(".pairs")).containsText("of 50");
  }
}
