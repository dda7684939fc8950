package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The page of one job and the editor: its views, starting it, and changing what it says. */
class JobPageTest extends DashboardTest {
  private static final LocatorAssertions.ContainsTextOptions SOON =
      new LocatorAssertions.ContainsTextOptions().setTimeout(20_000);

  private static final String CHARTS_ARE_DRAWN =
      "() => [...document.querySelectorAll('.plot canvas')].every(c => window.Chart?.getChart(c))";

  private static final String REPORT =
      """
      id: report
      description: Writes the report
      labels: {team: finance}
      params: {day: {type: string, required: true}, rows: {type: integer, default: 10}, key: {type: string, secret: true}, full: boolean}
      triggers: [{every: 1h, params: {day: today}}]
      stages:
        - {id: read, run: noop}
        - {id: write, run: noop, needs: [read], if: "${{ params.rows > 0 }}"}
      """;

  private Locator text() {
    return page.getByLabel("Definition, YAML or JSON");
  }

  @Test
  void everyViewOfAJob() {
    api.job(REPORT);
    api.job(REPORT.replace("Writes the report", "Writes the whole report"));
    String params = "{\"params\":{\"day\":\"2026-11-26\"}}";
    api.awaitState(api.post("/jobs/report/runs", params).get("id").getAsString(), "COMPLETED");
    open("#/jobs/report");
    keep("job-overview");
    for (String name : new String[] {"Runs", "Versions", "Calendar", "Statistics", "Definition"}) {
      page.getByRole(AriaRole.TAB, new Page.GetByRoleOptions().setName(name)).click();
      page.locator("[role=tabpanel] .boot")
          .waitFor(
              new Locator.WaitForOptions()
                  .setState(com.microsoft.playwright.options.WaitForSelectorState.DETACHED));
      page.waitForFunction(CHARTS_ARE_DRAWN);
      keep("job-" + name.toLowerCase(Locale.ROOT));
    }
    assertThat(page.locator("pre.code")).containsText("Writes the whole report");
  }

  @Test
  void aRunIsStartedWithItsParameters() {
    api.job(REPORT);
    open("#/jobs/report");
    button("Start").click();
    assertThat(dialog().locator("input[type=password]")).hasCount(1);
    dialog().locator("input[type=text]").first().fill("2026-11-26");
    dialog().getByText("What would it do?").click();
    assertThat(dialog()).containsText("It would start at once.");
    keep("job-start");
    dialog().locator("footer button").last().click();
    assertThat(page.locator("h1 .badge").first()).containsText("completed", SOON);
    page.getByRole(AriaRole.TAB, new Page.GetByRoleOptions().setName("Details")).click();
    assertThat(page.locator(".params")).containsText("2026-11-26");
  }

  @Test
  void aVersionIsComparedAndBroughtBack() {
    api.job(REPORT);
    api.job(REPORT.replace("default: 10", "default: 20"));
    open("#/jobs/report/versions");
    assertThat(page.locator(".difftable .add")).containsText("20");
    page.locator(".versionlist li")
        .filter(new Locator.FilterOptions().setHasText("Version 1"))
        .last()
        .getByText("Roll back")
        .click();
    confirm("20 were too many");
    assertThat(page.locator(".versionlist")).containsText("20 were too many", SOON);
  }

  @Test
  void aJobIsPausedAndResumed() {
    api.job(REPORT);
    open("#/jobs/report");
    button("Pause").click();
    confirm("quarter end");
    assertThat(page.locator("h1 .badge")).containsText("paused", SOON);
    button("Resume").click();
    confirm("it is over");
    assertThat(page.locator("h1 .badge")).containsText("scheduled", SOON);
  }

  @Test
  void problemsStandAtTheirLines() {
    api.job(REPORT);
    open("#/jobs/report/edit");
    assertThat(page.locator("#node-read")).isVisible();
    String good = text().inputValue();
    text().fill(good + "prority: 3\n");
    assertThat(page.locator(".editorproblems")).containsText("did you mean 'priority'?");
    assertThat(page.locator(".gutter .badline")).hasText(String.valueOf(good.lines().count() + 1));
    assertThat(button("Review and apply")).isDisabled();
    keep("editor-problem");
    open("#/jobs/report");
    open("#/jobs/report/edit");
    assertThat(page.getByText("This is your draft from before")).isVisible();
    page.getByText("Drop it").click();
    assertThat(page.locator(".editorproblems")).hasCount(0);
  }

  @Test
  void whatSomebodyElseChangedMeanwhileIsNotOverwritten() {
    api.job(REPORT);
    open("#/jobs/report/edit");
    text().fill(text().inputValue().replace("Writes the report", "Writes what I say"));
    api.job(REPORT.replace("Writes the report", "Writes what they say"));
    complaints.expect("412 POST .*/jobs");
    button("Review and apply").click();
    dialog().locator("footer button").last().click();
    assertThat(dialog()).containsText("Somebody else has changed this job meanwhile");
    accessible("a change that came too late");
    button("Show what differs now").click();
    assertThat(page.getByText("which is in force now")).isVisible();
    assertThat(page.locator(".editorside")).containsText("Writes what they say");
    button("Review and apply").click();
    confirm("mine is right");
    assertThat(page.locator("main")).containsText("Writes what I say");
  }

  @Test
  void aNewJobIsMadeFromATemplate() {
    open("#/new");
    page.getByLabel("Begin with").selectOption("fan-out");
    assertThat(page.locator("#node-each")).isVisible();
    keep("editor-new");
    button("Review and make").click();
    confirm("a first one");
    assertThat(heading("my-fan-out")).isVisible();
  }
}
