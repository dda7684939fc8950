package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of one run: each of its views, what can be done, and what hostile data cannot do. */
class RunPageTest extends DashboardTest {
  private static final LocatorAssertions.ContainsTextOptions SOON =
      new LocatorAssertions.ContainsTextOptions().setTimeout(20_000);

  private static final String BROKEN =
      """
      id: broken
      description: Fails in its second stage
      params: {table: {type: string, default: orders}, key: {type: string, secret: true}}
      stages:
        - {id: read, run: command, with: {shell: "echo reading"}}
        - {id: load, run: command, needs: [read], with: {shell: "printf '\\\\033[31mno table\\\\033[0m\\\\n' >&2; exit 3"}, retry: {max-attempts: 2, initial: 10ms}}
        - {id: tell, run: command, needs: [load], with: {shell: "echo told"}}
        - {id: page, run: command, needs: [{stage: load, is: failed}], with: {shell: "echo paged"}}
      """;

  private static final String ASKS =
      """
      id: asks
      stages:
        - {id: approve, run: wait.approval, with: {message: "Publish?"}}
        - {id: publish, run: command, needs: [approve], with: {shell: "echo out"}}
        - {id: later, run: wait.time, needs: [publish], with: {for: 1h}}
        - {id: last, run: command, needs: [later], with: {shell: "echo end"}}
      """;

  private void tab(String name) {
    page.getByRole(AriaRole.TAB, new Page.GetByRoleOptions().setName(name)).click();
  }

  private Locator state() {
    return page.locator("h1 .badge").first();
  }

  private void node(String stage) {
    page.locator("#node-" + stage).click();
    assertThat(page.locator(".stagepane h2")).containsText(stage);
  }

