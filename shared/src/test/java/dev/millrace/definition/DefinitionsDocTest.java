package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The patterns of docs/definitions.md are patterns, and the jobs that use them are jobs. */
class DefinitionsDocTest {
  private static final Pattern PIECE =
      Pattern.compile("```yaml (pattern|uses)\n(.*?)\n```", Pattern.DOTALL);

  @Test
  void itsPatternsAndJobsAreGood() throws IOException {
    String doc = Files.readString(Path.of("../docs/definitions.md"));
    Map<String, PatternDefinition> patterns = new HashMap<>();
    int jobs = 0;
    Matcher found = PIECE.matcher(doc);
    while (found.find()) {
      assertThat(SchemaTest.problems(found.group(2), "x.yaml")).isEmpty();
      if (found.group(1).equals("pattern")) {
        var read = new PatternReader().read(found.group(2), "x.yaml");
        assertThat(read).as("%s", read).isInstanceOf(PatternReader.Result.Ok.class);
        PatternDefinition pattern = ((PatternReader.Result.Ok) read).pattern();
        patterns.put(pattern.name(), pattern);
      } else {
        jobs++;
        var read =
            new DefinitionReader(
                    (namespace, name, version) ->
                        Optional.ofNullable(patterns.get(name))
                            .map(pattern -> new PatternSource.Found(1, pattern)))
                .read(found.group(2), "x.yaml");
        assertThat(read).as("%s", read).isInstanceOf(DefinitionReader.Result.Ok.class);
      }
    }
    assertThat(patterns).isNotEmpty();
    assertThat(jobs).isPositive();
  }
}
