package dev.millrace.scheduler.trigger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Problem;
import dev.millrace.model.JobDefinition;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.JobsDirectoryFiles.JobFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the jobs be what the files of one directory say. Each pass compares the settled files with
 * the jobs that this directory defines in the database and asks the leader for the difference, so a
 * restart, a lost answer or another node watching the same directory changes nothing. Runs on its
 * loop only; {@link #problems} on any thread.
 */
public final class JobsDirectory {
  private record Key(String namespace, String job) {
    static Key of(JobDefinition job) {
      return new Key(job.namespace(), job.id());
    }

    static Key of(Jobs.Row row) {
      return new Key(row.namespace(), row.name());
    }
  }

  private static final Logger log = LoggerFactory.getLogger(JobsDirectory.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A file replaced by delete and create is missing for a moment. */
  private static final int PASSES_UNTIL_GONE = 2;

  private final Path directory;
  private final String prefix;
  private final String actor;
  private final JobsDirectoryAsking asking;
  private final Jdbi jdbi;
  private final JobsDirectoryFiles files;

  private final Map<String, Integer> passesMissing = new HashMap<>();
  private final Map<String, String> hashInForce = new HashMap<>();
  private Set<String> told = Set.of();
  private volatile List<Problem> problems = List.of();

  public JobsDirectory(
      Path directory, String node, DefinitionReader reader, Commands commands, Jdbi jdbi) {
    this(directory, node, reader, commands::ask, jdbi, System::nanoTime);
  }

  JobsDirectory(
      Path directory,
      String node,
      DefinitionReader reader,
      JobsDirectoryAsking.Seam commands,
      Jdbi jdbi,
      LongSupplier nanos) {
    this.directory = directory.toAbsolutePath().normalize();
    this.prefix = "dir:" + this.directory + "/";
    this.actor = "dir:" + node;
    this.asking = new JobsDirectoryAsking(commands, nanos);
    this.jdbi = jdbi;
    this.files = new JobsDirectoryFiles(this.directory, reader);
  }

  /** What is wrong with the directory and its files now, in the order of their names. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * One pass.
   *
   * @return false: the next look is worth nothing before the files had time to change
   * @throws QuietFailure when the database is away; nothing is forgotten, the next pass goes on
   */
  public boolean runOnce() throws InterruptedException {
    Map<String, Problem> found = new TreeMap<>();
    try {
      files.scan();
    } catch (IOException e) {
      addProblem(
          found, directory.toString(), "cannot be read, its jobs stay as they are: " + e, "");
      tell(found);
      return false;
    } catch (JdbiException e) { // a file uses a pattern
      throw new QuietFailure("database away, job files wait directory=" + directory, e);
    }
    for (JobFile file : files.all()) {
      file.problems().forEach(p -> found.put(file.contentMark() + " " + p, p));
    }
    try {
      follow(found);
    } catch (JdbiException e) {
      throw new QuietFailure("database away, job files wait directory=" + directory, e);
    } finally {
      tell(found);
    }
    return false;
  }

  private void follow(Map<String, Problem> found) throws InterruptedException {
    List<Jobs.Row> rows = rowsOfThisDirectory();
    Map<Key, Jobs.Row> rowOf = new HashMap<>();
    rows.forEach(row -> rowOf.put(Key.of(row), row));
    Map<Key, List<JobFile>> claims = claims();
    countMissing(rows);
    asking.forgetOld();
    for (Map.Entry<Key, List<JobFile>> claim : claims.entrySet()) {
      Jobs.Row row = rowOf.get(claim.getKey());
      Optional<JobFile> owner = owner(claim.getKey(), claim.getValue(), row);
      String ownerName = owner.map(file -> file.name).orElseGet(() -> fileName(row));
      for (JobFile file : claim.getValue()) {
        if (!file.name.equals(ownerName)) {
          conflict(found, file, claim.getKey(), "is defined by " + ownerName + " already");
        }
      }
      if (owner.isPresent() && !apply(found, owner.get(), claim.getKey(), row)) {
        return;
      }
    }
    for (Jobs.Row row : rows) {
      if (!claims.containsKey(Key.of(row)) && !deleteIfUnclaimed(found, row)) {
        return;
      }
    }
  }

  private List<Jobs.Row> rowsOfThisDirectory() {
    return jdbi.withHandle(handle -> Jobs.ofSource(handle, prefix)).stream()
        .filter(row -> fileName(row).indexOf('/') < 0)
        .toList();
  }

  private Map<Key, List<JobFile>> claims() {
    Map<Key, List<JobFile>> claims =
        new TreeMap<>(Comparator.comparing(Key::namespace).thenComparing(Key::job));
    for (JobFile file : files.all()) {
      file.definition()
          .ifPresent(
              job -> claims.computeIfAbsent(Key.of(job), any -> new ArrayList<>()).add(file));
    }
    return claims;
  }

  /**
   * The file that defines the job: the one that does so already, else the first by name.
   *
   * @return empty when a broken file, or one not yet read, defines it already
   */
  private Optional<JobFile> owner(Key key, List<JobFile> claimers, Jobs.Row row) {
    if (row == null) {
      return Optional.of(claimers.getFirst());
    }
    String holder = fileName(row);
    for (JobFile file : claimers) {
      if (file.name.equals(holder)) {
        return Optional.of(file);
      }
    }
    boolean heldByOther = files.named(holder).filter(file -> !movedAway(file, key)).isPresent();
    return heldByOther ? Optional.empty() : Optional.of(claimers.getFirst());
  }

  private static boolean movedAway(JobFile file, Key key) {
    return file.isGood() && file.definition().filter(job -> Key.of(job).equals(key)).isEmpty();
  }

  /**
   * @return false when no leader answers: the rest waits for the next pass
   */
  private boolean apply(Map<String, Problem> found, JobFile file, Key key, Jobs.Row row)
      throws InterruptedException {
    String source = prefix + file.name;
    boolean ours = row != null && row.source().equals(source);
    if (ours && isInForce(file, row)) {
      return true;
    }
    if (row == null) {
      Optional<Jobs.Row> other =
          jdbi.withHandle(handle -> Jobs.find(handle, key.namespace(), key.job()));
      if (other.isPresent() && !other.get().source().startsWith(prefix)) {
        conflict(found, file, key, "is defined by " + other.get().source() + " already");
        return true;
      }
    }
    String body =
        "{\"definition\":"
            + file.json()
            + made(file)
            + ",\"source\":"
            + TextNode.valueOf(source)
            + "}";
    Command command =
        new Command(
            Command.Kind.JOB_APPLY, key.namespace(), key.job(), body, actor, "file " + file.name);
    return ask(found, file.name, file.hash(), command);
  }

  /** The part of the command that tells of the pattern that the job was made of. */
  private static String made(JobFile file) {
    DefinitionReader.Origin origin = file.origin();
    return origin == null
        ? ""
        : ",\"pattern\":{\"namespace\":"
            + TextNode.valueOf(origin.namespace())
            + ",\"name\":"
            + TextNode.valueOf(origin.pattern())
            + ",\"version\":"
            + origin.version()
            + "},\"written\":"
            + origin.writtenJson();
  }

  /**
   * The node that was first, or this one before its restart, may have applied the same content. A
   * job keeps the version of its pattern as long as its file says the same.
   */
  private boolean isInForce(JobFile file, Jobs.Row row) {
    if (file.hash().equals(hashInForce.get(file.name))) {
      return true;
    }
    Jobs.Version inForce =
        jdbi.withHandle(handle -> Jobs.version(handle, row.id(), row.version())).orElse(null);
    boolean same = inForce != null && file.hash().equals(inForce.hash());
    if (!same && (inForce == null || !saysTheSame(file, inForce))) {
      return false;
    }
    hashInForce.put(file.name, file.hash());
    return true;
  }

  private static boolean saysTheSame(JobFile file, Jobs.Version inForce) {
    if (file.origin() == null || inForce.written() == null) {
      return false;
    }
    try {
      return JSON.readTree(file.origin().writtenJson()).equals(JSON.readTree(inForce.written()));
    } catch (JsonProcessingException e) {
      return false; // then it is applied anew
    }
  }

  private void countMissing(List<Jobs.Row> rows) {
    Set<String> missing = new HashSet<>();
    for (Jobs.Row row : rows) {
      if (files.named(fileName(row)).isEmpty()) {
        missing.add(fileName(row));
      }
    }
    passesMissing.keySet().retainAll(missing);
    missing.forEach(name -> passesMissing.merge(name, 1, Integer::sum));
    hashInForce.keySet().removeIf(name -> files.named(name).isEmpty());
  }

  /**
   * @return false when no leader answers
   */
  private boolean deleteIfUnclaimed(Map<String, Problem> found, Jobs.Row row)
      throws InterruptedException {
    String name = fileName(row);
    Optional<JobFile> file = files.named(name);
    if (file.isPresent() && !movedAway(file.get(), Key.of(row))) {
      return true; // broken or not yet read: the job stays as it is
    }
    if (file.isEmpty() && !files.absenceIsMeant()) {
      String what = "was away; the jobs its missing files defined stay until files are back";
      addProblem(found, directory.toString(), what, "");
      return true;
    }
    if (file.isEmpty() && passesMissing.getOrDefault(name, 0) < PASSES_UNTIL_GONE) {
      return true;
    }
    String body = "{\"source\":" + TextNode.valueOf(row.source()) + "}";
    String reason =
        file.isPresent() ? "file " + name + " defines another" : "file " + name + " is gone";
    Command command =
        new Command(Command.Kind.JOB_DELETE, row.namespace(), row.name(), body, actor, reason);
    return ask(found, name, "delete " + row.id(), command);
  }

  /**
   * @return false when no leader answers
   */
  private boolean ask(Map<String, Problem> found, String file, String content, Command command)
      throws InterruptedException {
    JobsDirectoryAsking.Answer answer = asking.ask(file, content, command);
    if (answer.refusal() != null) {
      addProblem(found, file, answer.refusal(), content);
    }
    if (answer.kind() == JobsDirectoryAsking.Kind.DONE
        && command.kind().equals(Command.Kind.JOB_APPLY)) {
      hashInForce.put(file, content);
    }
    return answer.kind() != JobsDirectoryAsking.Kind.NONE;
  }

  private String fileName(Jobs.Row row) {
    return row.source().substring(prefix.length());
  }

  private static void conflict(Map<String, Problem> found, JobFile file, Key key, String why) {
    String what = "conflict: job " + key.job() + " in namespace " + key.namespace() + " " + why;
    addProblem(found, file.name, what + "; " + file.name + " is not used", file.contentMark());
  }

  private static void addProblem(
      Map<String, Problem> found, String source, String message, String content) {
    Problem problem = new Problem(source, 0, 0, "", message);
    found.put(source + " " + content + " " + problem, problem);
  }

  /** Each problem is logged once per content, and stays in the list as long as it lasts. */
  private void tell(Map<String, Problem> found) {
    for (Map.Entry<String, Problem> problem : found.entrySet()) {
      if (!told.contains(problem.getKey())) {
        log.warn("job file problem directory={} problem=\"{}\"", directory, problem.getValue());
      }
    }
    told = Set.copyOf(found.keySet());
    problems = List.copyOf(found.values());
  }
}
