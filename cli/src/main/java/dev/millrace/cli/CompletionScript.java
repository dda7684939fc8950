package dev.millrace.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Completion for shells: a table of all commands, their options and what stands at their places,
 * and a few lines that look into it. What only the server knows is asked of a hidden command.
 * Stateless.
 */
final class CompletionScript {
  /** What stands behind a name in the usage: which ids the server is asked for. */
  private static final Map<String, String> ASKED =
      Map.of(
          "JOB", "jobs",
          "RUN", "runs",
          "POOL", "pools",
          "LOCK", "locks",
          "SET", "sets",
          "PATTERN", "patterns",
          "NAMESPACE", "namespaces");

  private final CommandLine root;

  CompletionScript(CommandLine root) {
    this.root = root;
  }

  String text(CompletionCommand.Shell shell) {
    return switch (shell) {
      case BASH -> bash();
      case ZSH -> "autoload -U +X bashcompinit && bashcompinit\n" + bash();
      case FISH -> fish();
    };
  }

  private String bash() {
    List<String> cases = new ArrayList<>();
    collect("", root, cases);
    return """
    # Completion of millrace for bash, and for zsh by bashcompinit. Made by `millrace completion`.
    _millrace_table() {
      case "$1" in
    @TABLE@    *) return 1 ;;
      esac
    }
    _millrace_asked() {
      # Of the words of the line only those that say which server is meant.
      local i args=()
      for ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do
        case "${COMP_WORDS[i]}" in
          -s | --server | -n | --namespace | --token-file)
            args+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;;
        esac
      done
      "${COMP_WORDS[0]}" complete-words "$1" "${args[@]}" 2>/dev/null
    }
    _millrace() {
      local cur="${COMP_WORDS[COMP_CWORD]}" prev="" path="" i word subs opts vals places n=0 what=""
      [ "$COMP_CWORD" -gt 0 ] && prev="${COMP_WORDS[COMP_CWORD - 1]}"
      _millrace_table ""
      for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
          -*)
            case " $vals " in *" $word="*) i=$((i + 1)) ;; esac ;;
          *)
            case " $subs " in
              *" $word "*)
                path="$path $word"
                _millrace_table "${path# }" ;;
              *) n=$((n + 1)) ;;
            esac ;;
        esac
      done
      COMPREPLY=()
      for word in $vals; do
        case "$word" in
          "$prev="*) what="${word#*=}" ;;
        esac
      done
      if [ -z "$what" ]; then
        case "$cur" in
          -*) COMPREPLY=($(compgen -W "$opts" -- "$cur")); return ;;
        esac
        if [ -n "$subs" ] && [ "$n" -eq 0 ]; then
          COMPREPLY=($(compgen -W "$subs" -- "$cur"))
          [ ${#COMPREPLY[@]} -gt 0 ] && return
        fi
        i=0
        for word in $places; do
          what="$word"
          [ "$i" -eq "$n" ] && break
          # A place with a + may be there many times; others are over.
          case "$word" in *+) ;; *) what="" ;; esac
          i=$((i + 1))
        done
        what="${what%%+}"
      fi
      case "$what" in
        "" | any) ;;
        file) COMPREPLY=($(compgen -f -- "$cur")) ;;
        ask:*) COMPREPLY=($(compgen -W "$(_millrace_asked "${what#ask:}")" -- "$cur")) ;;
        *) COMPREPLY=($(compgen -W "${what//,/ }" -- "$cur")) ;;
      esac
    }
    complete -o bashdefault -o default -F _millrace millrace ./millrace
    """
        .replace("@TABLE@", String.join("", cases));
  }

  private static void collect(String path, CommandLine command, List<String> cases) {
    TreeSet<String> subs = new TreeSet<>();
    command
        .getSubcommands()
        .forEach(
            (name, sub) -> {
              if (!sub.getCommandSpec().usageMessage().hidden()) {
                subs.add(name);
              }
            });
    TreeSet<String> options = new TreeSet<>();
    List<String> values = new ArrayList<>();
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (option.hidden()) {
        continue;
      }
      options.addAll(List.of(option.names()));
      if (option.arity().max() > 0) {
        for (String name : option.names()) {
          values.add(name + "=" + what(option.paramLabel(), option.type()));
        }
      }
    }
    List<String> places = new ArrayList<>();
    for (PositionalParamSpec place : command.getCommandSpec().positionalParameters()) {
      places.add(what(place.paramLabel(), place.type()) + (place.isMultiValue() ? "+" : ""));
    }
    cases.add(
        "    \"%s\") subs='%s' opts='%s' vals='%s' places='%s' ;;%n"
            .formatted(
                path,
                String.join(" ", subs),
                String.join(" ", options),
                String.join(" ", values),
                String.join(" ", places)));
    command
        .getSubcommands()
        .forEach(
            (name, sub) -> {
              if (subs.contains(name)) {
                collect((path + " " + name).strip(), sub, cases);
              }
            });
  }

  /** Which words may stand there. */
  private static String what(String label, Class<?> type) {
    if (type.isEnum()) {
      List<String> words = new ArrayList<>();
      for (Object one : type.getEnumConstants()) {
        words.add(one.toString().toLowerCase(Locale.ROOT));
      }
      return String.join(",", words);
    }
    String name = label.replace("<", "").replace(">", "");
    if (ASKED.containsKey(name)) {
      return "ask:" + ASKED.get(name);
    }
    if (name.equals("FILE") || name.equals("PATH") || name.equals("DIR")) {
      return "file";
    }
    return name.matches("[a-z]+(\\|[a-z]+)+") ? name.replace('|', ',') : "any";
  }

  private String fish() {
    return """
    # Completion of millrace for fish: it asks the same table as bash does.
    function __millrace_complete
      set -l words (commandline -opc) (commandline -ct)
      millrace complete-words line -- $words 2>/dev/null
    end
    complete -c millrace -a '(__millrace_complete)'
    """;
  }

  /** What the table has for the last of these words, for shells that cannot look into it. */
  List<String> after(List<String> words) {
    CommandLine at = root;
    for (String word : words.subList(Math.min(1, words.size()), Math.max(1, words.size() - 1))) {
      at = at.getSubcommands().getOrDefault(word, at);
    }
    String begun = words.isEmpty() ? "" : words.getLast();
    TreeSet<String> possible = new TreeSet<>();
    at.getSubcommands()
        .forEach(
            (name, sub) -> {
              if (!sub.getCommandSpec().usageMessage().hidden()) {
                possible.add(name);
              }
            });
    if (begun.startsWith("-") || possible.isEmpty()) {
      at.getCommandSpec().options().forEach(option -> possible.addAll(List.of(option.names())));
    }
    return possible.stream().filter(word -> word.startsWith(begun)).toList();
  }
}
