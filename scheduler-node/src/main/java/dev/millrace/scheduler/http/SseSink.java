package dev.millrace.scheduler.http;

import dev.millrace.scheduler.event.Event;
import dev.millrace.scheduler.event.EventTypes;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.io.EndPoint;

/** A client of server-sent events. The thread of its request, but for {@link #abort}. */
final class SseSink implements EventSink {
  private final HttpServletResponse response;
  private final EndPoint connection;
  private OutputStream out;

  SseSink(HttpServletRequest request, HttpServletResponse response) {
    this.response = response;
    this.connection =
        ServletContextRequest.getServletContextRequest(request)
            .getConnectionMetaData()
            .getConnection()
            .getEndPoint();
  }

  @Override
  public void open() throws IOException {
    response.setStatus(200);
    response.setContentType("text/event-stream");
    response.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Accel-Buffering", "no");
    out = response.getOutputStream();
    write(": connected\n\nretry: 1000\n\n");
  }

  @Override
  public void event(Event event) throws IOException {
    out.write(event.frame());
  }

  @Override
  public void changed(long seq, long rows) throws IOException {
    write("id: " + seq + "\nevent: " + EventTypes.CHANGED + "\ndata: {\"rows\":" + rows + "}\n\n");
  }

  @Override
  public void alive() throws IOException {
    write(": still here\n\n");
  }

  @Override
  public void flush() throws IOException {
    out.flush();
  }

  @Override
  public void denied(String why) throws IOException {
    String data = Json.write(Json.object().put("detail", why));
    write("event: " + EventTypes.DENIED + "\ndata: " + data + "\n\n");
  }

  @Override
  public void end(boolean behind) throws IOException {
    write(behind ? ": not kept up; come back\n\n" : ": this node stops; come back\n\n");
    out.flush();
  }

  /** The next one to write, and who writes now, fail. */
  @Override
  public void abort() {
    connection.close(new IOException("the client does not read"));
  }

  private void write(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }
}
