package dev.millrace.system;

import dev.millrace.runtime.Faults;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A scheduler process that is killed by {@code kill -9} as soon as it has committed runs that
 * messages asked for and before it acks those messages.
 */
public final class DoomedScheduler {
  private DoomedScheduler() {}

  public static void main(String[] args) throws Exception {
    SchedulerSettings settings =
        SchedulerSettings.read(new SettingsInput(System.getenv(), Map.of()));
    String name = "doomed-" + ProcessHandle.current().pid();
    SchedulerNode node = new SchedulerNode(settings, name, "test", DoomedScheduler::at);
    node.start();
    System.out.println("doomed scheduler serves http://127.0.0.1:" + node.port());
    new CountDownLatch(1).await();
  }

  private static void at(Faults.Point point) {
    if (point != Faults.Point.STARTS_NOT_ACKED) {
      return;
    }
    try {
      System.out.println("killing itself between commit and ack");
      new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid()))
          .inheritIO()
          .start();
      new CountDownLatch(1).await(); // here it dies
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("woken instead of killed", e);
    }
  }
}
