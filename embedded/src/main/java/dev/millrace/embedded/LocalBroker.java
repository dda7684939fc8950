package dev.millrace.embedded;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.qpid.server.SystemLauncher;
import org.apache.qpid.server.SystemLauncherListener;
import org.apache.qpid.server.model.Broker;
import org.apache.qpid.server.model.BrokerImpl;
import org.apache.qpid.server.model.Port;
import org.apache.qpid.server.model.SystemConfig;

/**
 * A real AMQP 0-9-1 broker (Apache Qpid Broker-J) inside this process, bound to loopback.
 *
 * <p>Queues and messages are kept in memory only: Postgres is the truth, and losing every queue
 * loses no work. Started and closed by its owner on any thread; it installs no shutdown hook and
 * never ends the process.
 */
public final class LocalBroker implements AutoCloseable {
  private static final String CONFIGURATION = "local-broker.json";

  /** Broker-J reads and writes process-wide state while it starts, so one starts at a time. */
  private static final ReentrantLock STARTING = new ReentrantLock();

  private final SystemLauncher launcher;
  private final Path workDirectory;
  private final String user;
  private final String password;
  private final int port;
  private boolean closed;

  private LocalBroker(
      SystemLauncher launcher, Path workDirectory, Settings settings, int boundPort) {
    this.launcher = launcher;
    this.workDirectory = workDirectory;
    this.user = settings.user;
    this.password = settings.password;
    this.port = boundPort;
  }

  /** A broker on a free port with a password of its own. */
  public static Settings settings() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return new Settings(0, "millrace", HexFormat.of().formatHex(random));
  }

  /**
   * What can be chosen about a {@link LocalBroker}.
   *
   * @param port 0 for a free one
   */
  public record Settings(int port, String user, String password) {
    public Settings {
      if (!user.matches("[A-Za-z0-9_.-]+") || !password.matches("[A-Za-z0-9_.-]+")) {
        throw new IllegalArgumentException(
            "broker user and password may contain letters, digits and _ . - only");
      }
    }

    public Settings port(int newPort) {
      return new Settings(newPort, user, password);
    }

    public Settings credentials(String newUser, String newPassword) {
      return new Settings(port, newUser, newPassword);
    }

    /**
     * Starts it and returns when it accepts connections.
     *
     * @throws IOException if it does not start, for instance because the port is taken
     */
    public LocalBroker start() throws IOException {
      STARTING.lock();
      try {
        return launch(this);
      } finally {
        STARTING.unlock();
      }
    }

    @Override
    public String toString() {
      return "Settings[port=" + port + ", user=" + user + ", password=***]";
    }
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  public String user() {
    return user;
  }

  public String password() {
    return password;
  }

  /** With credentials, for virtual host {@code /}. */
  public URI uri() {
    return URI.create("amqp://" + user + ":" + password + "@" + host() + ":" + port + "/%2F");
  }

  /** Closes all connections and forgets all queues. Later calls do nothing. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    launcher.shutdown();
    PostgresBinaries.deleteTree(workDirectory);
  }

  private static LocalBroker launch(Settings settings) throws IOException {
    requireFree(settings.port);
    Path work = Files.createTempDirectory("millrace-broker");
    Started started = new Started();
    SystemLauncher launcher = new SystemLauncher(started);
    boolean running = false;
    try {
      launcher.startup(attributes(settings, work));
      int port = started.amqpPort();
      started.removeShutdownHook();
      running = true;
      return new LocalBroker(launcher, work, settings, port);
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("the embedded broker did not start", e);
    } finally {
      if (!running) {
        launcher.shutdown();
        PostgresBinaries.deleteTree(work);
      }
    }
  }

  /** Broker-J would say it too, in five hundred lines of log. */
  private static void requireFree(int port) throws IOException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (BindException e) {
      throw new IOException("port " + port + " is taken; the embedded broker needs another one", e);
    }
  }

  private static Map<String, Object> attributes(Settings settings, Path work) {
    URL configuration = LocalBroker.class.getResource(CONFIGURATION);
    Map<String, String> context = new HashMap<>();
    context.put("qpid.work_dir", work.toString());
    context.put("qpid.broker_status_updates", "OFF");
    context.put("millrace.port", Integer.toString(settings.port));
    context.put("millrace.user", settings.user);
    context.put("millrace.password", settings.password);
    Map<String, Object> attributes = new HashMap<>();
    attributes.put("type", "Memory");
    attributes.put("initialConfigurationLocation", configuration.toExternalForm());
    attributes.put("startupLoggedToSystemOut", false);
    attributes.put("context", context);
    return attributes;
  }

  /** Remembers the broker that the launcher builds; used by the starting thread only. */
  private static final class Started extends SystemLauncherListener.DefaultSystemLauncherListener {
    private SystemConfig<?> system;
    private RuntimeException problem;

    @Override
    public void onContainerResolve(SystemConfig<?> systemConfig) {
      system = systemConfig;
    }

    @Override
    public void errorOnStartup(RuntimeException e) {
      problem = e;
    }

    /**
     * Broker-J would end at the first SIGTERM, before those who still speak to it; when it ends is
     * its owner's decision, and its only way to say so is this field.
     */
    void removeShutdownHook() throws IOException {
      try {
        Field hook = BrokerImpl.class.getDeclaredField("_shutdownHook");
        hook.setAccessible(true);
        Runtime.getRuntime().removeShutdownHook((Thread) hook.get(system.getContainer()));
      } catch (ReflectiveOperationException e) {
        throw new IOException("this release of Broker-J keeps its shutdown hook elsewhere", e);
      } catch (IllegalStateException processEnds) {
        // Too late to take it away; the hook runs already.
      }
    }

    int amqpPort() throws IOException {
      if (problem != null) {
        throw new IOException("the embedded broker did not start", problem);
      }
      Broker<?> broker = (Broker<?>) system.getContainer();
      for (Port<?> port : broker.getChildren(Port.class)) {
        if (port.getBoundPort() > 0) {
          return port.getBoundPort();
        }
      }
      throw new IOException("the embedded broker has no open port; is the wanted one taken?");
    }
  }
}
