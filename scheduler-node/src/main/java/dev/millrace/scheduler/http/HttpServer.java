package dev.millrace.scheduler.http;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.definition.StoredPatterns;
import dev.millrace.scheduler.secret.SecretVault;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.settings.EventSettings;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.router.Endpoint;
import io.javalin.websocket.WsHandlerType;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the API and the dashboard. Each request has a virtual thread. */
public final class HttpServer implements Service {
  private static final String OVERRIDE = "X-HTTP-Method-Override";
  private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
  private static final String AUDITED = "caller-audited";
  private static final int TOO_MANY = 429;
  private static final Duration USES_EVERY = Duration.ofSeconds(2);
  private static final int HEADER_BYTES_MAX = 32 * 1024;
  private static final Set<String> METHODS =
      Set.of("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS");

  private static final String CONTENT_POLICY =
      "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
          + "object-src 'none'";

  private final HttpConfig config;
  private final PrometheusMeterRegistry metrics;
  private final Access access;
  private final AuditTrail trail;
  private final Loop uses;
  private final Gate gate;
  private final EventHub hub;
  private final EventSockets sockets;
  private final List<Route> routes;
  private Javalin javalin;

  /** With the usual limits of events. */
  public HttpServer(
      HttpConfig config,
      Jdbi jdbi,
      Commands commands,
      ArtifactStore artifacts,
      SecretVault secrets,
      Supplier<NodeStatus> status,
      PrometheusMeterRegistry metrics) {
    this(config, EventSettings.usual(), jdbi, commands, artifacts, secrets, status, metrics);
  }

  /**
   * @param events how many may follow them
   */
  public HttpServer(
      HttpConfig config,
      EventSettings events,
      Jdbi jdbi,
      Commands commands,
      ArtifactStore artifacts,
      SecretVault secrets,
      Supplier<NodeStatus> status,
      PrometheusMeterRegistry metrics) {
    this.config = config;
    this.metrics = metrics;
    this.access = new Access(config, jdbi, Clock.systemUTC());
    this.trail = new AuditTrail(jdbi, Clock.systemUTC());
    this.uses = new Loop("uses", this::writeUses, new Pulse(), USES_EVERY);
    this.gate = new Gate(jdbi);
    this.hub = new EventHub(jdbi, new EventClients(events));
    EventsApi eventsApi = new EventsApi(jdbi, hub);
    this.sockets = new EventSockets(eventsApi, hub);
    Asker asker = new Asker(commands);
    List<Route> table = new ArrayList<>();
    StoredPatterns patterns = new StoredPatterns(jdbi);
    table.addAll(new SessionApi(access).routes());
    table.addAll(new TokensApi(jdbi, access.tokens()).routes());
    table.addAll(new AuditTrailApi(jdbi).routes());
    table.addAll(new JobsApi(jdbi, asker, patterns, secrets).routes());
    table.addAll(new CheckApi(jdbi, patterns).routes());
    table.addAll(new FilesApi(jdbi).routes());
    table.addAll(new ScheduleApi(jdbi).routes());
    table.addAll(new TickAuditApi(jdbi).routes());
    table.addAll(new BackfillsApi(jdbi, asker).routes());
    table.addAll(new SetsApi(jdbi, asker, patterns).routes());
    table.addAll(new PatternsApi(jdbi, asker, patterns).routes());
    table.addAll(new VersionsApi(jdbi, asker).routes());
    table.addAll(new GraphApi(jdbi).routes());
    table.addAll(new RunsApi(jdbi).routes());
    table.addAll(new TimelineApi(jdbi).routes());
    table.addAll(new StatsApi(jdbi).routes());
    table.addAll(new TraceApi(jdbi).routes());
    table.addAll(new StartsApi(jdbi, commands).routes());
    table.addAll(new BulkApi(jdbi, commands).routes());
    table.addAll(new HooksApi(jdbi, commands, config.environment(), secrets, metrics).routes());
    table.addAll(new ActionsApi(jdbi, asker).routes());
    table.addAll(new WideApi(jdbi, asker).routes());
    table.addAll(new QuotaApi(jdbi, asker).routes());
    table.addAll(new SecretsApi(secrets).routes());
    table.addAll(new DeadLettersApi(jdbi, asker).routes());
    table.addAll(new OperationsApi(jdbi, asker, commands).routes());
    table.addAll(new LogsApi(jdbi).routes());
    table.addAll(new ArtifactsApi(jdbi, artifacts).routes());
    FleetApi fleet = new FleetApi(config, jdbi, status);
    table.addAll(fleet.routes());
    ScaleApi scale = new ScaleApi(jdbi, fleet, metrics);
    table.addAll(scale.routes());
    table.addAll(new OverviewApi(jdbi, status).routes());
    table.addAll(eventsApi.routes());
    table.addAll(new NodeApi(status, metrics, scale::look, this::openApi).routes());
    this.routes = List.copyOf(table);
    for (Route route : routes) {
      if (route.needs() == null) {
        throw new IllegalStateException(route.method() + " " + route.path() + " needs no role");
      }
    }
  }

  @Override
  public void start() throws Exception {
    Dashboard dashboard = new Dashboard();
    javalin = Javalin.create(settings -> configure(settings, dashboard));
    hub.start();
    trail.start();
    uses.start();
    try {
      javalin.start(config.bind(), config.port());
    } catch (RuntimeException e) {
      closeParts();
      throw new IllegalStateException(
          "cannot serve the API on " + config.bind() + ":" + config.port(), e);
    }
    log.info(
        "serving the API and the dashboard at http://{}:{}/ token={}",
        config.bind(),
        port(),
        config.open() ? "none" : "needed");
  }

  /** The port it listens on. */
  public int port() {
    return javalin.port();
  }

  List<Route> routes() {
    return routes;
  }

