package dev.millrace.scheduler.leader;

import org.jdbi.v3.core.Jdbi;

/** Lets commits fail at the very end, once for a database. Stateless. */
final class FailingCommits {
  private FailingCommits() {}

  /** The next so many commits that write a row of this table fail, by an error of this state. */
  static void make(Jdbi jdbi, int count, String sqlState, String table) {
    jdbi.useHandle(
        handle -> {
          handle.execute("create sequence commits");
          handle.execute(
              """
              create function fail_commit() returns trigger language plpgsql as $$
              begin
                if nextval('millrace.commits') <= %d then
                  raise exception 'a commit that fails for a test' using errcode = '%s';
                end if;
                return null;
              end $$
              """
                  .formatted(count, sqlState));
          handle.execute(
              """
              create constraint trigger fail_commit after insert on %s
              deferrable initially deferred for each row execute function fail_commit()
              """
                  .formatted(table));
        });
  }
}
