package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The first minute of a newcomer, as the README tells it: watch a pipeline run, break it, see why,
 * mend it in the editor, and rerun from the failed stage. With {@code -Dmillrace.docs=FOLDER} the
 * pictures of the README are written there.
 */
class FirstMinuteTest extends DashboardTest {
  private static final String PIPELINE =
      """
      id: pipeline
      description: Extracts, loads and checks side by side, then publishes
      stages:
        - id: extract
          run: command
          with: {shell: "echo extracting; echo 1200 rows"}
        - id: load
          run: command
          needs: [extract]
          with: {shell: "echo loading; sleep 2; echo loaded"}
        - id: check
          run: command
          needs: [extract]
          with: {argv: [echo, "no row is broken"]}
        - id: publish
          run: command
          needs: [load, check]
          with: {shell: "echo published by $MILLRACE_JOB"}
      """;

  private static final LocatorAssertions.ContainsTextOptions SOON =
      new LocatorAssertions.ContainsTextOptions().setTimeout(20_000);

  private void picture(String name) {
    shot("first-minute-" + name);
    String folder = System.getProperty("millrace.docs");
    if (folder != null && Files.isDirectory(Path.of(folder))) {
      page.screenshot(
          new Page.ScreenshotOptions().setPath(Path.of(folder, "first-minute-" + name + ".png")));
    }
  }

  private Locator state() {
    return page.locator("h1 .badge").first();
  }

  private void start(String reason) {
    button("Start").click();
    dialog().locator("input[name=reason]").fill(reason);
    dialog()
        .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Start the run"))
        .click();
  }

  private void edit(String from, String to, String reason) {
    Locator text = page.getByLabel("Definition, YAML or JSON");
    text.fill(text.inputValue().replace(from, to));
    button("Review and apply").click();
    assertThat(dialog()).containsText("Version");
    confirm(reason);
  }

  @Test
  void watchBreakSeeWhyMendAndRerun() {
    api.job(PIPELINE);
    open("#/jobs/pipeline");
    page.setViewportSize(1280, 800);
    start("first look");
    assertThat(page.locator("#node-extract")).isVisible();
    assertThat(page.locator("#node-load")).containsText("running");
    picture("1-running");
    assertThat(state()).containsText("completed", SOON);

    page.locator("h1 a").click();
    page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Edit").setExact(true))
        .click();
    edit("echo loaded", "echo no such table >&2; exit 3", "let us see it fail");
    start("with the change");
    assertThat(state()).containsText("failed", SOON);
    Locator verdict = page.locator(".finding.bad");
    assertThat(verdict).containsText("load failed: exit code 3");
    assertThat(verdict).containsText("no such table");
    picture("2-failed");
    String run = page.url();

    verdict
        .getByRole(AriaRole.LINK, new Locator.GetByRoleOptions().setName("Fix the definition"))
        .click();
    assertThat(page.locator(".editorside")).containsText("Graph");
    edit("echo no such table >&2; exit 3", "echo loaded", "the table is there now");
    page.navigate(run);
    settled();
    verdict.getByText("Rerun load with version 3").click();
    confirm("mended");
    assertThat(state()).containsText("completed", SOON);
    page.getByRole(AriaRole.TAB, new Page.GetByRoleOptions().setName("Timeline")).click();
    assertThat(page.locator(".grows")).containsText("2 attempts");
    picture("3-mended");
    page.getByRole(AriaRole.TAB, new Page.GetByRoleOptions().setName("History")).click();
    assertThat(page.locator(".history")).containsText("with version 3 instead of 2");
  }
}