  @Override
  public void close() {
    hub.close(); // ends the streams, which would keep their requests open
    if (javalin != null) {
      javalin.stop();
    }
    closeParts();
  }

  private String openApi() {
    return OpenApi.of(routes, config.version());
  }

  private void configure(JavalinConfig settings, Dashboard dashboard) {
    settings.startup.showJavalinBanner = false;
    settings.startup.showOldJavalinVersionWarning = false;
    settings.startup.startupWatcherEnabled = false;
    settings.concurrency.useVirtualThreads = true;
    settings.http.prefer405over404 = true;
    settings.http.maxRequestSize = Call.BODY_BYTES_MAX;
    settings.jetty.modifyHttpConfiguration(
        http -> {
          http.setSendServerVersion(false);
          http.setRequestHeaderSize(HEADER_BYTES_MAX);
          http.addCustomizer(
              (request, answer) ->
                  request.getHeaders().contains(OVERRIDE) ? new OwnMethod(request) : request);
        });
    settings.jetty.modifyServer(
        server -> {
          server.setErrorHandler(HttpServer::refuseBeforeRouting);
          server.setStopTimeout(2_000);
          server.addBean(new SlowCallers(server));
        });
    settings.requestLogger.http(this::meter);
    settings.routes.before(this::secure);
    settings.routes.before(access::identify);
    settings.routes.after(this::audit);
    settings.routes.exception(Exception.class, (failure, http) -> Failures.write(http, failure));
    // The router has a handler of its own for these, which would win.
    settings.routes.exception(
        HttpResponseException.class,
        (failure, http) -> Failures.write(http, access.hiding(http, failure)));
    for (Route route : routes) {
      settings.routes.addHttpHandler(
          HandlerType.findOrCreate(route.method()),
          route.path(),
          http -> serve(route, new Call(http)));
    }
    settings.jetty.modifyWebSocketServletFactory(EventSockets::limit);
    settings.routes.addHttpHandler(
        HandlerType.WEBSOCKET_BEFORE_UPGRADE, EventsApi.SOCKET, this::beforeUpgrade);
    settings.routes.addWsHandler(WsHandlerType.WEBSOCKET, EventsApi.SOCKET, sockets::configure);
    for (String path : dashboard.paths()) {
      settings.routes.get(path, dashboard::serve);
    }
  }

  /** A request without the header by which the router would take it for one of another method. */
  private static final class OwnMethod extends Request.Wrapper {
    private final HttpFields headers;

    OwnMethod(Request request) {
      super(request);
      this.headers = HttpFields.build(request.getHeaders()).remove(OVERRIDE).asImmutable();
    }

    @Override
    public HttpFields getHeaders() {
      return headers;
    }
  }

  private void serve(Route route, Call call) throws Exception {
    admit(route, call);
    if (AuditTrail.concerns(route)) {
      call.http().attribute(AUDITED, trail.begin(call, route));
    }
    route.handler().handle(call);
  }

  private void admit(Route route, Call call) {
    call.http().attribute(Call.ROUTE, route);
    access.check(call.http(), call.principal(), route);
    gate.pass(route, call);
    Parameters.check(route, call.http());
  }

  /** What comes before each request does not come before an upgrade. */
  private void beforeUpgrade(Context http) {
    secure(http);
    access.identify(http);
    for (Route route : routes) {
      if (route.path().equals(EventsApi.SOCKET)) {
        admit(route, new Call(http));
      }
    }
    sockets.before(http);
  }

  /** Something that events tell of was probably written. Any thread. */
  public void nudgeEvents() {
    hub.nudge();
  }

  /** Clients that follow events. */
  public int eventClients() {
    return hub.clients().count();
  }

  private void audit(Context http) {
    Route route = http.attribute(Call.ROUTE);
    if (route == null || !AuditTrail.concerns(route)) {
      return;
    }
    Long begun = http.attribute(AUDITED);
    if (begun != null) {
      trail.end(begun, new Call(http));
    } else if (http.statusCode() != TOO_MANY) {
      trail.refused(new Call(http), route);
    }
  }

  private boolean writeUses() {
    access.tokens().writeUses();
    access.sessions().writeSeen();
    return false;
  }

  private void closeParts() {
    hub.close();
    uses.close();
    trail.close();
  }

  private void secure(Context http) {
    http.header("Content-Security-Policy", CONTENT_POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .header("X-Frame-Options", "DENY")
        .header("Referrer-Policy", "no-referrer")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header("Cache-Control", "no-store");
    if (access.isHttps(http)) {
      http.header("Strict-Transport-Security", "max-age=31536000");
    }
  }

  private void meter(Context http, Float millis) {
    Endpoint endpoint = http.endpoints().matchedHttpEndpoint();
    String method = http.req().getMethod();
    Timer.builder("http.requests")
        .description("Requests by route and status")
        .tag("method", METHODS.contains(method) ? method : "OTHER")
        .tag("route", endpoint == null ? "none" : endpoint.path)
        .tag("status", Integer.toString(http.statusCode()))
        .register(metrics)
        .record((long) (millis * 1_000), TimeUnit.MICROSECONDS);
  }

  /** What Jetty refuses itself: broken requests, too long headers. */
  private static boolean refuseBeforeRouting(
      Request request, Response response, Callback callback) {
    int status = response.getStatus() >= 400 ? response.getStatus() : 400;
    Problem problem =
        new Problem(
            status,
            "malformed",
            "Malformed request",
            "the request cannot be read",
            "Send a well-formed HTTP request with less than 32 KiB of headers.");
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.MEDIA_TYPE);
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    response.write(
        true,
        java.nio.charset.StandardCharsets.UTF_8.encode(Json.write(problem.toJson("/"))),
        callback);
    return true;
  }
}
