package dev.millrace.scheduler.store;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;

/**
 * Rows of one hot table, by column, written by one insert or one update. The statement names only
 * the columns that say something: an insert leaves out those that are null in every row, an update
 * those that change in none. The arrays are unnested in a select list, where Postgres walks them in
 * step; as a function in {@code from} each array is first copied into a tuple store of its own.
 * Together that took a run's writes from 20.4 to 14.6 microseconds of a backend (2026-11-24, PG 15,
 * batches of 1,000). One thread.
 */
final class Batch {
  /** How a number travels and what it becomes. */
  enum Kind {
    LONG("int8", "u.%s"),
    INT("int4", "u.%s"),
    /** 0 is null. */
    LONG_OR_NULL("int8", "nullif(u.%s, 0)"),
    /** 0 is null. */
    INT_UNLESS_ZERO("int4", "nullif(u.%s, 0)"),
    /** Negative is null. */
    LONG_UNLESS_NEGATIVE("int8", "case when u.%1$s >= 0 then u.%1$s end"),
    /** 0 leaves what is stored; for updates. */
    LONG_OR_KEPT("int8", "coalesce(nullif(u.%1$s, 0), t.%1$s)"),
    /** {@link #NO_INT} is null. */
    INT_OR_NULL("int4", "nullif(u.%s, -2147483648)"),
    /** Microseconds since 1970; 0 is null. */
    INSTANT("int8", "ts(u.%s)");

    private final String type;
    private final String expression;

    Kind(String type, String expression) {
      this.type = type;
      this.expression = expression;
    }

    boolean isNull(long value) {
      return switch (this) {
        case LONG, INT -> false;
        case LONG_OR_NULL, LONG_OR_KEPT, INSTANT, INT_UNLESS_ZERO -> value == 0;
        case LONG_UNLESS_NEGATIVE -> value < 0;
        case INT_OR_NULL -> value == NO_INT;
      };
    }
  }

  static final int NO_INT = Integer.MIN_VALUE;
  private static final int SAME_ROWS_MIN = 64;

  private sealed interface Column {
    String name();

    /** An update finds its row by it, instead of setting it. */
    boolean isKey();

    /** False when the statement can do without. */
    boolean says();

    /** True when all rows have the same value, which then travels once. */
    boolean same();

    String type();

    /** What is stored of {@code u}, the unnested row. */
    String expression(boolean once);

    /** The type of the one value of all rows. */
    String onceType();

    Object toArray();

    /** The one value of all rows, null where the column is null. */
    Object once();
  }

  /** Numbers or instants. */
  static final class Numbers implements Column {
    private final String name;
    private final Kind kind;
    private final boolean key;
    private long[] values = new long[64];
    private int size;
    private boolean says;
    private boolean same = true;

    private Numbers(String name, Kind kind, boolean key) {
      this.name = name;
      this.kind = kind;
      this.key = key;
    }

    /** A value of a new row, or of a key. */
    void add(long value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
      same &= value == values[0];
      says |= !kind.isNull(value);
    }

    /** A value of a row that is stored with {@code before}. */
    void add(long value, long before) {
      boolean said = says;
      add(value);
      says = said || value != before;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean isKey() {
      return key;
    }

    @Override
    public boolean says() {
      return says || key;
    }

    @Override
    public boolean same() {
      return same;
    }

    @Override
    public String type() {
      return kind.type;
    }

    @Override
    public String expression(boolean once) {
      return once && kind != Kind.LONG_OR_KEPT ? "u." + name : kind.expression.formatted(name);
    }

    @Override
    public String onceType() {
      return kind == Kind.INSTANT ? "timestamptz" : kind.type;
    }

    @Override
    public Object toArray() {
      return kind.type.equals("int8")
          ? Arrays.copyOf(values, size)
          : Arrays.stream(values, 0, size).mapToInt(Math::toIntExact).toArray();
    }

    @Override
    public Object once() {
      long value = values[0];
      if (kind.isNull(value)) {
        return null;
      }
      return switch (kind) {
        case INSTANT ->
            OffsetDateTime.ofInstant(Instant.EPOCH.plus(value, ChronoUnit.MICROS), ZoneOffset.UTC);
        case LONG, LONG_OR_NULL, LONG_OR_KEPT, LONG_UNLESS_NEGATIVE -> value;
        case INT, INT_OR_NULL, INT_UNLESS_ZERO -> Math.toIntExact(value);
      };
    }
  }

