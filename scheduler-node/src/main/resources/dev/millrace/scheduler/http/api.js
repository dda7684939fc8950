// The API, the session, and the one stream of events that keeps every view fresh.
import { reactive } from "/dashboard/vue.js";
import { onRoute, route } from "/dashboard/route.js";

const NAMESPACE = "millrace.namespace";
const KNOWN = "millrace.namespaces";
const REFRESH_FIRST_MS = 150;
const REFRESH_MS = 1_000;
const RECONNECT_MAX_MS = 10_000;
const NAMESPACES_KEPT = 12;
const RANKS = ["viewer", "operator", "editor", "admin"];

function kept(store, key, otherwise) {
  try {
    return store.getItem(key) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function keep(store, key, value) {
  try {
    store.setItem(key, value);
  } catch {
    // a browser that keeps nothing forgets it with the tab
  }
}

/** The namespace of the address: of a link from another one, or of a view that was sent to somebody. */
const namedNow = () => route.query.ns || route.query.namespace;

/** `namespace` is what pages show: the address's `ns`, else what was chosen. `user` is null until it is known. */
export const session = reactive({
  user: null,
  loginNeeded: false,
  loginProblem: null,
  live: false,
  away: false,
  chosen: namedNow() || kept(sessionStorage, NAMESPACE, "default"),
  namespace: "default",
  known: kept(localStorage, KNOWN, "default").split(",").filter(Boolean),
  clockOffsetMs: 0,
  nowMs: Date.now(),
});

setInterval(() => {
  if (!document.hidden) session.nowMs = Date.now() + session.clockOffsetMs;
}, 1000);

export function useNamespace(name) {
  session.chosen = name || "default";
  session.known = [...new Set([session.chosen, ...session.known])].slice(0, NAMESPACES_KEPT);
  keep(sessionStorage, NAMESPACE, session.chosen);
  keep(localStorage, KNOWN, session.known.join(","));
  session.namespace = session.chosen;
  reconnect();
  notify();
}

/** Null when the role may be used there, else why not, for the title of what is disabled. */
export function allowed(role, namespace = session.namespace) {
  const roles = session.user?.roles;
  if (!roles) return null;
  const best = Math.max(RANKS.indexOf(roles["*"]), RANKS.indexOf(roles[namespace]));
  if (best >= RANKS.indexOf(role)) return null;
  return `This needs the role ${role} in ${namespace === "*" ? "all namespaces" : namespace}; yours is ${RANKS[best] ?? "none"}. Ask an admin.`;
}

const withNamespace = (path) =>
  path.includes("namespace=") ? `/api/v1${path}` : `/api/v1${path}${path.includes("?") ? "&" : "?"}namespace=${encodeURIComponent(session.namespace)}`;

async function answerOf(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.status === 401) session.loginNeeded = true;
  if (!response.ok) {
    throw body?.title ? { status: response.status, ...body } : { status: response.status, title: `HTTP ${response.status}`, detail: "The node gave no reason.", remedy: "Look into its log." };
  }
  return body;
}

async function fetched(url, options) {
  try {
    const response = await fetch(url, options);
    session.away = false;
    return response;
  } catch {
    session.away = true;
    throw { status: 0, title: "No connection", detail: "This node does not answer.", remedy: "Is it running, and is the network there? This page tries again by itself." };
  }
}

const call = async (path, options) => answerOf(await fetched(withNamespace(path), options));

// No other site can send this header, so a cookie alone changes nothing.
const changing = { "X-Millrace-Request": "1" };
const asJson = (method) => (path, body, more) =>
  call(path, { method, headers: { ...changing, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...more }, body: body === undefined ? undefined : JSON.stringify(body) });

export const get = (path, more) => call(path, { headers: { ...more } });
export const post = asJson("POST");
export const put = asJson("PUT");
export const del = asJson("DELETE");

export const postText = (path, text, more) =>
  call(path, { method: "POST", headers: { ...changing, "Content-Type": text.trimStart().startsWith("{") ? "application/json" : "application/yaml", ...more }, body: text });

/** The answer's body together with its headers: for ETags. */
export async function getWhole(path, more) {
  const response = await fetched(withNamespace(path), { headers: { ...more } });
  return { body: await answerOf(response), headers: response.headers };
}

/** Who we are. An older node without sessions lets us in or answers 401 to the rest. */
export async function loadSession() {
  try {
    const user = await answerOf(await fetched("/api/v1/session", {}));
    session.user = user;
    session.loginNeeded = !user.authenticated;
  } catch (problem) {
    if (problem.status === 0) setTimeout(loadSession, 3_000);
  }
}

export async function login(token) {
  const headers = { ...changing, "Content-Type": "application/json" };
  session.user = await answerOf(await fetched("/api/v1/session", { method: "POST", headers, body: JSON.stringify({ token }) }));
  session.loginNeeded = false;
  reconnect();
  notify();
}

export async function logout() {
  await answerOf(await fetched("/api/v1/session", { method: "DELETE", headers: changing }));
  session.user = null;
  await loadSession();
}

// Listeners are told soon, then at most once per REFRESH_MS, and not at all while nobody looks.
const listeners = new Set();
let notifyTimer = null;
let toldAtMs = 0;
let missed = false;

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function notify() {
  if (document.hidden) {
    missed = true;
    return;
  }
  if (notifyTimer !== null || session.loginNeeded) return;
  notifyTimer = setTimeout(() => {
    notifyTimer = null;
    toldAtMs = performance.now();
    for (const listener of listeners) listener();
  }, Math.max(REFRESH_FIRST_MS, REFRESH_MS - (performance.now() - toldAtMs)));
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && missed) {
    missed = false;
    notify();
  }
});

window.addEventListener("online", notify);

let stream = null;
let lastEventId = null;
let delayMs = 500;

function reconnect() {
  lastEventId = null;
  stream?.abort();
}

export async function followEvents() {
  for (;;) {
    stream = new AbortController();
    try {
      if (!session.loginNeeded) await readEvents(stream.signal);
    } catch {
      session.live = false;
    }
    session.live = false;
    const aborted = stream.signal.aborted;
    await new Promise((done) => setTimeout(done, aborted ? 50 : delayMs));
    delayMs = Math.min(delayMs * 2, RECONNECT_MAX_MS);
  }
}

// fetch, not EventSource: only fetch tells why a stream was refused.
async function readEvents(signal) {
  const more = lastEventId ? { "Last-Event-ID": lastEventId } : {};
  const response = await fetch(withNamespace("/events?digest=true"), { headers: more, signal });
  if (!response.ok) await answerOf(response);
  session.live = true;
  session.away = false;
  delayMs = 500;
  notify();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      if (/^event: scheduler\.denied$/m.test(block)) {
        loadSession();
        return;
      }
      const id = /^id: (.+)$/m.exec(block);
      if (id) {
        lastEventId = id[1];
        notify();
      }
    }
  }
}

// An address may name another namespace than the chosen one.
onRoute(() => {
  const name = namedNow() || session.chosen;
  if (name !== session.namespace) {
    session.namespace = name;
    reconnect();
    notify();
  }
});
