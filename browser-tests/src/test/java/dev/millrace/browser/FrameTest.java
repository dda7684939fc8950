package dev.millrace.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Getting about: the rail, the palette, the keys, the theme, the namespace. */
class FrameTest extends DashboardTest {
  @BeforeEach
  void jobs() {
    api.job(
        """
        id: ledger-close
        description: Closes the books of the day
        stages: [{id: close, run: noop}]
        """);
  }

  @Test
  void keysLeadToPagesAndRows() {
    open("#/");
    page.keyboard().press("g");
    page.keyboard().press("j");
    assertThat(heading("Jobs")).isVisible();
    page.locator("a.name", new Page.LocatorOptions().setHasText("ledger-close")).waitFor();
    page.keyboard().press("j");
    assertThat(page.locator("a.name").first()).isFocused();
    page.keyboard().press("/");
    assertThat(page.getByPlaceholder("Search by id or description")).isFocused();
    page.keyboard().press("g");
    assertThat(page).hasURL(java.util.regex.Pattern.compile("#/jobs"));
  }

  @Test
  void thePaletteFindsAJobByAFewLetters() {
    open("#/");
    page.keyboard().press("Control+k");
    page.keyboard().type("ldgcls");
    assertThat(page.getByRole(AriaRole.OPTION).first()).containsText("ledger-close");
    accessible("palette");
    shot("palette-light");
    page.keyboard().press("Enter");
    assertThat(page).hasURL(java.util.regex.Pattern.compile("#/jobs/ledger-close"));
    assertThat(heading("ledger-close")).isVisible();
  }

  @Test
  void thePaletteOpensARunByItsId() {
    String run = api.run("ledger-close", "COMPLETED");
    open("#/jobs");
    page.keyboard().press("Control+k");
    page.keyboard().type(run.toLowerCase(java.util.Locale.ROOT));
    page.keyboard().press("Enter");
    assertThat(page).hasURL(java.util.regex.Pattern.compile("#/runs/" + run));
  }

  @Test
  void helpListsTheKeys() {
    open("#/jobs");
    page.keyboard().press("?");
    assertThat(dialog()).containsText("search, jump or act");
    shot("help-light");
    page.keyboard().press("Escape");
    assertThat(dialog()).hasCount(0);
  }

  @Test
  void theThemeIsKept() {
    open("#/jobs");
    button("Theme: dark").click();
    page.reload();
    settled();
    assertThat(page.evaluate("document.documentElement.dataset.theme")).isEqualTo("dark");
    assertThat(page.evaluate("getComputedStyle(document.body).colorScheme")).isEqualTo("dark");
    button("Theme: as the system").click();
    assertThat(page.evaluate("document.documentElement.dataset.theme")).isNull();
  }

  @Test
  void theLiveMarkTellsThatEventsCome() {
    open("#/runs");
    assertThat(page.locator(".pulse")).hasText("Live");
    String run = api.start("ledger-close");
    assertThat(page.locator("a[href='#/runs/" + run + "']").first()).isVisible();
  }

  @Test
  void aPhoneHasADockAndADrawer() {
    phone();
    open("#/");
    assertThat(page.locator(".rail")).isHidden();
    button("More").click();
    shot("drawer-phone");
    accessible("drawer");
    page.locator(".sheet").getByText("Workers").click();
    assertThat(heading("Workers").first()).isVisible();
    assertThat(page.locator(".sheet")).hasCount(0);
  }

  @Test
  void anotherNamespaceIsAFewLettersAway() {
    open("#/jobs");
    page.getByLabel("Namespace").fill("empty-one");
    page.keyboard().press("Enter");
    assertThat(page.getByText("No jobs in namespace empty-one")).isVisible();
  }

  @Test
  void anAddressThatLeadsNowhereSaysSo() {
    open("#/nonsense");
    assertThat(page.getByText("There is no such page")).isVisible();
  }
}