  private void fromMenu(Locator in, String menu, String item) {
    in.getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName(menu)).click();
    in.getByRole(AriaRole.MENUITEM, new Locator.GetByRoleOptions().setName(item)).first().click();
  }

  @Test
  void everyViewOfAFailedRun() {
    api.job(BROKEN);
    String run = api.run("broken", "FAILED");
    open("#/runs/" + run);
    assertThat(page.locator(".finding.bad")).containsText("load failed: exit code 3");
    assertThat(page.locator(".finding .log")).containsText("no table");
    assertThat(page.locator("#node-tell")).containsText("skipped");
    keep("run-graph");
    node("load");
    assertThat(page.locator(".stagepane")).containsText("Attempts (2)");
    keep("run-stage");
    page.keyboard().press("Escape");
    assertThat(page.locator(".stagepane")).hasCount(0);
    for (String name : new String[] {"Timeline", "Log", "Why", "History", "Details"}) {
      tab(name);
      page.locator("[role=tabpanel] > *").first().waitFor();
      keep("run-" + name.toLowerCase(java.util.Locale.ROOT));
    }
    assertThat(page.locator(".params")).containsText("orders");
    assertThat(page).hasURL(Pattern.compile("tab=details"));
    page.reload();
    assertThat(page.locator(".params")).isVisible();
  }

  @Test
  void aFailureIsAcknowledgedAndTheRunGoesOn() {
    api.job(BROKEN);
    open("#/runs/" + api.run("broken", "FAILED"));
    page.locator(".finding").getByText("Acknowledge").click();
    dialog().locator("footer button").last().click();
    assertThat(dialog().getByRole(AriaRole.ALERT)).containsText("A reason or a ticket is needed");
    dialog().getByLabel("Ticket", new Locator.GetByLabelOptions().setExact(true)).fill("OPS-12");
    confirm("known");
    assertThat(state()).containsText("completed", SOON);
    tab("History");
    assertThat(page.locator(".history")).containsText("ticket OPS-12: known");
  }

  @Test
  void whatIsHeldIsToldAndDone() {
    api.job(ASKS);
    open("#/runs/" + api.start("asks"));
    assertThat(page.locator(".finding.warn")).containsText("approve", SOON);
    node("last");
    page.locator(".stagepane")
        .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Hold"))
        .click();
    confirm("not yet");
    assertThat(page.locator("#node-last")).containsText("held", SOON);
    page.locator(".stagepane").getByText("Release").first().click();
    confirm("now");
    assertThat(page.locator("#node-last")).containsText("waiting", SOON);
    fromMenu(page.locator(".stagepane"), "More", "Skip");
    confirm("not needed");
    page.keyboard().press("Escape");
    node("approve");
    page.locator(".stagepane")
        .getByRole(
            AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Approve").setExact(true))
        .click();
    confirm("yes");
    assertThat(page.locator("#node-publish")).containsText("completed", SOON);
    page.keyboard().press("Escape");
    node("later");
    fromMenu(page.locator(".stagepane"), "More", "Complete by hand");
    dialog().locator("textarea").fill("{no");
    dialog().locator("footer button").last().click();
    assertThat(dialog().getByRole(AriaRole.ALERT)).containsText("not JSON");
    dialog().locator("textarea").fill("{\"rows\": 12}");
    confirm("long enough");
    assertThat(state()).containsText("completed", SOON);
  }

  @Test
  void aRunIsPausedResumedAndStopped() {
    api.job(ASKS);
    open("#/runs/" + api.start("asks"));
    button("Pause").click();
    confirm("wait");
    assertThat(state()).containsText("paused", SOON);
    button("Resume").click();
    confirm("go on");
    assertThat(button("Pause")).isVisible();
    button("Stop").click();
    confirm("enough");
    assertThat(state()).containsText("cancelled", SOON);
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Actions")).click();
    Locator kill = page.getByRole(AriaRole.MENUITEM, new Page.GetByRoleOptions().setName("Kill"));
    assertThat(kill).hasAttribute("aria-disabled", "true");
    assertThat(kill).containsText("It has ended.");
  }

  @Test
  void textOfStrangersIsShownAsText() {
    api.job(
        """
        id: hostile
        description: "<script>alert(1)</script>"
        params: {name: {type: string, default: "<img src=x onerror=alert(1)>"}}
        stages:
          - id: bad
            run: command
            with:
              shell: |
                printf '<img src=x onerror=alert(1)>\\n'
                printf '\\033]8;;javascript:alert(1)\\007link\\033]8;;\\007\\n'
                printf '\\033[999999999999;2Jhome\\n'
                for i in $(seq 2000); do printf '\\033[1;31;4m'; done; echo end
                echo '<script>alert(2)</script>' >&2
                exit 7
        """);
    String run = api.run("hostile", "FAILED");
    open("#/runs/" + run);
    for (String name : new String[] {"Timeline", "Log", "Why", "History", "Details"}) {
      tab(name);
    }
    assertThat(page.locator(".params")).containsText("<img src=x onerror=alert(1)>");
    tab("Log");
    Locator log = page.locator(".logpane .log");
    assertThat(log).containsText("<img src=x onerror=alert(1)>");
    assertThat(log).containsText("link");
    assertThat(log).containsText("home");
    assertThat(log.locator("img, script, a").count()).isZero();
    open("#/jobs/hostile");
    assertThat(page.locator(".lead")).containsText("<script>alert(1)</script>");
  }

  @Test
  void aLogOfMegabytesIsSearchedWithoutBeingInThePage() {
    api.job(
        """
        id: noisy
        stages:
          - id: shout
            run: command
            with: {shell: "seq -f 'line %06g of a long log that nobody wants to read at three in the morning, with more and more words in it' 1 60000"}
        """);
    open("#/runs/" + api.run("noisy", "COMPLETED") + "?tab=log");
    assertThat(page.locator(".linecount"))
        .hasText(
            Pattern.compile("^[0-9,]{5,} lines$"),
            new LocatorAssertions.HasTextOptions().setTimeout(30_000));
    page.getByLabel("Search the log").fill("line 000321");
    page.keyboard().press("Enter");
    assertThat(page.locator("mark.current")).hasText("line 000321");
    assertThat(page.locator(".found")).hasText("1 of 1");
    assertThat(page.locator(".logpane .line").count()).isLessThan(600);
  }
}
