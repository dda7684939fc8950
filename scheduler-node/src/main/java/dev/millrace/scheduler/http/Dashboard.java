package dev.millrace.scheduler.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * The files of the dashboard: a fixed list, read once, so that no path can lead anywhere else. Any
 * thread.
 */
final class Dashboard {
  private static final String JS = "text/javascript; charset=utf-8";
  private static final String WEBJARS = "META-INF/resources/webjars/";
  private static final String OWN = "dev/millrace/scheduler/http/";
  private static final String[] SCRIPTS = {
    "actions.js",
    "admin.js",
    "alerts.js",
    "api.js",
    "bulk.js",
    "bulk-parts.js",
    "charts.js",
    "dead.js",
    "dialogs.js",
    "fleet.js",
    "frame.js",
    "health.js",
    "icons.js",
    "library.js",
    "list-jobs.js",
    "list-runs.js",
    "locks.js",
    "login.js",
    "main.js",
    "overview.js",
    "palette.js",
    "parts.js",
    "route.js",
    "schedule.js",
    "table.js",
    "theme.js",
  };
  private static final String[] STYLES = {"style.css", "style-frame.css", "style-run.css"};

  /** The pages of one run and one job, and the editor. */
  private static final String[] OF_ONE = {
    "ansi.js", "diff.js", "editor.js", "editor-templates.js", "graph.js", "job-calendar.js",
    "job-stats.js", "job-versions.js", "job.js", "run-actions.js", "run-gantt.js", "run-log.js",
    "run-parts.js", "run-stage.js", "run-why.js", "run.js", "trigger.js", "yaml.js",
  };

  /** {@code source}: the file to read again each time, or null when it is in a jar. */
  private record Asset(byte[] bytes, String type, String tag, Path source) {}

  private final Map<String, Asset> assets = new LinkedHashMap<>();

  /** Reads the files; a missing one is a broken build. */
  Dashboard() throws IOException {
    own("/", "index.html", "text/html; charset=utf-8");
    for (String style : STYLES) {
      own("/dashboard/" + style, style, "text/css; charset=utf-8");
    }
    own("/dashboard/icon.svg", "icon.svg", "image/svg+xml");
    for (String script : SCRIPTS) {
      own("/dashboard/" + script, script, JS);
    }
    for (String script : OF_ONE) {
      own("/dashboard/" + script, script, JS);
    }
    webjar("/dashboard/vue.js", "vue", "/dist/vue.runtime.esm-browser.prod.js");
    webjar("/dashboard/dagre.js", "dagre", "/dist/dagre.min.js");
    webjar("/dashboard/chart.js", "chart.js", "/dist/chart.umd.min.js");
  }

  Iterable<String> paths() {
    return assets.keySet();
  }

  void serve(Context http) {
    Asset asset = fresh(assets.get(http.path()));
    http.header("Cache-Control", "no-cache").header("ETag", asset.tag());
    if (asset.tag().equals(http.header("If-None-Match"))) {
      http.status(304);
      return;
    }
    http.contentType(asset.type()).result(asset.bytes());
  }

  /** Who works on the dashboard has its files in a folder, and sees each change by a reload. */
  private static Asset fresh(Asset asset) {
    if (asset.source() == null) {
      return asset;
    }
    try {
      byte[] bytes = Files.readAllBytes(asset.source());
      return new Asset(bytes, asset.type(), tag(bytes), asset.source());
    } catch (IOException e) {
      throw new UncheckedIOException(asset.source() + " was here at the start", e);
    }
  }

  private void own(String path, String file, String type) throws IOException {
    add(path, OWN + file, type);
  }

  private void webjar(String path, String name, String file) throws IOException {
    add(path, WEBJARS + name + "/" + version(name) + file, JS);
  }

  private void add(String path, String resource, String type) throws IOException {
    URL url = Dashboard.class.getClassLoader().getResource(resource);
    if (url == null) {
      throw new IOException("the dashboard's file " + resource + " is not on the class path");
    }
    try (InputStream in = url.openStream()) {
      byte[] bytes = in.readAllBytes();
      Path source = url.getProtocol().equals("file") ? Path.of(URI.create(url.toString())) : null;
      assets.put(path, new Asset(bytes, type, tag(bytes), source));
    }
  }

  private static String version(String webjar) throws IOException {
    String file = "/META-INF/maven/org.webjars.npm/" + webjar + "/pom.properties";
    try (InputStream in = Dashboard.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException("the web jar of " + webjar + " is not on the class path");
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version");
    }
  }

  private static String tag(byte[] bytes) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      return "\"" + HexFormat.of().formatHex(hash, 0, 12) + "\"";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
