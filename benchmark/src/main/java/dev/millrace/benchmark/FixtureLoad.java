package dev.millrace.benchmark;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Database;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Fills an empty database with a history as a busy installation has it: runs of many jobs over many
 * days, their stages, rows in the transition log, failures with errors and superseded attempts,
 * some logs, ticks and dead letters. The rows are made where they are kept, a day partition at a
 * time. What is counted of them is left to the leader. One use.
 */
final class FixtureLoad {
  static final int JOBS = 200;
  static final List<String> NAMESPACES = List.of("default", "shop", "ops", "data", "labs");
  private static final int CHUNK = 100;
  private static final int OPEN = 2_000;
  private static final int PARALLEL = 2;

  private final DatabaseAddress address;
  private final long runs;
  private final int days;
  private final Consumer<String> told;
  private final Instant end = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final List<Long> jobs = new ArrayList<>();
  private long chunks;

  /**
   * @param told what it has done, line by line
   */
  FixtureLoad(DatabaseAddress address, long runs, int days, Consumer<String> told) {
    this.address = address;
    this.runs = Math.max(CHUNK, runs / CHUNK * CHUNK);
    this.days = days;
    this.told = told;
  }

  /**
   * What was made.
   *
   * @param bytes of the whole database
   */
  record Made(long runs, long stages, long bytes, double seconds) {}

  Made load() throws Exception {
    long began = System.nanoTime();
    migrate();
    try (Connection connection = address.connect()) {
      prepare(connection);
      if (number(connection, "select count(*) from (select 1 from run limit 1) r") > 0) {
        throw new IllegalStateException("the database has runs already; give an empty one");
      }
      jobs(connection);
      for (int day = -1; day <= days + 7; day++) {
        partitions(connection, firstDay().plusDays(day));
      }
    }
    history();
    try (Connection connection = address.connect()) {
      prepare(connection);
      finish(connection);
      told.accept("gathering statistics");
      execute(connection, "analyze");
      return new Made(
          runs,
          number(
              connection,
              "select sum(reltuples)::bigint from pg_class where relkind = 'r' and relname ~"
                  + " '^stage_2'"),
          number(connection, "select pg_database_size(current_database())"),
          (System.nanoTime() - began) / 1e9);
    }
  }

  private void migrate() throws InterruptedException {
    Map<String, String> flags = new HashMap<>();
    flags.put("postgres.url", address.jdbcUrl());
    flags.put("postgres.user", address.user());
    flags.put("postgres.password", address.password());
    flags.put("rabbitmq.url", "amqp://127.0.0.1");
    PostgresSettings settings =
        SchedulerSettings.read(new SettingsInput(Map.of(), flags)).postgres();
    try (Database database = new Database(settings)) {
      database.start();
    }
  }

  private static void prepare(Connection connection) throws SQLException {
    execute(
        connection,
        "set search_path = millrace, public; set synchronous_commit = off; set statement_timeout ="
            + " 0; set jit = off");
  }

  private LocalDate firstDay() {
    return end.minus(days, ChronoUnit.DAYS).atZone(ZoneOffset.UTC).toLocalDate();
  }

  private static void partitions(Connection connection, LocalDate day) throws SQLException {
    execute(connection, "select ensure_partitions(date '" + day + "', 1)");
  }

  /** Every fourth has three stages, every tenth a schedule. */
  static String job(int index) {
    StringBuilder text =
        new StringBuilder(
            """
            id: job-%03d
            namespace: %s
            description: Number %d of the fixture
            labels: {team: team-%d, tier: "%d"}
            params: {n: {type: integer, default: 1}}
            """
                .formatted(
                    index, NAMESPACES.get(index % NAMESPACES.size()), index, index % 7, index % 3));
    if (index % 10 == 0) {
      text.append("triggers: [{cron: \"*/5 * * * *\"}]\n");
    }
    text.append("stages:\n  - {id: extract, run: fixture, pool: fixture}\n");
    if (index % 4 == 0) {
      text.append("  - {id: transform, run: fixture, pool: fixture, needs: [extract]}\n");
      text.append("  - {id: load, run: fixture, pool: fixture, needs: [transform]}\n");
    }
    return text.toString();
  }

