package dev.millrace.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.deque.html.axecore.results.Rule;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import com.microsoft.playwright.options.WaitForSelectorState;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What every test of the dashboard stands on: one Millrace and one browser for all, a fresh page
 * for each, in a namespace of the test class. After each test nothing may have been complained of.
 * The test's thread.
 */
abstract class DashboardTest {
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");
  private static final int LIMIT_MILLIS = 10_000;
  private static final int WIDTH = 1440;
  private static final int HEIGHT = 900;
  private static final int PHONE_WIDTH = 390;
  private static final int PHONE_HEIGHT = 844;

  private BrowserContext context;
  protected Complaints complaints;
  protected Page page;
  protected Api api;

  @BeforeEach
  void openBrowser() {
    Browser browser = Chromium.shared();
    complaints = new Complaints();
    api = new Api(Up.shared().address(), namespace());
    context =
        browser.newContext(
            new Browser.NewContextOptions()
                .setViewportSize(WIDTH, HEIGHT)
                .setColorScheme(ColorScheme.LIGHT)
                .setReducedMotion(ReducedMotion.REDUCE)
                .setLocale("en-GB"));
    context.setDefaultTimeout(LIMIT_MILLIS);
    complaints.listenTo(context);
    page = context.newPage();
  }

  @AfterEach
  void nothingWasComplainedOf() {
    if (context != null) {
      context.close();
      assertThat(complaints.unexpected()).isEmpty();
    }
  }

  /** Of this test class alone, so that classes do not see each other's jobs. */
  protected String namespace() {
    return getClass().getSimpleName().toLowerCase(Locale.ROOT).replace("test", "");
  }

  /** Opens a page by its hash, like {@code #/runs?state=FAILED}, in the test's namespace. */
  protected Page open(String hash) {
    return open(hash, namespace());
  }

  /** Opens it in another namespace; {@code *} is all. */
  protected Page open(String hash, String namespace) {
    String mark = hash.contains("?") ? "&" : "?";
    page.navigate(Up.shared().address() + "/" + hash + mark + "ns=" + namespace);
    settled();
    return page;
  }

  /** Waits until the page shows what it has loaded. */
  protected void settled() {
    page.locator("main").waitFor();
    page.locator("main .skeleton")
        .first()
        .waitFor(new Locator.WaitForOptions().setState(WaitForSelectorState.DETACHED));
  }

  protected Locator button(String name) {
    return page.getByRole(
        AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
  }

  protected Locator heading(String name) {
    return page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setName(name));
  }

  protected Locator dialog() {
    return page.locator("dialog[open]");
  }

  /** Gives a reason in the open dialog and confirms by its last button; waits until it is gone. */
  protected void confirm(String reason) {
    dialog().locator("input[name=reason]").fill(reason);
    dialog().locator("footer button").last().click();
    dialog().waitFor(new Locator.WaitForOptions().setState(WaitForSelectorState.DETACHED));
  }

  /**
   * Keeps the page as it is in {@code target/screenshots}, light, dark and on a phone, and checks
   * it for what keeps people out. In the dark only the colours differ, on a phone only the width
   * does.
   */
  protected void keep(String name) {
    page.locator(".toast").all().forEach(toast -> toast.locator("button").click());
    shot(name + "-light");
    accessible(name + ", light");
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
    shot(name + "-dark");
    serious(name + ", dark", new AxeBuilder(page).withRules(List.of("color-contrast")));
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
    phone();
    shot(name + "-phone");
    fitsItsWidth(name);
    page.setViewportSize(WIDTH, HEIGHT);
  }

  protected void phone() {
    page.setViewportSize(PHONE_WIDTH, PHONE_HEIGHT);
  }

  protected void shot(String name) {
    page.screenshot(new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")));
  }

  /** No violation that axe calls serious or critical. */
  protected void accessible(String where) {
    serious(where, new AxeBuilder(page));
  }

  private static void serious(String where, AxeBuilder axe) {
    List<String> violations =
        axe.analyze().getViolations().stream()
            .filter(rule -> List.of("serious", "critical").contains(rule.getImpact()))
            .map(DashboardTest::told)
            .toList();
    assertThat(violations).as(where).isEmpty();
  }

  private void fitsItsWidth(String name) {
    int over =
        ((Number) page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
            .intValue();
    assertThat(over).as(name + " is wider than a phone by so many pixels").isLessThanOrEqualTo(0);
  }

  private static String told(Rule rule) {
    List<String> places =
        rule.getNodes().stream()
            .limit(4)
            .map(node -> node.getHtml() + node.getFailureSummary())
            .toList();
    return rule.getId() + " (" + rule.getHelp() + "): " + places;
  }
}
