package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Every piece of docs/jobs.md, docs/plans.md, docs/dependencies.md and docs/files.md is what it
 * says: a good definition, or a bad one with its message.
 */
class JobsDocTest {
  private static final Path DOC = Path.of("../docs/jobs.md");
  private static final Path PLANS = Path.of("../docs/plans.md");
  private static final Path DEPENDENCIES = Path.of("../docs/dependencies.md");
  private static final Path FILES = Path.of("../docs/files.md");
  private static final Path SECRETS = Path.of("../docs/secrets.md");
  private static final Pattern GOOD = Pattern.compile("```yaml\n(.*?)\n```", Pattern.DOTALL);
  private static final Pattern BAD =
      Pattern.compile("```yaml bad\n(.*?)\n```\n\n> ([^\n]+)", Pattern.DOTALL);

  @Test
  void goodPiecesAreAccepted() throws IOException {
    List<String> pieces = new ArrayList<>(goodPieces(DOC));
    pieces.addAll(goodPieces(PLANS));
    pieces.addAll(goodPieces(DEPENDENCIES));
    pieces.addAll(goodPieces(FILES));
    pieces.addAll(goodPieces(SECRETS));
    pieces.forEach(piece -> Texts.ok(whole(piece)));
    assertThat(pieces).hasSizeGreaterThan(20);
  }

  /** The pieces of YAML that a page shows as good ones. */
  static List<String> goodPieces(Path page) throws IOException {
    List<String> pieces = new ArrayList<>();
    Matcher found = GOOD.matcher(Files.readString(page));
    while (found.find()) {
      pieces.add(found.group(1));
    }
    return pieces;
  }

  @Test
  void badPiecesAreRefusedWithTheirMessage() throws IOException {
    String doc = Files.readString(DOC) + Files.readString(DEPENDENCIES) + Files.readString(FILES);
    int seen = 0;
    Matcher found = BAD.matcher(doc);
    while (found.find()) {
      seen++;
      assertThat(Texts.bad(whole(found.group(1))))
          .singleElement()
          .asString()
          .contains(found.group(2));
    }
    assertThat(seen).isPositive().isEqualTo(doc.split("```yaml bad").length - 1);
  }

  /** The schema is what people read first; what it names must be explained. */
  @Test
  void everyKeyIsInIt() throws IOException {
    String doc = Files.readString(DOC);
    assertThat(SchemaTest.properties())
        .filteredOn(key -> !key.contains("_"))
        .filteredOn(key -> !List.of("scheduling", "dependencies", "type", "task").contains(key))
        .allSatisfy(key -> assertThat(doc).contains(key));
  }

  /** A job with the piece in it. */
  static String whole(String piece) {
    if (piece.startsWith("{")) {
      return piece;
    }
    String id = piece.contains("\nid: ") || piece.startsWith("id: ") ? "" : "id: x\n";
    String stages =
        piece.contains("\nstages:") || piece.startsWith("stages:")
            ? ""
            : "\nstages: [{id: work, run: mine}]\n";
    return id + piece + stages;
  }
}
