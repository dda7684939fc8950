package dev.millrace.testing;

import static dev.millrace.testing.Witness.Moment.END;
import static dev.millrace.testing.Witness.Moment.START;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WitnessTest {
  @TempDir Path directory;

  @Test
  void anEmptyFileSaysNothing() throws IOException {
    assertThat(witness().sightings()).isEmpty();
    assertThat(witness().account().starts()).isZero();
  }

  @Test
  void countsStartsAndEndsAndNamesWhatHappenedTwice() throws IOException {
    Witness witness = witness();
    witness.write("r1", "a", 1, START);
    witness.write("r1", "a", 1, END);
    witness.write("r1", "a", 1, START);
    witness.write("r1", "a", 1, END);
    witness.write("r2", "a", 1, START);
    witness.write("r2", "a", 2, START);
    var account = witness.account();
    assertThat(account.starts()).isEqualTo(4);
    assertThat(account.ends()).isEqualTo(2);
    assertThat(account.stagesStarted()).containsExactlyInAnyOrder("r1 a", "r2 a");
    assertThat(account.stagesEnded()).containsExactly("r1 a");
    assertThat(account.claimsStartedTwice()).containsExactly("r1 a 1");
    assertThat(account.stagesEndedTwice()).containsExactly("r1 a");
    assertThat(account.overlaps()).hasSize(1);
    assertThat(account.overlaps().getFirst().attempt()).isEqualTo(2);
  }

  @Test
  void leavesOutALineThatIsStillBeingWritten() throws IOException {
    Witness witness = witness();
    witness.write("r1", "a", 1, START);
    Files.writeString(witness.file(), "r1 a 1 77 en", StandardOpenOption.APPEND);
    assertThat(witness.sightings()).hasSize(1);
  }

  @Test
  void manyShellsWriteWithoutMixingTheirLines() throws Exception {
    Witness witness = witness();
    String loop =
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
            + witness.shell("$RUN", "s$i", "1", START)
            + "; "
            + witness.shell("$RUN", "s$i", "1", END)
            + "; done";
    List<Process> shells = new ArrayList<>();
    for (int run = 0; run < 4; run++) {
      ProcessBuilder shell = new ProcessBuilder("sh", "-c", loop).inheritIO();
      shell.environment().put("RUN", "r" + run);
      shells.add(shell.start());
    }
    for (Process shell : shells) {
      assertThat(shell.waitFor()).isZero();
    }
    var account = witness.account();
    assertThat(account.starts()).isEqualTo(80);
    assertThat(account.ends()).isEqualTo(80);
    assertThat(account.stagesEnded()).hasSize(80);
    assertThat(account.overlaps()).isEmpty();
  }

  private Witness witness() {
    return new Witness(directory.resolve("it's a witness"));
  }
}
