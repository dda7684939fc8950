package dev.millrace.worker;

import dev.millrace.expression.References.Reference;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The secrets that a worker has by itself: variables of its environment and files, as far as its
 * settings allow. Immutable; any thread.
 *
 * @param names variables that may be referred to; a {@code *} at the end stands for any that begins
 *     so
 * @param folders absolute folders whose files may be referred to
 * @param environment gives a variable, or null
 */
public record SecretSources(
    List<String> names, List<Path> folders, UnaryOperator<String> environment) {
  /** None may be referred to. */
  public static final SecretSources NONE = new SecretSources(List.of(), List.of(), name -> null);

  private static final int FILE_BYTES_MAX = 64 * 1024;

  public SecretSources {
    names = List.copyOf(names);
    folders = List.copyOf(folders);
  }

  /** Variables of this process. */
  public static SecretSources of(List<String> names, List<Path> folders) {
    return new SecretSources(names, folders, System::getenv);
  }

  /** The value of a variable or a file. */
  String value(Reference reference) throws SecretException {
    return switch (reference.kind()) {
      case ENV -> variable(reference);
      case FILE -> file(reference);
      case SECRET -> throw new IllegalArgumentException("stored secrets are asked for");
    };
  }

  private String variable(Reference reference) throws SecretException {
    String name = reference.name();
    boolean allowed =
        !name.startsWith("MILLRACE_")
            && names.stream()
                .anyMatch(
                    one ->
                        one.endsWith("*")
                            ? name.startsWith(one.substring(0, one.length() - 1))
                            : name.equals(one));
    if (!allowed) {
      throw refused(
          reference, "this worker does not give it away; its setting worker.secret-env could");
    }
    String value = environment.apply(name);
    if (value == null || value.isEmpty()) {
      throw refused(reference, "the variable is not set on this worker");
    }
    return value;
  }

  private String file(Reference reference) throws SecretException {
    for (Path folder : folders) {
      Path found = within(folder, reference.name());
      if (found != null) {
        return read(reference, found);
      }
    }
    throw refused(
        reference,
        folders.isEmpty()
            ? "this worker gives no files away; its setting worker.secret-dirs could"
            : "there is no such file in the folders of this worker's setting worker.secret-dirs");
  }

  /** The file when it is really there, links followed, else null. */
  private static Path within(Path folder, String name) {
    try {
      Path root = folder.toRealPath();
      Path file = root.resolve(name).normalize();
      if (!file.startsWith(root) && !file.startsWith(folder)) {
        return null;
      }
      Path real = file.toRealPath();
      return real.startsWith(root) && Files.isRegularFile(real) ? real : null;
    } catch (IOException | InvalidPathException e) {
      return null;
    }
  }

  private static String read(Reference reference, Path file) throws SecretException {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
      if (bytes.length > FILE_BYTES_MAX) {
        throw refused(reference, "the file has more than " + FILE_BYTES_MAX + " bytes");
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      // Editors and echo end a file with one.
      String value = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      value = value.endsWith("\r") ? value.substring(0, value.length() - 1) : value;
      if (value.isEmpty()) {
        throw refused(reference, "the file is empty");
      }
      return value;
    } catch (CharacterCodingException e) {
      throw refused(reference, "the file is no text in UTF-8");
    } catch (IOException e) {
      throw refused(reference, "the file cannot be read: " + e.getClass().getSimpleName());
    }
  }

  private static SecretException refused(Reference reference, String why) {
    return new SecretException(reference + ": " + why, false);
  }
}
