package dev.millrace.cli;

import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/** How long this process lives. Any thread. */
final class Uptime {
  private static final long BEGAN_NANOS =
      System.nanoTime()
          - TimeUnit.MILLISECONDS.toNanos(ManagementFactory.getRuntimeMXBean().getUptime());

  private Uptime() {}

  static double seconds() {
    return (System.nanoTime() - BEGAN_NANOS) / 1e9;
  }
}
