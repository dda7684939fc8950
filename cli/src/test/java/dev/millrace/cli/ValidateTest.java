package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ValidateTest {
  @TempDir Path folder;

  @Test
  void aGoodFileIsSaidToBeValid() throws Exception {
    Path file = Files.writeString(folder.resolve("hello.yaml"), Examples.text("hello"));
    Cli result = Cli.run("validate", file.toString());
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).contains("hello.yaml: job hello is valid");
  }

  @Test
  void everyExampleIsValid() throws Exception {
    for (String name : Examples.names()) {
      Path file = Files.writeString(folder.resolve(name + ".yaml"), Examples.text(name));
      assertThat(Cli.run("validate", file.toString()).out()).contains("job " + name + " is valid");
    }
  }

  @Test
  void aBadFileIsNamedWithItsPlaceAndTheOthersAreCheckedAllTheSame() throws Exception {
    Path bad =
        Files.writeString(
            folder.resolve("bad.yaml"), "id: x\nstages:\n  - id: a\n    runn: command\n");
    Path good = Files.writeString(folder.resolve("good.yaml"), Examples.text("flaky"));
    Cli result = Cli.run("validate", bad.toString(), good.toString());
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.out()).containsPattern("bad\\.yaml:\\d+:\\d+: ").contains("flaky is valid");
  }

  @Test
  void jsonIsForPrograms() throws Exception {
    Path bad = Files.writeString(folder.resolve("bad.json"), "{\"id\":\"x\"}");
    Cli result = Cli.run("validate", "--output", "json", bad.toString());
    var items = ApiClient.JSON.readTree(result.out());
    assertThat(items.path(0).path("valid").asBoolean(true)).isFalse();
    assertThat(items.path(0).path("problems").path(0).path("line").asInt()).isPositive();
  }

  @Test
  void aMissingFileIsOneLine() {
    Cli result = Cli.run("validate", folder.resolve("none.yaml").toString());
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).startsWith("error: there is no file ").hasLineCount(1);
  }
}
