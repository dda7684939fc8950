// At a glance: is all well, and if not, what and what to do.
import { h, ref } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { bars, clock, legend, meter } from "/dashboard/charts.js";
import { health, recheck, verdict } from "/dashboard/health.js";
import { badge, clean, countdown, duration, empty, jobLink, panel, problemBox, runLink, runTable, skeleton, useLive, when } from "/dashboard/parts.js";

const TROUBLES_SHOWN = 4;
const number = (n, limit) => (n == null ? "–" : `${n.toLocaleString("en")}${limit && n >= limit ? "+" : ""}`);

function tile(label, value, note, kind, href) {
  const body = [h("span", { class: "label" }, label), h("strong", { class: kind }, value), h("span", { class: "sub" }, note || "\u00a0")];
  return href ? h("a", { class: "tile", href }, body) : h("div", { class: "tile" }, body);
}

const SAYS = {
  good: ["✓", "All is well", "Nothing waits for a person."],
  warn: ["!", "Something wants a look", "Work goes on; see below."],
  bad: ["✕", "Something is wrong", "See below what, and what to do."],
};

function headline(now, status) {
  const kind = verdict();
  const [sign, title, text] = SAYS[kind];
  const count = now.problems.length;
  return h("section", { class: ["health", kind], "aria-label": "Verdict" }, [
    h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("div", { class: "grow", "aria-live": "polite" }, [h("h1", count ? `${title}: ${count} ${count === 1 ? "problem" : "problems"}` : title), h("p", text)]),
    h("p", [now.leader?.node ? `${clean(now.leader.node, 80)} leads` : "nobody leads", status?.version ? ` · ${status.version}` : "", " · ", when(now.databaseNow)]),
  ]);
}

const allShown = ref(false);

function troubles(problems) {
  const shown = allShown.value ? problems : problems.slice(0, TROUBLES_SHOWN);
  return h("section", { class: "panel", "aria-label": "Problems" }, [
    h("ul", { class: "troubles", "data-rows": "" }, shown.map((p, i) => h("li", { key: `${p.what} ${i}`, class: p.severity === "bad" ? "bad" : "warn" }, [
      h("div", [h("strong", clean(p.what, 300)), p.detail ? h("p", clean(p.detail, 600)) : null, p.remedy ? h("p", { class: "remedy" }, clean(p.remedy, 600)) : null]),
      p.link?.startsWith("#/") ? h("a", { class: "button", href: p.link, "aria-label": `Show: ${clean(p.what, 120)}` }, "Show") : null,
    ]))),
    problems.length > TROUBLES_SHOWN ? h("button", { type: "button", class: "plain fold", "aria-expanded": allShown.value ? "true" : "false", onClick: () => { allShown.value = !allShown.value; } }, allShown.value ? "Show fewer" : `Show ${problems.length - TROUBLES_SHOWN} more`) : null,
  ]);
}

function tiles(now) {
  const { runs, workers, lateness, ticks, deadLetters } = now;
  const ready = now.backlog.pools.reduce((sum, pool) => sum + pool.ready, 0);
  const oldest = Math.max(0, ...now.backlog.pools.map((pool) => pool.oldestReadySeconds ?? 0));
  const minute = runs.perMinute?.at(-2) ?? { completed: 0, failed: 0 };
  const away = workers.suspect + workers.lost;
  return h("div", { class: "tiles" }, [
    tile("Running", number(runs.running), `${number(runs.open, now.countedUpTo)} open runs`, "", "#/runs?open=true"),
    tile("Last minute", number(minute.completed + minute.failed), minute.failed ? `${number(minute.failed)} failed` : "none failed", "", "#/runs"),
    tile("Failed, last hour", number(runs.failedOfHour ?? 0), `of ${number((runs.failedOfHour ?? 0) + (runs.completedOfHour ?? 0))} ended`, runs.failedOfHour ? "is-bad" : "", "#/runs?state=FAILED"),
    tile("Backlog", number(ready, now.countedUpTo), oldest ? `oldest waits ${duration(oldest * 1000)}` : "nothing waits", oldest > 60 ? "is-warn" : "", "#/pools"),
    tile("Lateness p99", lateness?.p99Millis == null ? "–" : duration(lateness.p99Millis), lateness?.worst ? `worst ${duration(lateness.worst.seconds * 1000)}: ${clean(lateness.worst.job, 40)}` : "of ticks, last hour", lateness?.p99Millis > 5000 ? "is-warn" : "", "#/schedule"),
    tile("Workers", number(workers.alive), away ? `${number(workers.suspect)} suspect, ${number(workers.lost)} lost` : "all answer", workers.alive === 0 || workers.lost ? "is-bad" : workers.suspect ? "is-warn" : "", "#/workers"),
    tile("Dead letters", number(deadLetters.open, now.countedUpTo), deadLetters.open ? "edit and redrive" : "none open", deadLetters.open ? "is-bad" : "", "#/dead"),
    tile("Ticks", ticks?.unaccounted ? number(ticks.unaccounted) : "✓", ticks?.unaccounted ? "not accounted for" : ticks?.missed ? `${number(ticks.missed)} missed` : "all accounted for", ticks?.unaccounted ? "is-bad" : "", "#/schedule"),
  ]);
}