  /** Texts; null is null. */
  static final class Texts implements Column {
    private final String name;
    private final List<String> values = new ArrayList<>();
    private boolean says;
    private boolean same = true;

    private Texts(String name) {
      this.name = name;
    }

    void add(String value) {
      add(value, null);
    }

    void add(String value, String before) {
      values.add(Columns.storable(value));
      same &= Objects.equals(value, values.getFirst());
      says |= !Objects.equals(value, before);
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean isKey() {
      return false;
    }

    @Override
    public boolean says() {
      return says;
    }

    @Override
    public boolean same() {
      return same;
    }

    @Override
    public String type() {
      return "text";
    }

    @Override
    public String expression(boolean once) {
      return "u." + name;
    }

    @Override
    public String onceType() {
      return "text";
    }

    @Override
    public Object toArray() {
      return values.toArray(String[]::new);
    }

    @Override
    public Object once() {
      return values.getFirst();
    }
  }

  private final List<Column> columns = new ArrayList<>();

  Numbers numbers(String name, Kind kind) {
    return added(new Numbers(name, kind, false));
  }

  Numbers key(String name, Kind kind) {
    return added(new Numbers(name, kind, true));
  }

  Texts texts(String name) {
    return added(new Texts(name));
  }

  private <C extends Column> C added(C column) {
    columns.add(column);
    return column;
  }

  /** Inserts {@code rows} rows, or fails. */
  void insertInto(Handle tx, String table, int rows) {
    if (rows == 0) {
      return;
    }
    List<Column> used = columns.stream().filter(Column::says).toList();
    String sql =
        "insert into %s (%s)\nselect %s\n%s"
            .formatted(
                table,
                used.stream().map(Column::name).collect(Collectors.joining(", ")),
                used.stream()
                    .map(column -> column.expression(once(column, rows)))
                    .collect(Collectors.joining(", ")),
                from(used, rows));
    execute(tx, sql, used, rows);
  }

  /** Updates {@code rows} rows, each found by all its keys, or fails. */
  void update(Handle tx, String table, int rows) {
    List<Column> used = columns.stream().filter(Column::says).toList();
    List<Column> set = used.stream().filter(column -> !column.isKey()).toList();
    if (rows == 0 || set.isEmpty()) {
      return; // every row is as it was
    }
    String sql =
        "update %s t\nset %s\n%s\nwhere %s"
            .formatted(
                table,
                set.stream()
                    .map(column -> column.name() + " = " + column.expression(once(column, rows)))
                    .collect(Collectors.joining(", ")),
                from(used, rows),
                used.stream()
                    .filter(Column::isKey)
                    .map(column -> "t." + column.name() + " = u.was_" + column.name())
                    .collect(Collectors.joining(" and ")));
    execute(tx, sql, used, rows);
  }

  private static String from(List<Column> used, int rows) {
    return used.stream()
        .map(
            column ->
                (once(column, rows) ? "cast(? as " + column.onceType() + ")" : "unnest(?)")
                    + " as "
                    + (column.isKey() ? "was_" : "")
                    + column.name())
        .collect(Collectors.joining(", ", "from (select ", ") u"));
  }

  /** Only for many rows: few ones differ in what they share, and each mix is a statement. */
  private static boolean once(Column column, int rows) {
    return rows >= SAME_ROWS_MIN && column.same();
  }

  private static void execute(Handle tx, String sql, List<Column> used, int rows) {
    int written;
    Connection connection = tx.getConnection();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      PGConnection pg = connection.unwrap(PGConnection.class);
      List<Array> arrays = new ArrayList<>(used.size());
      int position = 0;
      for (Column column : used) {
        position++;
        if (once(column, rows)) {
          statement.setObject(position, column.once());
          continue;
        }
        Array array = pg.createArrayOf(column.type(), column.toArray());
        arrays.add(array);
        statement.setArray(position, array);
      }
      written = statement.executeUpdate();
      for (Array array : arrays) {
        array.free();
      }
    } catch (SQLException e) {
      throw new StoreException("a batch was refused and rolled back", e);
    }
    if (written != rows) {
      throw new StoreException(
          "a batch of "
              + rows
              + " rows wrote "
              + written
              + ": rows are not as this leader knows them; the batch is rolled back and read again");
    }
  }
}
