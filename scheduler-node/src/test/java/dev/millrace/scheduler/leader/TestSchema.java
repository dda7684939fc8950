package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.store.Database;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;

/** Databases with the schema in them: migrated once in each process, then copied. */
final class TestSchema {
  private static final int POOL_SIZE = 4;

  private TestSchema() {}

  static TestDatabase fresh() throws Exception {
    return TestServers.postgres().preparedDatabase("schema", TestSchema::migrate);
  }

  /** Not started yet. */
  static Database open(TestDatabase on) {
    return new Database(new PostgresSettings(on.jdbcUrl(), on.user(), on.password(), POOL_SIZE));
  }

  private static void migrate(TestDatabase fresh) throws InterruptedException {
    try (Database first = open(fresh)) {
      first.start();
    }
  }
}
