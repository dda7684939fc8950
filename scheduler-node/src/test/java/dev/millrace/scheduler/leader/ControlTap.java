package dev.millrace.scheduler.leader;

import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Copies of what the leader tells the workers, from when it is made. The test's thread. */
final class ControlTap {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final Channel channel;
  private final String queue;

  ControlTap(Channel channel) throws IOException {
    this.channel = channel;
    this.queue = channel.queueDeclare().getQueue();
    channel.queueBind(queue, Entities.CONTROL, "");
  }

  /** What was told since the last call, up to and with this. */
  List<Control> upTo(Control last) {
    List<Control> heard = new ArrayList<>();
    await()
        .atMost(SOON)
        .until(
            () -> {
              GetResponse got = channel.basicGet(queue, true);
              if (got != null
                  && ControlCodec.decode(got.getBody()) instanceof Decoded.Ok<Control> ok) {
                heard.add(ok.value());
              }
              return heard.contains(last);
            });
    return heard;
  }
}
