package dev.millrace.scheduler.store;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;

/**
 * A batch of rows by column, bound as arrays to one statement: one text whatever the size, one
 * plan, one round trip. Numbers travel as primitive arrays in binary. One thread.
 */
final class Columns {
  private sealed interface Column {
    Object toArray();

    String type();
  }

  static final class Longs implements Column {
    private long[] values = new long[64];
    private int size;

    void add(long value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
    }

    @Override
    public Object toArray() {
      return Arrays.copyOf(values, size);
    }

    @Override
    public String type() {
      return "int8";
    }
  }

  static final class Ints implements Column {
    private int[] values = new int[64];
    private int size;

    void add(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
    }

    @Override
    public Object toArray() {
      return Arrays.copyOf(values, size);
    }

    @Override
    public String type() {
      return "int4";
    }
  }

  static final class Bools implements Column {
    private final List<Boolean> values = new ArrayList<>();

    void add(boolean value) {
      values.add(value);
    }

    @Override
    public Object toArray() {
      return values.toArray(Boolean[]::new);
    }

    @Override
    public String type() {
      return "bool";
    }
  }

  static final class Texts implements Column {
    private final List<String> values = new ArrayList<>();

    void add(String value) {
      values.add(storable(value));
    }

    @Override
    public Object toArray() {
      return values.toArray(String[]::new);
    }

    @Override
    public String type() {
      return "text";
    }
  }

  private final List<Column> columns = new ArrayList<>();

  /** Postgres text cannot hold NUL, and one such value from a stage would stop the leader. */
  static String storable(String value) {
    return value == null || value.indexOf('\0') < 0 ? value : value.replace("\0", "\uFFFD");
  }

  Longs longs() {
    Longs column = new Longs();
    columns.add(column);
    return column;
  }

  Ints ints() {
    Ints column = new Ints();
    columns.add(column);
    return column;
  }

  Bools bools() {
    Bools column = new Bools();
    columns.add(column);
    return column;
  }

  Texts texts() {
    Texts column = new Texts();
    columns.add(column);
    return column;
  }

  /**
   * Executes a statement whose {@code ?} are these columns in order of creation, each cast to its
   * array type.
   *
   * @return rows touched
   */
  int execute(Handle tx, String sql) {
    Connection connection = tx.getConnection();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      PGConnection pg = connection.unwrap(PGConnection.class);
      List<Array> arrays = new ArrayList<>(columns.size());
      for (int i = 0; i < columns.size(); i++) {
        Array array = pg.createArrayOf(columns.get(i).type(), columns.get(i).toArray());
        arrays.add(array);
        statement.setArray(i + 1, array);
      }
      int rows = statement.executeUpdate();
      for (Array array : arrays) {
        array.free();
      }
      return rows;
    } catch (SQLException e) {
      throw new StoreException("a batch was refused and rolled back", e);
    }
  }
}
