package dev.millrace.scheduler.http;

import io.javalin.http.Context;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsConnectContext;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServletFactory;

/**
 * Lets clients in that want events on a WebSocket. Everything is judged before the upgrade, while
 * there is an answer to give. The server's threads.
 */
final class EventSockets {
  private static final String ACCESS = "events.access";
  private static final String QUERY = "events.query";
  private static final String LAST = "events.last";
  private static final String WAIT = "events.wait";
  private static final int BINARY_BYTES_MAX = 1024;

  private final EventsApi api;
  private final EventHub hub;
  private final Map<String, EventSocket> open = new ConcurrentHashMap<>();

  EventSockets(EventsApi api, EventHub hub) {
    this.api = api;
    this.hub = hub;
  }

  static void limit(JettyWebSocketServletFactory factory) {
    factory.setMaxTextMessageSize(EventSocket.TEXT_BYTES_MAX);
    factory.setMaxFrameSize(EventSocket.TEXT_BYTES_MAX);
    factory.setMaxBinaryMessageSize(BINARY_BYTES_MAX);
    factory.setIdleTimeout(EventSocket.IDLE_MAX);
  }

  /**
   * Refuses what may not be, or remembers what was asked for. The caller's credentials are judged
   * by then. A browser sends its cookies with an upgrade that a foreign page asks for, and no rule
   * of the browser stands in between: only the origin tells.
   */
  void before(Context http) {
    Access.checkOrigin(http);
    Call call = new Call(http);
    EventAccess access = EventAccess.of(call);
    EventQuery query = EventQuery.of(call);
    query.selector(access);
    http.attribute(ACCESS, access);
    http.attribute(QUERY, query);
    http.attribute(LAST, api.known(query.last()));
    http.attribute(WAIT, call.flag("wait"));
    hub.clients().enter(access.name());
    hub.clients().leave(access.name());
  }

  void configure(WsConfig ws) {
    ws.onConnect(this::connected);
    ws.onMessage(
        context -> {
          EventSocket socket = open.get(context.sessionId());
          if (socket != null) {
            socket.heard(context.message());
          }
        });
    ws.onBinaryMessage(
        context -> {
          EventSocket socket = open.get(context.sessionId());
          if (socket != null) {
            socket.heardBytes();
          }
        });
    ws.onClose(context -> gone(context.sessionId()));
    ws.onError(context -> gone(context.sessionId()));
  }

  private void connected(WsConnectContext context) {
    EventAccess access = context.attribute(ACCESS);
    EventQuery query = context.attribute(QUERY);
    String name = "ws:" + access.name() + "@" + context.session.getRemoteSocketAddress();
    try {
      hub.clients().enter(access.name());
    } catch (Problem.Refused full) {
      context.closeSession(EventSocket.TOO_MANY, "too many clients");
      return;
    }
    EventSocket socket =
        new EventSocket(new EventSocket.Owner(api, hub, access, name), context.session);
    open.put(context.sessionId(), socket);
    socket.start(query, context.attribute(LAST), Boolean.TRUE.equals(context.attribute(WAIT)));
  }

  private void gone(String session) {
    EventSocket socket = open.remove(session);
    if (socket != null) {
      socket.gone();
    }
  }
}
