package dev.millrace.settings;

import dev.millrace.definition.DurationText;
import dev.millrace.expression.DidYouMean;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * The merged values of one start, each with its source, and the problems found while they are
 * taken. A getter answers with the default's value when what was written is wrong, so that reading
 * can go on; {@link #finish()} then throws. Confined to the thread that starts the process.
 */
final class Values {
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();

  private record Value(String text, String source) {}

  Values(SettingsInput input) {
    SettingsTable.keys().stream()
        .filter(key -> key.standard() != null)
        .forEach(key -> values.put(key.key(), new Value(key.standard(), "default")));
    readFile(input);
    for (var entry : new TreeMap<>(input.environment()).entrySet()) {
      readEnvironment(entry.getKey(), entry.getValue());
    }
    for (var entry : new TreeMap<>(input.flags()).entrySet()) {
      if (!entry.getKey().equals(SettingsInput.CONFIG_FLAG)) {
        put(entry.getKey(), entry.getValue(), "flag --" + entry.getKey());
      }
    }
  }

  private void readFile(SettingsInput input) {
    String flag = input.flags().get(SettingsInput.CONFIG_FLAG);
    String file = flag != null ? flag : input.environment().get(SettingsInput.CONFIG_ENV);
    if (file == null) {
      return;
    }
    Properties properties = new OnceProperties(file);
    try (Reader reader = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException unreadable) {
      problems.add("config file " + file + " cannot be read: " + unreadable);
      return;
    }
    for (String key : new java.util.TreeSet<>(properties.stringPropertyNames())) {
      put(key, properties.getProperty(key), "file " + file);
    }
  }

  /** A key that stands twice in the file is a problem; Properties would keep the last. */
  private final class OnceProperties extends Properties {
    private static final long serialVersionUID = 1L;

    private final transient Map<Object, Object> seen = new HashMap<>();
    private final String file;

    OnceProperties(String file) {
      this.file = file;
    }

    @Override
    public synchronized Object put(Object key, Object value) {
      if (seen.put(key, value) != null) {
        problems.add(key + " (from file " + file + "): is written a second time");
      }
      return super.put(key, value);
    }
  }

  private void readEnvironment(String name, String text) {
    SettingsTable.Key key = SettingsTable.byEnv(name);
    if (key != null) {
      values.put(key.key(), new Value(text, "environment " + name));
    } else if (SettingsTable.isUnknownEnv(name)) {
      String near = DidYouMean.phrase(name, SettingsTable.envNames());
      problems.add(name + " (from environment): unknown setting" + near);
    }
  }

  private void put(String key, String text, String source) {
    if (SettingsTable.byKey(key) == null) {
      String near = DidYouMean.phrase(key, SettingsTable.keyNames());
      problems.add(key + " (from " + source + "): unknown setting" + near);
      return;
    }
    values.put(key, new Value(text, source));
  }

  /** The text, or the empty string; only what the table has may be asked for. */
  String text(String key) {
    return value(key).text().strip();
  }

  String secret(String key) {
    return value(key).text();
  }

  String requiredText(String key, String example) {
    String text = values.containsKey(key) ? text(key) : "";
    if (text.isEmpty()) {
      String env = SettingsTable.byKey(key).env();
      problems.add(key + " is not set; set " + env + ", for example " + example);
    }
    return text;
  }

  int integer(String key, int min, int max) {
    String text = text(key);
    if (text.matches("-?\\d{1,10}")) {
      long number = Long.parseLong(text);
      if (number >= min && number <= max) {
        return (int) number;
      }
    }
    problem(key, "'" + text + "' is not a whole number in " + min + ".." + max);
    return Integer.parseInt(SettingsTable.byKey(key).standard());
  }

  Duration duration(String key, Duration min, Duration max) {
    try {
      Duration duration = DurationText.parse(text(key));
      if (duration.compareTo(min) >= 0 && duration.compareTo(max) <= 0) {
        return duration;
      }
      problem(key, text(key) + " is not in " + plain(min) + ".." + plain(max));
    } catch (IllegalArgumentException wrong) {
      problem(key, wrong.getMessage());
    }
    return DurationText.parse(SettingsTable.byKey(key).standard());
  }

  /** A problem of one setting; names where its value came from. */
  void problem(String key, String message) {
    problems.add(key + " (from " + value(key).source() + "): " + message);
  }

  /** A relation between settings; names where each came from. */
  void require(boolean holds, String message, String... keys) {
    if (holds) {
      return;
    }
    List<String> sources = new ArrayList<>();
    for (String key : keys) {
      sources.add(key + "=" + shown(key) + " from " + value(key).source());
    }
    problems.add(message + " (" + String.join(", ", sources) + ")");
  }

  private String shown(String key) {
    return SettingsTable.byKey(key).secret() ? "***" : Masks.url(text(key));
  }

  private Value value(String key) {
    if (SettingsTable.byKey(key) == null) {
      throw new IllegalStateException(key + " is not in the table of settings");
    }
    return values.getOrDefault(key, new Value("", "default"));
  }

  private static String plain(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + "s"
        : duration.toMillis() + "ms";
  }

  /** Throws when anything was wrong. */
  void finish() {
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }
}
