package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What failed for good: seen in groups, looked at, edited, redriven, discarded. */
class DeadLettersTest extends DashboardTest {
  /** Of each test alone: letters of one test are not in the groups of another. */
  private String job;

  @BeforeEach
  void aJobThatFailsUntilItIsToldWhere(org.junit.jupiter.api.TestInfo test) {
    job = test.getTestMethod().orElseThrow().getName();
    api.job(
        """
        id: %s
        params: {where: {type: string, default: nowhere}}
        stages:
          - {id: load, run: command, with: {shell: "test ${{ params.where }} = here"}}
        """
            .formatted(job));
    api.run(job, "FAILED");
    api.run(job, "FAILED");
  }

  @Test
  void groupsAreShownAndKept() {
    open("#/dead?job=" + job);
    assertThat(page.locator("tbody tr")).hasCount(1);
    assertThat(page.locator("tbody tr")).containsText("exit code 1");
    keep("dead-letters");
  }

  @Test
  void aLetterWithOtherParametersMakesANewRun() {
    open("#/dead?job=" + job);
    button("Look").click();
    assertThat(dialog()).containsText("exit code 1");
    shot("dead-letter-light");
    accessible("dead letter");
    dialog().locator("textarea[name=params]").fill("{\"where\": \"here\"}");
    assertThat(dialog().locator("footer button.primary")).hasText("Start a new run");
    confirm("it is here");
    page.locator(".toast a").click();
    assertThat(page).hasURL(Pattern.compile("#/runs/"));
    String url = page.url();
    api.awaitState(url.substring(url.lastIndexOf('/') + 1).replaceAll("\\?.*", ""), "COMPLETED");
  }

  @Test
  void parametersThatAreNotJsonAreSaidToBe() {
    open("#/dead?job=" + job);
    button("Look").click();
    dialog().locator("textarea[name=params]").fill("{where: here");
    dialog().locator("footer button.primary").click();
    assertThat(dialog()).containsText("The parameters are not JSON");
  }

  @Test
  void aGroupIsRedrivenAndItsProgressIsShown() {
    open("#/dead?job=" + job);
    button("Redrive…").click();
    confirm("the table is there now");
    page.locator(".toast a").click();
    assertThat(page.locator("tbody tr").first()).containsText("2 of 2");
    keep("redrives");
  }

  @Test
  void chosenLettersAreDiscarded() {
    open("#/dead?view=letters&job=" + job);
    page.getByLabel("All on this page").check();
    assertThat(page.locator(".bulkbar")).containsText("2 chosen");
    accessible("chosen letters");
    button("Discard").click();
    confirm("nobody needs them");
    assertThat(page.getByText("No dead letter fits")).isVisible();
    assertThat(api.get("/dead-letters?state=DISCARDED&job=" + job).getAsJsonArray("items"))
        .hasSize(2);
  }
}
