package dev.millrace.browser;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Playwright;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The one browser of all tests: the machine's own Chromium, never a downloaded one. The tests'
 * thread.
 */
final class Chromium {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  private static final List<String> ARGUMENTS =
      List.of(
          "--no-sandbox",
          "--disable-gpu",
          "--disable-background-networking",
          "--disable-component-update");
  private static Browser shared;

  private Chromium() {}

  /** Skips the test, and says so, where no Chromium is. */
  static synchronized Browser shared() {
    Optional<Path> found = find();
    Assumptions.assumeTrue(
        found.isPresent(), "no Chromium on the PATH; install one, or name it by CHROMIUM");
    if (shared == null) {
      Playwright playwright =
          Playwright.create(
              new Playwright.CreateOptions()
                  .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
      Runtime.getRuntime().addShutdownHook(new Thread(playwright::close, "stop-chromium"));
      shared =
          playwright
              .chromium()
              .launch(
                  new BrowserType.LaunchOptions()
                      .setExecutablePath(found.orElseThrow())
                      .setArgs(ARGUMENTS));
    }
    return shared;
  }

  private static Optional<Path> find() {
    Stream<String> named = Stream.ofNullable(System.getenv("CHROMIUM"));
    Stream<String> onPath =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .flatMap(folder -> NAMES.stream().map(name -> folder + File.separator + name));
    return Stream.concat(named, onPath).map(Path::of).filter(Files::isExecutable).findFirst();
  }
}
