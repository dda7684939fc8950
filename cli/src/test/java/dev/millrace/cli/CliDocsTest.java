package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * What {@code docs/cli.md} says of commands is what they are: its list is made from them, and each
 * command of its examples exists. A list that differs is written to {@code target/cli-list.md}.
 */
final class CliDocsTest {
  private static final String BEGIN = "<!-- made from the commands: CliDocsTest -->\n";
  private static final String END = "<!-- end -->";
  private static final Path DOCS = Path.of("../docs");
  private static final Pattern EXAMPLE =
      Pattern.compile("(?m)(?:^|[`|] ?)(?:\\./)?millrace ([a-z].*)");

  /** Those that every command has are told once. */
  private static final Set<String> COMMON =
      Set.of(
          "--server",
          "--token-file",
          "--insecure",
          "--namespace",
          "--output",
          "--help",
          "--version",
          "--debug",
          "--quiet",
          "--no-color",
          "--reason",
          "--limit",
          "--all");

  private static CommandLine root() {
    Terminal terminal =
        new Terminal(
            new PrintWriter(new StringWriter()),
            new PrintWriter(new StringWriter()),
            false,
            Map.of());
    return Main.commandLine(terminal, "");
  }

  private static List<String> list() {
    List<String> lines = new ArrayList<>();
    collect("", root(), lines);
    return lines;
  }

  private static void collect(String path, CommandLine command, List<String> lines) {
    // Methods of a class come in no order that one can rely on.
    Map<String, CommandLine> subcommands =
        path.isEmpty() ? command.getSubcommands() : new TreeMap<>(command.getSubcommands());
    subcommands.forEach(
        (name, sub) -> {
          boolean alias = !name.equals(sub.getCommandName()) && !path.isEmpty();
          if (sub.getCommandSpec().usageMessage().hidden() || alias || name.equals("bench")) {
            return;
          }
          String words = (path + " " + name).strip();
          if (sub.getSubcommands().isEmpty() || words.matches("backfill|run")) {
            lines.add("| `" + usage(words, sub) + "` | " + said(sub) + " |");
          }
          collect(words, sub, lines);
        });
  }

  private static String usage(String words, CommandLine command) {
    StringBuilder usage = new StringBuilder(words);
    for (PositionalParamSpec place : command.getCommandSpec().positionalParameters()) {
      usage.append(' ').append(optional(place, place.paramLabel()));
    }
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.hidden() && !COMMON.contains(option.longestName())) {
        String value = option.arity().max() == 0 ? "" : " " + option.paramLabel();
        usage.append(' ').append(optional(option, option.longestName() + value));
      }
    }
    return usage.toString().replace("|", "\\|").replace("<", "").replace(">", "");
  }

  private static String optional(ArgSpec arg, String text) {
    String many = arg.isMultiValue() ? text + "..." : text;
    boolean required = arg.required() && !arg.arity().toString().startsWith("0");
    return required ? many : "[" + many + "]";
  }

  private static String said(CommandLine command) {
    return command.getCommandSpec().usageMessage().description()[0].replace("|", "\\|");
  }

  @Test
  void theListIsThatOfTheCommands() throws IOException {
    String docs = Files.readString(DOCS.resolve("cli.md"));
    String list = String.join("\n", list()) + "\n";
    Files.createDirectories(Path.of("target"));
    Files.writeString(Path.of("target/cli-list.md"), list);
    String told = docs.substring(docs.indexOf(BEGIN) + BEGIN.length(), docs.indexOf(END));
    assertThat(told).isEqualTo("\n| command | |\n|---|---|\n" + list + "\n");
  }

  @Test
  void whatTheDocsCallExists() throws IOException {
    List<String> wrong = new ArrayList<>();
    int examples = 0;
    try (Stream<Path> files = Files.list(DOCS)) {
      List<Path> all =
          new ArrayList<>(files.filter(file -> file.toString().endsWith(".md")).toList());
      all.add(DOCS.resolve("../README.md"));
      for (Path file : all) {
        Matcher found = EXAMPLE.matcher(Files.readString(file));
        while (found.find()) {
          examples++;
          if (found.group(1).startsWith("bench ")) {
            continue; // of another module
          }
          check(file.getFileName() + ": ", found.group(1), wrong);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(examples).isGreaterThan(50);
  }

  @Test
  void whatSaysSomethingOfAServerSaysItToProgramsToo() {
    List<String> silent = new ArrayList<>();
    silent(root(), silent);
    silent.removeIf(name -> name.startsWith("millrace bench ")); // of another module
    assertThat(silent)
        .containsExactlyInAnyOrder(
            "millrace artifact get", // -o is its file
            "millrace server metrics", // a form of its own
            "millrace login",
            "millrace logout",
            "millrace complete-words");
  }

  private static void silent(CommandLine command, List<String> silent) {
    var options = command.getCommandSpec().optionsMap();
    boolean forms =
        options.containsKey("--output") && options.get("--output").type() == OutputForm.class;
    if (options.containsKey("--server") && !forms) {
      silent.add(command.getCommandSpec().qualifiedName());
    }
    command.getSubcommands().values().stream().distinct().forEach(sub -> silent(sub, silent));
  }

  /** The command is there, and each of its long options. */
  private static void check(String where, String example, List<String> wrong) {
    String line = example.replaceAll("[`|;#)].*", "").replaceAll("\"[^\"]*\"|'[^']*'", "WORD");
    CommandLine at = root();
    for (String word : line.strip().split(" +")) {
      if (at.getSubcommands().containsKey(word)) {
        at = at.getSubcommands().get(word);
      } else if (at.getParent() == null) {
        wrong.add(where + "millrace " + example);
        return;
      } else if (word.matches("--[a-z-]+") && !at.getCommandSpec().optionsMap().containsKey(word)) {
        wrong.add(where + "millrace " + example + " has no " + word);
      }
    }
  }
}
