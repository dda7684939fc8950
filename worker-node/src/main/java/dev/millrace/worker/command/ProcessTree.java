package dev.millrace.worker.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process and everything that came from it: its session, whoever carries its mark in the
 * environment (children that made a session of their own), and its descendants. Thread-safe; the
 * second of two callers that end it waits for the first.
 */
final class ProcessTree {
  /** Environment variable that every process of the tree inherits. */
  static final String MARK = "MILLRACE_PROCESS_TREE";

  /** How members are found on this machine. */
  enum Method {
    /** Linux: by session id and by mark, from /proc. */
    SESSION_AND_MARK,
    /** Elsewhere: only by parentage; a child whose parent has ended is not found. */
    DESCENDANTS
  }

  private static final Logger log = LoggerFactory.getLogger(ProcessTree.class);
  private static final Path PROC = Path.of("/proc");
  private static final long POLL_MILLIS = 10;
  private static final int ENVIRONMENT_LOOKS_MAX = 5;
  private static final Duration VERIFY_MAX = Duration.ofSeconds(2);

  private final Process root;
  private final String mark;
  private final Method method;
  private final long rootStart;
  private final ReentrantLock ending = new ReentrantLock();
  private volatile long killAtNanos = Long.MAX_VALUE;
  private volatile boolean killAtSet;

  /** Guarded by {@link #ending}. */
  private boolean interrupted;

  /**
   * @param mark the value of {@link #MARK} in the root's environment, unique
   */
  ProcessTree(Process root, String mark, Method method) {
    this.root = root;
    this.mark = mark;
    this.method = method;
    Stat stat = method == Method.SESSION_AND_MARK ? Stat.read(root.pid()) : null;
    this.rootStart = stat == null ? 0 : stat.startTicks();
  }

  static Method bestMethod() {
    return Stat.read(ProcessHandle.current().pid()) != null
        ? Method.SESSION_AND_MARK
        : Method.DESCENDANTS;
  }

  /**
   * Asks everybody to end, kills who is left after the grace, and waits until nobody is.
   *
   * @return false when somebody is still there after all
   */
  boolean end(Duration grace) {
    long at = System.nanoTime() + grace.toNanos();
    if (!killAtSet || at - killAtNanos < 0) {
      killAtNanos = at;
      killAtSet = true;
    }
    ending.lock();
    try {
      boolean asked = false;
      while (true) {
        List<ProcessHandle> members = members();
        if (members.isEmpty()) {
          return true;
        }
        long left = killAtNanos - System.nanoTime();
        if (left <= 0) {
          return kill();
        }
        if (!asked) {
          members.forEach(ProcessHandle::destroy);
          asked = true;
        }
        pause(Math.min(POLL_MILLIS, TimeUnit.NANOSECONDS.toMillis(left) + 1));
      }
    } finally {
      boolean pass = interrupted;
      interrupted = false;
      ending.unlock();
      if (pass) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean kill() {
    long until = System.nanoTime() + VERIFY_MAX.toNanos();
    List<ProcessHandle> members = members();
    while (!members.isEmpty() && System.nanoTime() - until < 0) {
      members.forEach(ProcessHandle::destroyForcibly);
      pause(POLL_MILLIS);
      members = members();
    }
    if (!members.isEmpty()) {
      log.error(
          "processes do not die pids={}; they stay behind",
          members.stream().map(ProcessHandle::pid).toList());
    }
    return members.isEmpty();
  }

  /** Whoever ends a tree ends it to the end: an interrupt waits until then. */
  private void pause(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      interrupted = true;
    }
  }

  /** Living processes of the tree. */
  List<ProcessHandle> members() {
    Map<Long, ProcessHandle> found = new LinkedHashMap<>();
    if (root.isAlive()) {
      found.put(root.pid(), root.toHandle());
      root.descendants().forEach(child -> found.put(child.pid(), child));
    }
    if (method == Method.SESSION_AND_MARK) {
      for (long pid : marked()) {
        ProcessHandle.of(pid).ifPresent(handle -> found.putIfAbsent(pid, handle));
      }
    }
    found.values().removeIf(handle -> !handle.isAlive() || isZombie(handle.pid()));
    return new ArrayList<>(found.values());
  }

  private boolean isZombie(long pid) {
    if (method != Method.SESSION_AND_MARK) {
      return false;
    }
    Stat stat = Stat.read(pid);
    return stat == null || stat.isZombie();
  }

  private List<Long> marked() {
    List<Long> pids = new ArrayList<>();
    long self = ProcessHandle.current().pid();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path entry : entries) {
        long pid = Long.parseLong(entry.getFileName().toString());
        Stat stat = pid == self ? null : Stat.read(pid);
        if (stat != null
            && !stat.isZombie()
            && stat.startTicks() >= rootStart
            && (stat.session() == root.pid() || carriesMark(entry))) {
          pids.add(pid);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("could not list processes; only descendants are ended", e);
    }
    return pids;
  }

  /**
   * A process in the midst of an exec has no environment for some microseconds (the kernel's
   * environ_read says nothing until there is one): it is looked at again, or a child that has just
   * begun would be taken for a stranger and left behind.
   */
  private boolean carriesMark(Path process) {
    try {
      for (int look = 0; look < ENVIRONMENT_LOOKS_MAX; look++) {
        byte[] environment = Files.readAllBytes(process.resolve("environ"));
        if (environment.length > 0) {
          return new String(environment, StandardCharsets.ISO_8859_1)
              .contains(MARK + "=" + mark + "\0");
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
      return false; // it has none, as a kernel thread
    } catch (IOException e) {
      return false; // gone, or somebody else's
    }
  }

  /** The fields of /proc/pid/stat that matter here. */
  private record Stat(char state, long session, long startTicks) {
    private static final int STATE = 0;
    private static final int SESSION = 3;
    private static final int START_TICKS = 19;

    /** Null when there is no such process, or no such file system. */
    static Stat read(long pid) {
      try {
        String line =
            Files.readString(
                PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
        // The name in parentheses may hold anything, parentheses and spaces included.
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", 22);
        return new Stat(
            fields[STATE].charAt(0),
            Long.parseLong(fields[SESSION]),
            Long.parseLong(fields[START_TICKS]));
      } catch (IOException e) {
        return null;
      }
    }

    boolean isZombie() {
      return state == 'Z' || state == 'X';
    }
  }
}
