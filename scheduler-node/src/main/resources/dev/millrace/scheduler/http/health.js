// Is all well? One answer that the overview, the rail and the tab's title share.
import { shallowReactive } from "/dashboard/vue.js";
import { get, onChange, session } from "/dashboard/api.js";

const AT_MOST_EVERY_MS = 3_000;
const POLL_MS = 15_000;

export const health = shallowReactive({ now: null, status: null, problem: null });

let loadedAtMs = -Infinity;
let timer = null;
let of = null;

async function load() {
  timer = null;
  loadedAtMs = performance.now();
  const namespace = session.namespace;
  try {
    const [now, status] = await Promise.all([get("/overview"), get("/status")]);
    session.clockOffsetMs = Date.parse(now.databaseNow) - Date.now();
    if (namespace === session.namespace) {
      health.now = now;
      health.status = status;
      health.problem = null;
    }
  } catch (problem) {
    health.problem = problem?.title ? problem : { title: "This page has a fault", detail: String(problem?.message ?? problem), remedy: "Reload it." };
  }
}

function soon() {
  if (of !== session.namespace) {
    of = session.namespace;
    health.now = null;
    loadedAtMs = -Infinity;
  }
  timer ??= setTimeout(load, Math.max(0, AT_MOST_EVERY_MS - (performance.now() - loadedAtMs)));
}

export const recheck = () => {
  loadedAtMs = -Infinity;
  if (timer !== null) clearTimeout(timer);
  timer = null;
  soon();
};

export function watchHealth() {
  soon();
  onChange(soon);
  setInterval(() => {
    if (!document.hidden) soon();
  }, POLL_MS);
}

/** good, warn or bad: what the worst problem says. */
export function verdict() {
  if (health.problem) return "bad";
  const problems = health.now?.problems ?? [];
  if (problems.some((p) => p.severity === "bad")) return "bad";
  return problems.length ? "warn" : "good";
}
