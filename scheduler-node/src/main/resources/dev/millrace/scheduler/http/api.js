// The API, the token, and the one stream of events that keeps every view fresh.
import { reactive } from "/dashboard/vue.js";

const TOKEN = "millrace.token";
const NAMESPACE = "millrace.namespace";
const REFRESH_MS = 400;
const RECONNECT_MAX_MS = 10_000;

export const session = reactive({
  tokenNeeded: false,
  tokenWrong: false,
  live: false,
  problem: null,
  namespace: sessionStorage.getItem(NAMESPACE) || "default",
  clockOffsetMs: 0,
  nowMs: Date.now(),
});

setInterval(() => { session.nowMs = Date.now() + session.clockOffsetMs; }, 1000);

export function useNamespace(name) {
  session.namespace = name || "default";
  sessionStorage.setItem(NAMESPACE, session.namespace);
  reconnect();
  notify();
}

export function useToken(token) {
  sessionStorage.setItem(TOKEN, token);
  session.tokenNeeded = false;
  session.tokenWrong = false;
  reconnect();
  notify();
}

function headers(more) {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

function withNamespace(path) {
  const mark = path.includes("?") ? "&" : "?";
  return `/api/v1${path}${mark}namespace=${encodeURIComponent(session.namespace)}`;
}

async function answerOf(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.status === 401) {
    session.tokenWrong = sessionStorage.getItem(TOKEN) !== null;
    session.tokenNeeded = true;
  }
  if (!response.ok) {
    throw body?.title ? body : { title: `HTTP ${response.status}`, detail: "The node gave no reason.", remedy: "Look into its log." };
  }
  return body;
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(withNamespace(path), options);
  } catch {
    throw { title: "No connection", detail: "This node does not answer.", remedy: "Is it running? This page tries again by itself." };
  }
  return answerOf(response);
}

export const get = (path) => call(path, { headers: headers({}) });

export const post = (path, body) =>
  call(path, { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) });

export const postText = (path, text) =>
  call(path, { method: "POST", headers: headers({ "Content-Type": text.trimStart().startsWith("{") ? "application/json" : "application/yaml" }), body: text });

// Listeners are told at most once per REFRESH_MS that something changed.
const listeners = new Set();
let notifyTimer = null;

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify() {
  if (notifyTimer !== null) return;
  notifyTimer = setTimeout(() => {
    notifyTimer = null;
    for (const listener of listeners) listener();
  }, REFRESH_MS);
}

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
      await readEvents(stream.signal);
    } catch {
      session.live = false;
    }
    session.live = false;
    const aborted = stream.signal.aborted;
    await new Promise((done) => setTimeout(done, aborted ? 50 : delayMs));
    delayMs = Math.min(delayMs * 2, RECONNECT_MAX_MS);
  }
}

// fetch, not EventSource: only fetch can send the token.
async function readEvents(signal) {
  const more = lastEventId ? { "Last-Event-ID": lastEventId } : {};
  const response = await fetch(withNamespace("/events?digest=true"), { headers: headers(more), signal });
  if (!response.ok) {
    await answerOf(response);
  }
  session.live = true;
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
      const id = /^id: (.+)$/m.exec(block);
      if (id) {
        lastEventId = id[1];
        notify();
      }
    }
  }
}
