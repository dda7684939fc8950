package dev.millrace.scheduler.trigger;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Problem;
import dev.millrace.model.JobDefinition;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What lies in the watched directory. A file is read only when it was the same in two scans, so
 * that one that is still being written is left alone. Confined to the thread that scans.
 */
final class JobsDirectoryFiles {
  private static final int FILE_BYTES_MAX = 1 << 20;

  /** After the directory came back its files may come back one by one. */
  private static final int SCANS_UNTIL_TRUSTED = 3;

  /** Two of these are equal only when the file was not written in between. */
  private record Signature(long sizeBytes, FileTime modified, Object fileKey) {}

  /** One file, and what it said when it was last read. */
  static final class JobFile {
    final String name;
    private Signature signature;
    private boolean read;
    private Signature judged;
    private JobDefinition definition;
    private String json;
    private String hash;
    private DefinitionReader.Origin origin;
    private List<Problem> problems = List.of();

    private JobFile(String name) {
      this.name = name;
    }

    /** What the file defines; the last good content when the present one is broken. */
    Optional<JobDefinition> definition() {
      return Optional.ofNullable(definition);
    }

    /** The canonical text of {@link #definition}. */
    String json() {
      return json;
    }

    String hash() {
      return hash;
    }

    /** The pattern that {@link #definition} was made of, or null. */
    DefinitionReader.Origin origin() {
      return origin;
    }

    /** True when a pattern is missing, which somebody may register without touching the file. */
    private boolean waitsForPattern() {
      return problems.stream().anyMatch(problem -> problem.path().equals("uses"));
    }

    /** What is wrong with the present content. */
    List<Problem> problems() {
      return problems;
    }

    /** True when the present content was read and nothing is wrong with it. */
    boolean isGood() {
      return read && problems.isEmpty();
    }

    /** Changes with each content that was read: a problem is told once per content. */
    String contentMark() {
      return name + " " + judged;
    }

    private void define(JobDefinition job, DefinitionReader.Origin from) {
      definition = job;
      origin = from;
      json = DefinitionJson.toJson(job);
      hash = DefinitionJson.hash(job);
      problems = List.of();
    }
  }

  private final Path directory;
  private final DefinitionReader reader;
  private final TreeMap<String, JobFile> files = new TreeMap<>();
  private Object directoryKey;
  private boolean scannedBefore;
  private boolean trusted = true;
  private int sameScans;

  JobsDirectoryFiles(Path directory, DefinitionReader reader) {
    this.directory = directory;
    this.reader = reader;
  }

  /** In the order of their names. */
  Collection<JobFile> all() {
    return files.values();
  }

  Optional<JobFile> named(String name) {
    return Optional.ofNullable(files.get(name));
  }

  /**
   * True when a file that is not here was taken away by somebody; false after the directory itself
   * was away (deleted, unmounted, replaced), until its files are back and stay the same.
   */
  boolean absenceIsMeant() {
    return trusted;
  }

  /** Looks at the directory, which is created when it is missing, and reads what has settled. */
  void scan() throws IOException {
    noticeVanished();
    Set<String> names = list();
    noticeReturn(names);
    files.keySet().retainAll(names);
    for (String name : names) {
      JobFile file = files.computeIfAbsent(name, JobFile::new);
      if (!look(file)) {
        files.remove(name);
      }
    }
  }

  private void noticeVanished() throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory);
      trusted = false;
      sameScans = 0;
    }
    Object key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
    if (scannedBefore && key != null && !key.equals(directoryKey)) {
      trusted = false;
      sameScans = 0;
    }
    directoryKey = key;
    scannedBefore = true;
  }

  private void noticeReturn(Set<String> names) {
    if (trusted) {
      return;
    }
    sameScans = !names.isEmpty() && names.equals(files.keySet()) ? sameScans + 1 : 0;
    trusted = sameScans >= SCANS_UNTIL_TRUSTED;
  }

  private Set<String> list() throws IOException {
    Set<String> names = new TreeSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (isJobFile(name)) {
          names.add(name);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return names;
  }

  /** Hidden files, and what editors and copy programs leave for a moment, are not job files. */
  private static boolean isJobFile(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    boolean temporary = lower.startsWith(".") || lower.startsWith("#") || lower.startsWith("~");
    boolean known = lower.endsWith(".json") || lower.endsWith(".yaml") || lower.endsWith(".yml");
    return known && !temporary;
  }

  /**
   * @return false when the file is gone
   */
  private boolean look(JobFile file) {
    Path path = directory.resolve(file.name);
    try {
      Signature seen = signature(path);
      if (!seen.equals(file.signature)) {
        file.signature = seen;
        file.read = false;
        return true;
      }
      if (!file.read || file.waitsForPattern()) {
        file.judged = seen;
        read(file, path);
        file.read = seen.equals(signature(path));
      }
      return true;
    } catch (NoSuchFileException e) {
      if (!Files.isSymbolicLink(path)) {
        return false;
      }
      refuse(file, "is a link that leads nowhere");
      return true;
    } catch (IOException e) {
      refuse(file, "cannot be read: " + e);
      return true;
    }
  }

  private static Signature signature(Path path) throws IOException {
    BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
    return new Signature(found.size(), found.lastModifiedTime(), found.fileKey());
  }

  private void read(JobFile file, Path path) throws IOException {
    Path real = path.toRealPath();
    if (!real.startsWith(directory.toRealPath())) {
      refuse(file, "is a link out of the directory; put the file itself here");
      return;
    }
    if (!Files.isRegularFile(real)) {
      refuse(file, "is not a regular file");
      return;
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(real)) {
      bytes = in.readNBytes(FILE_BYTES_MAX + 1);
    }
    if (bytes.length > FILE_BYTES_MAX) {
      refuse(file, "is larger than 1 MiB");
      return;
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      switch (reader.read(text, file.name)) {
        case DefinitionReader.Result.Ok ok -> file.define(ok.job(), ok.origin());
        case DefinitionReader.Result.Bad bad -> file.problems = bad.problems();
      }
    } catch (CharacterCodingException e) {
      refuse(file, "is not UTF-8 text");
    }
  }

  private static void refuse(JobFile file, String why) {
    file.problems = List.of(new Problem(file.name, 0, 0, "", why));
  }
}
