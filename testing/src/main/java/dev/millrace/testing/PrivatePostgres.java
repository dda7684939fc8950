package dev.millrace.testing;

import dev.millrace.embedded.LocalPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A Postgres of one test that may be killed and started again with the same port, password and
 * data.
 *
 * <p>Not thread-safe; the test thread drives it.
 */
public final class PrivatePostgres implements AutoCloseable {
  private static final long KILL_LIMIT_SECONDS = 30;

  private final Path directory;
  private final int port;
  private LocalPostgres server;

  private PrivatePostgres(Path directory, LocalPostgres server) {
    this.directory = directory;
    this.port = server.port();
    this.server = server;
  }

  /** Starts one in a new directory below the temporary directory, deleted at close. */
  public static PrivatePostgres start() throws IOException {
    Path directory = TestServers.newDirectory("private-postgres");
    return new PrivatePostgres(directory, LocalPostgres.in(directory).start());
  }

  public int port() {
    return port;
  }

  public String user() {
    return server.user();
  }

  public String password() {
    return server.password();
  }

  /** Of database {@code postgres}, without credentials; the same across restarts. */
  public String jdbcUrl() {
    return server.jdbcUrl("postgres");
  }

  public boolean running() {
    return server.running();
  }

  public long pid() {
    return server.pid();
  }

  /** As a crash: kill -9 of the postmaster, whose children follow. Returns when it is gone. */
  public void killHard() throws IOException {
    var gone = server.onExit();
    ProcessHandle.of(server.pid()).ifPresent(ProcessHandle::destroyForcibly);
    try {
      gone.get(KILL_LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("postgres survived kill -9", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while killing postgres", e);
    }
    server.close();
  }

  /** As an administrator: fast, clean, sessions are cut. */
  public void stop() throws IOException {
    server.close();
  }

  /** Starts it again after {@link #killHard} or {@link #stop}. */
  public void startAgain() throws IOException {
    if (server.running()) {
      throw new IllegalStateException("postgres still runs; stop or kill it first");
    }
    server = LocalPostgres.in(directory).port(port).start();
  }

  @Override
  public void close() throws IOException {
    server.close();
    TestServers.deleteTree(directory);
  }
}