function rates(perMinute) {
  const items = perMinute.map((m) => ({ at: m.at, title: `${clock(m.at)}: ${m.completed} completed, ${m.failed} failed`, parts: [["good", m.completed], ["bad", m.failed]] }));
  const completed = perMinute.reduce((sum, m) => sum + m.completed, 0);
  const failed = perMinute.reduce((sum, m) => sum + m.failed, 0);
  return panel("Runs ended per minute, last hour", legend([["good", "completed"], ["bad", "failed"]]),
    completed + failed === 0 ? empty("Nothing counted in the last hour", "Each minute gets a bar here: how many runs completed, how many failed.") : bars(items, `In the last hour ${completed} runs completed and ${failed} failed.`, { tick: (item) => clock(item.at) }));
}

export function backlog(pools) {
  if (pools.length === 0) return empty("No pools yet", "A pool appears with the first worker that serves it or the first stage that names it.");
  return h("ul", { class: "rows" }, pools.slice(0, 8).map((p) => {
    const waits = p.ready + p.queued;
    const kind = p.slots === 0 && waits > 0 ? "bad" : p.oldestReadySeconds > 60 ? "warn" : "busy";
    return h("li", { key: p.name }, [
      h("a", { class: "name grow", href: "#/pools" }, clean(p.name, 80)),
      h("span", { class: kind === "bad" ? "is-bad" : "dim" }, waits ? `${number(waits)} wait${p.oldestReadySeconds ? `, oldest ${duration(p.oldestReadySeconds * 1000)}` : ""}` : "nothing waits"),
      meter(p.running, p.slots, p.slots ? `${p.running} of ${p.slots} slots in use` : "no slots", kind),
      h("span", { class: "num slots" }, `${number(p.running)}/${number(p.slots)}`),
    ]);
  }));
}

const comingUp = (ticks) => (ticks.length
  ? h("ul", { class: "rows" }, ticks.map((t) => h("li", { key: `${t.trigger} ${t.plannedAt}` }, [
    h("a", { class: "name grow", href: jobLink(t.job, t.namespace) }, clean(t.job, 80)), t.disposition === "FIRED" ? countdown(t.at ?? t.plannedAt) : badge(t.disposition)])))
  : empty("Nothing is planned for the next 24 hours", "Give a job a trigger: cron, at, or every."));

const lately = (runs) => (runs.length
  ? h("ul", { class: "rows" }, runs.map((run) => {
    const stage = run.stages.find((s) => s.state === "FAILED" && s.error);
    return h("li", { key: run.id }, [badge(run.state), h("span", { class: "grow" }, [h("a", { class: "name", href: runLink(run.id) }, clean(run.job, 80)), stage ? h("div", { class: "dim clip", title: clean(stage.error) }, clean(stage.error, 160)) : null]), when(run.finishedAt)]);
  }))
  : empty("No run has failed", "When one does, it is here with its error."));

export const Overview = {
  setup() {
    const live = useLive(async () => {
      const [open, failed, ticks] = await Promise.all([get("/runs?open=true&limit=10"), get("/runs?state=FAILED&limit=6"), get("/schedule?limit=8")]);
      return { open: open.items, failed: failed.items, ticks: ticks.items };
    });
    return () => {
      const { now, status } = health;
      const v = live.value.value;
      if (!now) return health.problem ? problemBox(health.problem, recheck) : skeleton(8);
      return h("div", { class: "stack" }, [
        problemBox(health.problem ?? live.problem.value),
        headline(now, status),
        now.problems.length ? troubles(now.problems) : null,
        tiles(now),
        h("div", { class: "columns lead-left" }, [rates(now.runs.perMinute ?? []), panel("Pools", h("a", { href: "#/pools" }, "All pools"), backlog(now.backlog.pools))]),
        v ? h("div", { class: "columns" }, [
          panel("Failed last", h("a", { href: "#/runs?state=FAILED" }, "All failed runs"), lately(v.failed)),
          panel("Coming up", h("a", { href: "#/schedule" }, "Whole schedule"), comingUp(v.ticks)),
        ]) : skeleton(4),
        v ? panel("Open runs", h("a", { href: "#/runs?open=true" }, "All open runs"), v.open.length ? runTable(v.open) : empty("Nothing is running", "Start a job from its page, or wait for its next tick.")) : null,
        v && now.problems.length === 0 && v.open.length === 0 && v.ticks.length === 0 ? h("p", { class: "dim" }, `This is the namespace ${session.namespace}. Others are chosen above; * shows all.`) : null,
      ]);
    };
  },
};
