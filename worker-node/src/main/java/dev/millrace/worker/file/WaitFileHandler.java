package dev.millrace.worker.file;

import dev.millrace.file.FileRoots;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import dev.millrace.worker.StageHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Waits until a file is there and nobody writes it any more. One object serves all attempts; each
 * on its own thread, which sleeps while one thread looks for all.
 */
public final class WaitFileHandler implements StageHandler {
  private final FileRoots roots;
  private final FileScanner scanner = new FileScanner();

  /**
   * @param fileRoots absolute folders below which stages may look; none refuses all
   */
  public WaitFileHandler(List<Path> fileRoots) {
    this.roots = new FileRoots(fileRoots);
  }

  @Override
  public String name() {
    return "wait.file";
  }

  @Override
  public boolean slotless() {
    return true;
  }

  @Override
  public Result execute(StageContext context) throws IOException, InterruptedException {
    if (roots.isEmpty()) {
      return refused("there are none");
    }
    FileSpec spec;
    try {
      spec = FileSpec.read(context.with());
    } catch (IllegalArgumentException e) {
      return Result.failed("config", e.getMessage()).notRetryable();
    }
    if (!roots.allow(spec.pattern().folder())) {
      return refused(spec.pattern().folder() + " is not below one of them");
    }
    // Files are dated by their file system; a new folder tells what time it is there.
    var startedAt = Files.getLastModifiedTime(context.workDir()).toInstant();
    return scanner.await(new FileWait(spec, roots, context, startedAt, System::nanoTime));
  }

  static Result refused(String why) {
    return Result.failed(
            "config",
            "wait.file looks only below the folders of worker.file-roots of this worker: "
                + why
                + "; add the folder to MILLRACE_FILE_ROOTS there, or run the stage in a pool that"
                + " has it")
        .notRetryable();
  }
}