  private void jobs(Connection connection) throws SQLException {
    for (int i = 0; i < JOBS; i++) {
      if (!(new DefinitionReader().read(job(i), "fixture")
          instanceof DefinitionReader.Result.Ok ok)) {
        throw new IllegalStateException("the fixture's own job is refused: " + job(i));
      }
      try (var statement = connection.prepareStatement(FixtureSql.JOB)) {
        statement.setString(1, ok.job().namespace());
        statement.setString(2, ok.job().id());
        statement.setString(3, i % 10 == 0 ? "SCHEDULED" : "CREATED");
        statement.setString(4, DefinitionJson.toJson(ok.job()));
        statement.setString(5, DefinitionJson.hash(ok.job()));
        statement.setInt(6, i % 10 == 0 ? 1 : 0);
        statement.setString(7, "team-" + i % 7);
        try (var row = statement.executeQuery()) {
          row.next();
          jobs.add(row.getLong(1));
        }
      }
    }
  }

  private void history() throws Exception {
    long firstMillis = end.minus(days, ChronoUnit.DAYS).toEpochMilli();
    double millisPerRun = days * 86_400_000.0 / runs;
    try (var threads = Executors.newFixedThreadPool(PARALLEL)) {
      List<Future<?>> parts = new ArrayList<>();
      long from = 0;
      for (int day = 0; day <= days && from < runs; day++) {
        long midnight =
            firstDay().plusDays(day + 1).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        long until = (long) Math.ceil((midnight - firstMillis) / millisPerRun);
        long to = Math.min(runs, Math.max(from, until));
        String text = firstDay().plusDays(day).toString().replace("-", "");
        if (to > from) {
          Part part = new Part(text, from, to, firstMillis, millisPerRun, chunks);
          chunks += Math.ceilDiv(to - from, CHUNK);
          parts.add(threads.submit(() -> part(part)));
        }
        from = to;
      }
      for (Future<?> part : parts) {
        part.get();
      }
    }
  }

  /** The runs of a day: those with the numbers {@code from} to {@code to}. */
  private record Part(
      String day, long from, long to, long firstMillis, double millisPerRun, long chunk) {}

  private Void part(Part part) throws SQLException {
    long began = System.nanoTime();
    try (Connection connection = address.connect()) {
      prepare(connection);
      try (var statement = connection.createStatement()) {
        statement.execute(
            FixtureSql.SEED.formatted(
                part.from,
                part.to - 1,
                String.format(Locale.ROOT, "%.6f", part.millisPerRun),
                part.firstMillis - RunId.EPOCH_MILLIS,
                CHUNK,
                array(),
                part.chunk));
        for (String table : FixtureSql.TABLES) {
          statement.execute(table.replace("DAY", part.day));
        }
        statement.execute("drop table seed");
      }
    }
    told.accept(
        String.format(
            Locale.ROOT,
            "%s: %d runs in %.1f s",
            part.day,
            part.to - part.from,
            (System.nanoTime() - began) / 1e9));
    return null;
  }

  private String array() {
    return jobs.toString().replace('[', '{').replace(']', '}');
  }

  private void finish(Connection connection) throws SQLException {
    execute(connection, "select setval('transition_seq', " + (chunks * 2) + ")");
    for (String statement : FixtureSql.FINISH) {
      execute(
          connection,
          statement.formatted(RunId.firstAt(end.minusSeconds(3_600).toEpochMilli()), OPEN));
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.setQueryTimeout((int) TimeUnit.MINUTES.toSeconds(30));
      statement.execute(sql);
    }
  }

  private static long number(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
