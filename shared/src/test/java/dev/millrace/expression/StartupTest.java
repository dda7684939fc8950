package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process whose jobs have no expressions does not pay for CEL. */
final class StartupTest {
  @Test
  void aConstantTemplateLoadsNothingOfCel() throws Exception {
    try (Recorder loader = new Recorder()) {
      Object isConstant = loader.loadClass(Constant.class.getName()).getMethod("run").invoke(null);
      assertThat(isConstant).isEqualTo(true);
      assertThat(loader.loaded).contains(Template.class.getName());
      assertThat(loader.loaded)
          .noneMatch(name -> name.startsWith("dev.cel.") || name.startsWith("com.google."));
    }
  }

  /** Runs in the recorder's world. */
  public static final class Constant {
    private Constant() {}

    public static boolean run() throws Exception {
      JsonNode json = new ObjectMapper().readTree("{\"argv\": [\"echo\", \"hello\"]}");
      Template template = Template.compile(json, Scope.NONE);
      template.render(Bindings.builder().params("{}").build());
      return template.isConstant();
    }
  }

  private static final class Recorder extends URLClassLoader {
    private final List<String> loaded = new ArrayList<>();

    Recorder() {
      super(classPath(), ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      loaded.add(name);
      return super.findClass(name);
    }

    private static URL[] classPath() {
      return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(Recorder::url)
          .toArray(URL[]::new);
    }

    private static URL url(String entry) {
      try {
        return Path.of(entry).toUri().toURL();
      } catch (MalformedURLException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }
}
