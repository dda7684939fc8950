package dev.millrace.lifecycle;

/** Where a job is in its life. Names are stored in Postgres; the picture is docs/lifecycle.md. */
public enum JobState {
  /** Accepted, not yet armed. */
  CREATED,
  /** Its triggers are armed and people may start it. */
  SCHEDULED,
  /** Keeps its definition; nothing new starts until it is resumed. */
  PAUSED,
  /** Its triggers are disarmed and nobody starts it; people may resume or archive it. */
  STOPPED,
  /** Read-only; history stays readable. */
  ARCHIVED;

  public boolean canBecome(JobState next) {
    return switch (this) {
      case CREATED -> next == SCHEDULED || next == PAUSED;
      case SCHEDULED -> next == PAUSED || next == STOPPED || next == ARCHIVED;
      case PAUSED -> next == SCHEDULED || next == STOPPED || next == ARCHIVED;
      case STOPPED -> next == SCHEDULED || next == ARCHIVED;
      case ARCHIVED -> false;
    };
  }

  public boolean isFinal() {
    return this == ARCHIVED;
  }
}
