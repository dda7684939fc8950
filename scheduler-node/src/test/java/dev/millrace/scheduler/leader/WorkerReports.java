package dev.millrace.scheduler.leader;

import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a worker reports, in one message each, and waits until the leader's intake has it. The
 * test's thread.
 */
final class WorkerReports {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration OFTEN = Duration.ofMillis(2);

  private final Channel channel;
  private final ReportIntake intake;

  WorkerReports(Channel channel, ReportIntake intake) {
    this.channel = channel;
    this.intake = intake;
  }

  void finished(List<Claim> claims, Function<Claim, String> outputs) throws Exception {
    send(
        claims,
        claim ->
            new Report.Finished(claim, Outcome.COMPLETED, 1, 0, null, null, outputs.apply(claim)));
  }

  void counted(List<Claim> claims, Map<String, Long> counters) throws Exception {
    send(
        claims,
        claim ->
            new Report.Finished(
                claim, Outcome.COMPLETED, 1, 0, null, null, "{}", true, null, counters));
  }

  void started(List<Claim> claims) throws Exception {
    send(claims, Report.Started::new);
  }

  void failed(List<Claim> claims, String errorClass) throws Exception {
    send(
        claims,
        claim -> new Report.Finished(claim, Outcome.FAILED, 1, 1, errorClass, "it said no", null));
  }

  private void send(List<Claim> claims, Function<Claim, Report> report) throws Exception {
    byte[] body = ReportCodec.encode(new Reports("worker", claims.stream().map(report).toList()));
    int before = intake.waiting();
    channel.basicPublish("", Entities.REPORTS, null, body);
    channel.waitForConfirmsOrDie(20_000);
    await()
        .atMost(SOON)
        .pollDelay(Duration.ZERO)
        .pollInterval(OFTEN)
        .until(() -> intake.waiting() > before);
  }
}
