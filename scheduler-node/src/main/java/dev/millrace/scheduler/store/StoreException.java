package dev.millrace.scheduler.store;

/** The database refused or did not answer; the transaction is gone as a whole. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  StoreException(String message) {
    super(message);
  }
}
