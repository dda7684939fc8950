package dev.millrace.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Calls webhooks of jobs, to try them; one method per command. Main thread. */
@Command(
    name = "hook",
    description = "Call a job's webhook as another system would, signed.",
    synopsisSubcommandLabel = "COMMAND")
final class HookCommand {
  private static final String ALGORITHM = "HmacSHA256";
  private static final String SECRET = "MILLRACE_HOOK_SECRET";
  private final Terminal terminal;
  private final Clock clock;

  HookCommand(Terminal terminal, Clock clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  /** How a call is signed. */
  enum Scheme {
    GITHUB("X-Hub-Signature-256"),
    STRIPE("Stripe-Signature"),
    HEX("X-Signature"),
    BASE64("X-Signature");

    private final String header;

    Scheme(String header) {
      this.header = header;
    }
  }

  @Command(
      name = "send",
      description = "Send a signed call; the secret is in " + SECRET + " or a file.")
  int send(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "JOB") String job,
      @Parameters(paramLabel = "TRIGGER", arity = "0..1", description = "Which of its webhooks.")
          String trigger,
      @Option(
              names = "--data",
              paramLabel = "JSON",
              defaultValue = "{}",
              description = "The body; @FILE, or - for stdin.")
          String data,
      @Option(names = "--secret-file", paramLabel = "FILE", description = "Where the secret is.")
          Path secretFile,
      @Option(
              names = "--scheme",
              defaultValue = "GITHUB",
              description = "As the job's trigger has it: ${COMPLETION-CANDIDATES}.")
          Scheme scheme,
      @Option(names = "--header", paramLabel = "NAME", description = "Of the signature.")
          String header)
      throws InterruptedException {
    String body = Words.text(data);
    String signature = signature(scheme, secret(secretFile), body);
    String namespace = server.address.namespace(terminal.environment());
    String path = ApiPath.hook(namespace == null ? "default" : namespace, job, trigger);
    String name = header == null ? scheme.header : header;
    return server.run(
        terminal,
        session ->
            session.show(
                session.client().postWith(path, "application/json", body, name, signature).body(),
                Facts::lines));
  }

  private byte[] secret(Path file) {
    try {
      String secret =
          file == null
              ? terminal.environment().getOrDefault(SECRET, "")
              : Files.readString(file).strip();
      if (secret.isEmpty()) {
        throw UserError.misuse(
            "there is no secret to sign with", "Set " + SECRET + ", or name a --secret-file.");
      }
      return secret.getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + Reasons.of(e), "", e);
    }
  }

  private String signature(Scheme scheme, byte[] secret, String body) {
    String seconds = Long.toString(clock.instant().getEpochSecond());
    return switch (scheme) {
      case GITHUB -> "sha256=" + HexFormat.of().formatHex(mac(secret, body));
      case STRIPE ->
          "t=" + seconds + ",v1=" + HexFormat.of().formatHex(mac(secret, seconds + "." + body));
      case HEX -> HexFormat.of().formatHex(mac(secret, body));
      case BASE64 -> Base64.getEncoder().encodeToString(mac(secret, body));
    };
  }

  private static byte[] mac(byte[] secret, String text) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }
}
