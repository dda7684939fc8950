package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;

/** What the words of a need mean, written down a second time. */
final class Truth {
  private Truth() {}

  static boolean is(Need.Is is, StageState state) {
    return switch (state) {
      case WAITING, READY, QUEUED, RUNNING, BACKING_OFF, HELD, LOCK_WAIT -> false;
      case COMPLETED, ACKNOWLEDGED -> is == Need.Is.COMPLETED || is == Need.Is.ENDED;
      case SKIPPED_COMPLETE -> is != Need.Is.FAILED && is != Need.Is.CANCELLED;
      case SKIPPED -> is == Need.Is.SKIPPED || is == Need.Is.ENDED;
      case FAILED -> is == Need.Is.FAILED || is == Need.Is.ENDED;
      case CANCELLED -> is == Need.Is.CANCELLED || is == Need.Is.ENDED;
    };
  }
}
