package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tokens that {@code millrace login} keeps, one for each server, and the server that was logged
 * into last: {@code ~/.config/millrace/credentials}, for its owner alone. Main thread.
 */
final class Credentials {
  private static final Set<PosixFilePermission> OWNER =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path file;

  Credentials(Map<String, String> environment) {
    this.file = folder(environment).resolve("credentials");
  }

  private static Path folder(Map<String, String> environment) {
    String own = environment.getOrDefault("MILLRACE_CONFIG_DIR", "");
    if (!own.isEmpty()) {
      return Path.of(own);
    }
    String config = environment.getOrDefault("XDG_CONFIG_HOME", "");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    return (config.isEmpty() ? Path.of(home, ".config") : Path.of(config)).resolve("millrace");
  }

  Path file() {
    return file;
  }

  /** The token of a server, or empty. */
  Optional<String> token(URI server) {
    return Optional.ofNullable(
        read().path("servers").path(server.toString()).path("token").textValue());
  }

  /** The server that was logged into last. */
  Optional<String> server() {
    return Optional.ofNullable(read().path("current").textValue());
  }

  void keep(URI server, String token, String name) {
    ObjectNode all = read();
    all.put("current", server.toString());
    all.withObject("/servers").putObject(server.toString()).put("token", token).put("name", name);
    write(all);
  }

  /** False when there was none. */
  boolean forget(URI server) {
    ObjectNode all = read();
    boolean had = all.withObject("/servers").remove(server.toString()) != null;
    if (server.toString().equals(all.path("current").asText())) {
      all.remove("current");
    }
    if (had) {
      write(all);
    }
    return had;
  }

  private ObjectNode read() {
    try {
      requirePrivate();
      JsonNode all = ApiClient.JSON.readTree(Files.readString(file));
      if (all instanceof ObjectNode known) {
        return known;
      }
      throw new UserError(
          file + " is not what `millrace login` writes", "Delete it, and log in again.");
    } catch (NoSuchFileException none) {
      return ApiClient.JSON.createObjectNode();
    } catch (IOException e) {
      throw new UserError(
          "cannot read " + file + ": " + Reasons.of(e), "Delete it, and log in again.", e);
    }
  }

  /** A token that others may read is nobody's secret: the owner is told how to mend it. */
  private void requirePrivate() throws IOException {
    if (!Files.getFileStore(file.getParent()).supportsFileAttributeView("posix")) {
      return;
    }
    Set<PosixFilePermission> others = EnumSet.copyOf(Files.getPosixFilePermissions(file));
    others.removeAll(OWNER);
    others.remove(PosixFilePermission.OWNER_EXECUTE);
    if (!others.isEmpty()) {
      throw new UserError(
          "other users may read " + file + ", which has tokens in it",
          "chmod 600 " + file + "  and, if others use this machine, revoke the tokens.");
    }
  }

  private void write(ObjectNode all) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
      if (posix) {
        Files.createDirectories(folder, OWNER_FOLDER);
      } else {
        Files.createDirectories(folder);
      }
      // Made private before anything is in it, and put in place whole.
      Path part =
          posix
              ? Files.createTempFile(
                  folder, "credentials", ".part", PosixFilePermissions.asFileAttribute(OWNER))
              : Files.createTempFile(folder, "credentials", ".part");
      Files.writeString(part, OutputForm.pretty(all) + "\n", StandardCharsets.UTF_8);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UserError("cannot write " + file + ": " + Reasons.of(e), "", e);
    }
  }
}
