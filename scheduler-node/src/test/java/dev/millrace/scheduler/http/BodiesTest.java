package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BodiesTest {
  private static final int LARGE = 100 * 1024;
  private static final int LIMIT = 1024 * 1024;

  private final AtomicLong nanos = new AtomicLong();
  private final Bodies bodies = new Bodies(4L * LARGE, nanos::get);

  /** A body whose end does not come before it is let go. */
  private static final class Endless extends InputStream {
    private final InputStream begin = new ByteArrayInputStream(new byte[LARGE]);
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch end = new CountDownLatch(1);

    @Override
    public int read() {
      throw new UnsupportedOperationException("read in parts");
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      int got = begin.read(into, from, length);
      if (got < 0) {
        asked.countDown();
        try {
          end.await();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
      return got;
    }
  }

  private Future<byte[]> begin(Endless body, boolean known) throws InterruptedException {
    FutureTask<byte[]> task = new FutureTask<>(() -> bodies.read(body, LIMIT, known));
    Thread.ofVirtual().start(task);
    assertThat(body.asked.await(10, TimeUnit.SECONDS)).isTrue();
    return task;
  }

  private byte[] read(int bytes, boolean known) throws IOException {
    return bodies.read(new ByteArrayInputStream(new byte[bytes]), LIMIT, known);
  }

  @Test
  void bodiesThatDoNotEndFillNoMemoryAndSmallOnesAreStillTaken() throws Exception {
    List<Endless> open = new ArrayList<>();
    List<Future<byte[]>> reading = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      open.add(new Endless());
      reading.add(begin(open.getLast(), true));
    }
    assertThatThrownBy(() -> read(LARGE, true)).hasMessageContaining("too many bodies");
    assertThat(read(Bodies.FREE_BYTES, true)).hasSize(Bodies.FREE_BYTES);
    open.forEach(body -> body.end.countDown());
    for (Future<byte[]> one : reading) {
      assertThat(one.get(10, TimeUnit.SECONDS)).hasSize(LARGE);
    }
    assertThat(bodies.held()).isZero();
    assertThat(read(LARGE, true)).hasSize(LARGE);
  }

  @Test
  void whoShowsNoCredentialsTakesNothingFromOthers() throws Exception {
    Endless stranger = new Endless();
    Future<byte[]> reading = begin(stranger, false);
    assertThatThrownBy(() -> read(LARGE, false)).hasMessageContaining("too many bodies");
    assertThat(read(LARGE, true)).hasSize(LARGE);
    stranger.end.countDown();
    assertThat(reading.get(10, TimeUnit.SECONDS)).hasSize(LARGE);
    assertThat(read(LARGE, false)).hasSize(LARGE);
  }

  @Test
  void aLargeBodyThatTricklesIsGivenUp() {
    InputStream trickle =
        new InputStream() {
          @Override
          public int read() {
            throw new UnsupportedOperationException("read in parts");
          }

          @Override
          public int read(byte[] into, int from, int length) {
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(4));
            return length;
          }
        };
    assertThat(16 * 1024 / 4).as("bytes a second").isLessThan(8 * 1024);
    assertThatThrownBy(() -> bodies.read(trickle, LIMIT, true)).hasMessageContaining("too slowly");
    assertThat(bodies.held()).isZero();
  }
}
