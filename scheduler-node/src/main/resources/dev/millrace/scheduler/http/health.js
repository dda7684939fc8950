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
    const status = await get("/status");
    const now = await get("/overview").catch((problem) => (problem.status === 404 ? assembled(status) : Promise.reject(problem)));
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

/** What a node that has no /overview yet can tell. */
async function assembled(status) {
  const [pools, groups] = await Promise.all([get("/pools?limit=500"), get("/dead-letters/groups?limit=5")]);
  const problems = [];
  const add = (severity, what, detail, remedy, link) => problems.push({ severity, what, detail, remedy, link });
  if (status.databaseProblem) add("bad", "The database is away", status.databaseProblem, "Nothing is lost; work goes on when it answers.", "#/");
  if (status.brokerProblem) add("bad", "The broker is away", status.brokerProblem, "Runs wait in Postgres; they go on when it answers.", "#/");
  if (!status.leaderNode && !status.leader) add("bad", "Nobody leads", "Commands wait, nothing new starts.", "Is a scheduler node running that reaches the database?", "#/workers");
  for (const p of pools.items.filter((pool) => pool.workers === 0 && pool.ready + pool.queued > 0)) {
    add("bad", `No worker serves the pool ${p.name}`, `${p.ready + p.queued} stages wait for one.`, `Start one: millrace worker --pool ${p.name}`, "#/pools");
  }
  for (const g of groups.items) {
    add("warn", `${g.count} dead letters of ${g.job} / ${g.stage}`, g.newest.error ?? g.reason, "See why, put it right, and redrive them.", `#/dead?fingerprint=${encodeURIComponent(g.fingerprint)}`);
  }
  return {
    databaseNow: status.databaseNow, problems,
    runs: { open: status.counts.openRuns, running: status.counts.running, perMinute: [] },
    backlog: { pools: pools.items }, lateness: null, workers: { alive: status.counts.workers, suspect: 0, lost: 0 },
    deadLetters: { open: groups.items.reduce((sum, g) => sum + g.count, 0) }, ticks: null, leader: { node: status.leaderNode, epoch: status.epoch },
  };
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
