package dev.millrace.scheduler.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
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
  private static final String VUE = "META-INF/resources/webjars/vue/";
  private static final String VUE_FILE = "/dist/vue.runtime.esm-browser.prod.js";

  private record Asset(byte[] bytes, String type, String tag) {}

  private final Map<String, Asset> assets = new LinkedHashMap<>();

  /** Reads the files; a missing one is a broken build. */
  Dashboard() throws IOException {
    own("/", "index.html", "text/html; charset=utf-8");
    own("/dashboard/style.css", "style.css", "text/css; charset=utf-8");
    own("/dashboard/icon.svg", "icon.svg", "image/svg+xml");
    for (String script :
        new String[] {"main.js", "api.js", "parts.js", "graph.js", "overview.js", "jobs.js", "run.js"}) {
      own("/dashboard/" + script, script, JS);
    }
    add("/dashboard/vue.js", VUE + vueVersion() + VUE_FILE, JS, Dashboard.class.getClassLoader());
  }

  Iterable<String> paths() {
    return assets.keySet();
  }

  void serve(Context http) {
    Asset asset = assets.get(http.path());
    http.header("Cache-Control", "no-cache").header("ETag", asset.tag());
    if (asset.tag().equals(http.header("If-None-Match"))) {
      http.status(304);
      return;
    }
    http.contentType(asset.type()).result(asset.bytes());
  }

  private void own(String path, String file, String type) throws IOException {
    add(path, "dev/millrace/scheduler/http/" + file, type, Dashboard.class.getClassLoader());
  }

  private void add(String path, String resource, String type, ClassLoader from) throws IOException {
    try (InputStream in = from.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("the dashboard's file " + resource + " is not on the class path");
      }
      byte[] bytes = in.readAllBytes();
      assets.put(path, new Asset(bytes, type, tag(bytes)));
    }
  }

  private static String vueVersion() throws IOException {
    String file = "/META-INF/maven/org.webjars.npm/vue/pom.properties";
    try (InputStream in = Dashboard.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException("the web jar of vue is not on the class path");
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
