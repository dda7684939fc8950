package dev.millrace.scheduler.store;

import java.sql.SQLException;
import org.jdbi.v3.core.JdbiException;

/** The database refused or did not answer; the transaction is gone as a whole. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  StoreException(String message) {
    super(message);
  }

  /** True for what the database said, or that it said nothing. */
  public static boolean isOfDatabase(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException
          || at instanceof JdbiException
          || at instanceof StoreException) {
        return true;
      }
    }
    return false;
  }

  /**
   * True when the database refused a value: it would again. 22 is a value that no column can hold,
   * 23 one that a constraint forbids, 54 one that is too large.
   */
  public static boolean isOfData(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException sql && sql.getSQLState() != null) {
        String state = sql.getSQLState();
        return state.startsWith("22") || state.startsWith("23") || state.startsWith("54");
      }
    }
    return false;
  }
}
