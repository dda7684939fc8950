// What is going on: health, numbers, live runs, what comes next, pools and workers.
import { h } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { badge, countdown, empty, panel, problemBox, runTable, useLive, when } from "/dashboard/parts.js";

const number = (n, limit) => (n == null ? "–" : `${n.toLocaleString("en")}${limit && n >= limit ? "+" : ""}`);

function tile(label, value, note, kind, href) {
  const body = [h("span", { class: "label" }, label), h("strong", { class: kind }, value), h("span", { class: "note" }, note || "\u00a0")];
  return href ? h("a", { class: "tile", href }, body) : h("div", { class: "tile" }, body);
}

function health(name, problem) {
  return tile(name, problem ? "✕ away" : "✓ connected", problem, problem ? "is-bad" : "is-good");
}

function tiles(status) {
  const c = status.counts;
  const leads = status.leader ? "this node leads" : status.leaderNode ? `this is ${status.node}` : "nobody leads: commands wait";
  return h("div", { class: "tiles" }, [
    tile("Leader", status.leaderNode ?? (status.leader ? status.node : "none"), leads, status.leaderNode || status.leader ? "" : "is-bad"),
    health("Database", status.databaseProblem),
    health("Broker", status.brokerProblem),
    tile("Workers", number(c.workers), c.workers ? `${number(c.slots)} slots` : "none is alive", c.workers ? "" : "is-warn", "#/workers"),
    tile("Backlog", number(c.ready, c.countedUpTo), `${number(c.queued)} with the broker`),
    tile("Running", number(c.running), `${number(c.openRuns, c.countedUpTo)} open runs`),
    tile("Started", `${number(c.runsOfMinute, c.countedUpTo)}`, "in the last minute"),
    tile("Failed", number(c.failedOfMinute), "of those", c.failedOfMinute ? "is-bad" : ""),
  ]);
}

async function loadOverview() {
  const [status, open, ended, schedule, pools] = await Promise.all([
    get("/status"), get("/runs?open=true&limit=20"), get("/runs?limit=12"), get("/schedule?limit=10"), get("/pools?limit=50")]);
  session.clockOffsetMs = Date.parse(status.databaseNow) - Date.now();
  return { status, open: open.items, ended: ended.items.filter((run) => run.finishedAt), schedule: schedule.items, pools: pools.items };
}

export function poolTable(pools) {
  if (pools.length === 0) return empty("No pools yet", "A pool appears with the first worker that serves it or the first stage that names it.");
  return h("div", { class: "scroll" }, h("table", [
    h("thead", h("tr", [h("th", "Pool"), ...["Workers", "Slots", "Ready", "Queued", "Running"].map((t) => h("th", { class: "num" }, t)), h("th", { class: "wide" }, "In use")])),
    h("tbody", pools.map((p) => h("tr", { key: p.name }, [
      h("td", { class: "name" }, p.name),
      h("td", { class: ["num", p.workers === 0 && p.ready + p.queued > 0 ? "is-bad" : ""] }, number(p.workers)),
      h("td", { class: "num" }, number(p.slots)),
      h("td", { class: "num" }, `${number(p.ready)}${p.readyIsAtLeast ? "+" : ""}`),
      h("td", { class: "num" }, number(p.queued)),
      h("td", { class: "num" }, number(p.running)),
      h("td", { class: "wide" }, h("progress", { max: Math.max(1, p.slots), value: p.running, "aria-label": `${p.running} of ${p.slots} slots in use` })),
    ]))),
  ]));
}

export const Overview = {
  setup() {
    const { value, problem } = useLive(loadOverview, 3000);
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      return h("div", { class: "stack" }, [
        problemBox(problem.value),
        tiles(v.status),
        panel("Live runs", h("a", { href: "#/runs" }, "all runs"),
          v.open.length ? runTable(v.open) : empty("Nothing is running", "Start a job from its page, or wait for its next tick.")),
        h("div", { class: "columns" }, [
          panel("Next up", h("a", { href: "#/jobs" }, "all jobs"), v.schedule.length
            ? h("ul", { class: "rows" }, v.schedule.map((t) => h("li", { key: t.trigger }, [h("a", { class: "name", href: `#/jobs/${encodeURIComponent(t.job)}` }, t.job), t.jobState === "PAUSED" ? badge("PAUSED") : countdown(t.nextTick)])))
            : empty("Nothing is planned", "Give a job a trigger: cron, at, or every.")),
          panel("Ended last", null, v.ended.length
            ? h("ul", { class: "rows" }, v.ended.map((run) => h("li", { key: run.id }, [badge(run.state), h("a", { class: "name grow", href: `#/runs/${run.id}` }, run.job), when(run.finishedAt)])))
            : empty("No run has ended yet", "Ended runs are listed here, with how they ended.")),
        ]),
        panel("Pools", null, poolTable(v.pools)),
      ]);
    };
  },
};

export const Workers = {
  setup() {
    const { value, problem } = useLive(async () => {
      const [workers, pools] = await Promise.all([get("/workers?limit=500&all=true"), get("/pools?limit=500")]);
      return { workers: workers.items, pools: pools.items };
    }, 3000);
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      return h("div", { class: "stack" }, [
        h("h1", "Workers"), problemBox(problem.value),
        panel("Pools", null, poolTable(v.pools)),
        panel("Workers", null, v.workers.length === 0
          ? empty("No worker has reported yet", "Start one; it needs only the broker:", h("pre", "millrace worker --pool default --slots 16"))
          : h("div", { class: "scroll" }, h("table", [
            h("thead", h("tr", [h("th", "State"), h("th", "Worker"), h("th", "Pools"), h("th", { class: "num" }, "Open"), h("th", { class: "wide" }, "Handlers"), h("th", "Seen"), h("th", { class: "wide" }, "Up")])),
            h("tbody", v.workers.map((w) => h("tr", { key: w.id }, [
              h("td", [badge(w.state), w.draining ? h("span", { class: "dim" }, " draining") : null]),
              h("td", [h("span", { class: "name" }, w.id), h("div", { class: "dim" }, `${w.host} · pid ${w.pid} · ${w.version}`)]),
              h("td", w.pools.map((p) => `${p.pool} ×${p.slots}`).join(", ")),
              h("td", { class: "num" }, number(w.open)),
              h("td", { class: "wide dim" }, w.handlers.join(", ")),
              h("td", when(w.seenAt)),
              h("td", { class: "wide" }, when(w.startedAt)),
            ]))),
          ]))),
      ]);
    };
  },
};
