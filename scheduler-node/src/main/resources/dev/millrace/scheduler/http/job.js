// One job: what it is, how it has been doing, what comes next, and what can be done with it.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get, allowed, post, session } from "/dashboard/api.js";
import { badge, countdown, empty, panel, problemBox, ReasonDialog, runTable, runTime, shorthand, useLive } from "/dashboard/parts.js";
import { navigate } from "/dashboard/route.js";
import { StageGraph } from "/dashboard/graph.js";
import { duration, jobLink, tabPanel, tabs, tone, words } from "/dashboard/run-parts.js";
import { Menu } from "/dashboard/run-actions.js";
import { TriggerDialog } from "/dashboard/trigger.js";
import { Versions } from "/dashboard/job-versions.js";
import { BackfillDialog, Calendar } from "/dashboard/job-calendar.js";
import { Stats } from "/dashboard/job-stats.js";
import { yaml } from "/dashboard/yaml.js";

const TABS = [["", "Overview"], ["runs", "Runs"], ["versions", "Versions"], ["calendar", "Calendar"], ["stats", "Statistics"], ["definition", "Definition"]];
const STRIP_RUNS = 60;
const STATES = ["RUNNING", "PENDING", "SCHEDULED", "PAUSED", "COMPLETED", "FAILED", "CANCELLED", "ENDED"];

const CHANGES = {
  pause: { label: "Pause", title: (j) => `Pause ${j.id}?`, text: "It starts nothing until it is resumed; its open runs pause with it, ticks are recorded as skipped.", can: (j) => (j.state === "SCHEDULED" ? null : `It is ${words(j.state)}.`) },
  resume: { label: "Resume", title: (j) => `Resume ${j.id}?`, text: "Its triggers fire again from now on. Ticks of the pause stay recorded as skipped.", can: (j) => (["PAUSED", "STOPPED"].includes(j.state) ? null : `It is ${words(j.state)}.`) },
  stop: { label: "Stop", danger: true, title: (j) => `Stop ${j.id}?`, text: "Its triggers are disarmed and nobody starts it, by hand neither; open runs go on.", can: (j) => (["SCHEDULED", "PAUSED"].includes(j.state) ? null : `It is ${words(j.state)}.`) },
  archive: { label: "Archive", danger: true, title: (j) => `Archive ${j.id} for ever?`, text: "It becomes read-only for ever: versions, runs and ticks stay readable, open runs go on, its id is free for a new job. It cannot be taken back.", role: "editor", can: (j) => (j.state === "ARCHIVED" ? "It is archived already." : null) },
};
const refusal = (change, job) => change.can(job) ?? allowed(change.role ?? "operator", job.namespace);

/** The last runs as bars: how long, and how they ended. */
export function strip(runs) {
  const shown = runs.slice(0, STRIP_RUNS).reverse();
  const most = Math.max(1, ...shown.map((r) => runTime(r) ?? 0));
  const ended = shown.filter((r) => r.finishedAt);
  const good = ended.filter((r) => r.state === "COMPLETED").length;
  return h("div", { class: "runstrip" }, [
    h("p", { class: "small dim" }, `Last ${shown.length} runs${ended.length ? ` · ${Math.round((100 * good) / ended.length)} % completed · longest ${duration(most)}` : ""}`),
    h("div", { class: "bars" }, shown.map((r) => h("a", { key: r.id, class: tone(r.state), href: `#/runs/${r.id}`, title: `${words(r.state)}, ${duration(runTime(r))}, ${new Date(r.createdAt).toLocaleString()}`, "aria-label": `${words(r.state)}, ran ${duration(runTime(r))}` }, h("i", { style: { height: `${Math.max(8, (100 * (runTime(r) ?? 0)) / most)}%` } })))),
  ]);
}

const Neighbours = {
  props: { job: Object },
  setup(props) {
    const { value } = useLive(() => get(`/jobs/${encodeURIComponent(props.job.id)}/graph?depth=2&namespace=${encodeURIComponent(props.job.namespace)}`), 30_000);
    return () => {
      const v = value.value;
      if (!v || v.edges.length === 0) return null;
      const names = new Map(v.nodes.map((n) => [n.id, n]));
      const stages = v.nodes.map((n) => ({
        id: n.namespace === props.job.namespace ? n.job : n.id, state: n.lastRun?.state, handler: n.lastRun ? "job" : "has not run", pool: null, attempt: 1, needs: [], group: null, phase: "MAIN",
        needsTree: { all: v.edges.filter((e) => e.to === n.id && names.has(e.from)).map((e) => ({ stage: names.get(e.from).namespace === props.job.namespace ? names.get(e.from).job : e.from, is: e.kind === "after" ? "completed" : e.kind })) },
      }));
      return panel("Jobs around it", h("span", { class: "dim hint" }, "dashed: required, or started by a stage"), h(StageGraph, { stages, chosen: props.job.id, choose: (id) => navigate(id.includes("/") ? jobLink(id.split("/")[1], id.split("/")[0]) : jobLink(id, props.job.namespace)), label: "Jobs that start this one or are started by it" }));
    };
  },
};

const Runs = {
  props: { job: Object },
  setup(props) {
    const state = ref("");
    const after = ref("");
    const { value, problem, refresh } = useLive(() => get(`/jobs/${encodeURIComponent(props.job.id)}/runs?limit=50&namespace=${encodeURIComponent(props.job.namespace)}${state.value ? `&state=${state.value}` : ""}${after.value ? `&after=${encodeURIComponent(after.value)}` : ""}`), 10_000);
    watch([state, after], refresh);
    return () => {
      const page = value.value;
      if (!page) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      return h("div", [
        h("div", { class: "tools" }, [h("label", { class: "inline" }, ["State ", h("select", { value: state.value, onChange: (e) => { state.value = e.target.value; after.value = ""; } }, [h("option", { value: "" }, "any"), STATES.map((s) => h("option", { key: s, value: s }, words(s)))])])]),
        problemBox(problem.value),
        page.items.length ? [h("div", { class: "pad" }, strip(page.items)), runTable(page.items)] : empty(page.next ? "None on this page" : "No runs", state.value ? "None in this state." : "Press Start, or wait for its next tick."),
        after.value || page.next ? h("nav", { class: "pager pad", "aria-label": "Pages" }, [after.value ? h("button", { onClick: () => { after.value = ""; } }, "Newest") : null, page.next ? h("button", { onClick: () => { after.value = page.next; } }, "Older") : null]) : null,
      ]);
    };
  },
};

/** What the definition says, as the file that makes the job. */
const Definition = {
  props: { job: Object },
  setup(props) {
    const text = ref(null);
    const problem = shallowRef(null);
    watch(() => props.job.version, async () => {
      try {
        const checked = await post(`/jobs/check?namespace=${encodeURIComponent(props.job.namespace)}`, props.job.written ?? props.job.definition);
        text.value = checked.yaml ?? JSON.stringify(props.job.definition, null, 2);
      } catch (e) {
        problem.value = e;
        text.value = JSON.stringify(props.job.definition, null, 2);
      }
    }, { immediate: true });
    return () => h("div", [
      h("div", { class: "tools" }, [h("span", { class: "dim grow" }, `Version ${props.job.version}, ${props.job.source}`), h("button", { type: "button", onClick: () => navigator.clipboard?.writeText(text.value ?? "") }, "Copy"), h("a", { class: "button", href: jobLink(props.job.id, props.job.namespace, "edit") }, "Edit")]),
      problemBox(problem.value), text.value == null ? h("p", { class: "boot" }, "Loading…") : yaml(text.value, "Definition")]);
  },
};

function facts(job) {
  return h("p", { class: "facts" }, [
    h("span", ["next tick ", countdown(job.nextTick)]),
    h("a", { href: jobLink(job.id, job.namespace, "versions") }, `version ${job.version}`),
    h("span", `from ${job.source}`),
    job.pattern ? h("span", `made of ${job.pattern.name}@${job.pattern.version}`) : null,
    job.triggers.map((t) => h("span", { key: t.id, class: "mono", title: t.problem ?? undefined }, [shorthand(t.spec), t.problem ? h("b", { class: "is-bad" }, " !") : null])),
    job.triggers.length ? null : h("span", "started by hand, or by other systems"),
    Object.entries(job.definition?.labels ?? {}).map(([k, v]) => h("span", { key: k, class: "badge calm" }, `${k}: ${v}`)),
  ]);
}

export const Job = {
  props: { id: String, tab: String, query: Object },
  setup(props) {
    const open = shallowRef(null);
    const path = () => `/jobs/${encodeURIComponent(props.id)}`;
    const { value, problem, refresh } = useLive(async () => {
      const [job, runs] = await Promise.all([get(path()), get(`${path()}/runs?limit=${STRIP_RUNS}`)]);
      return { job, runs };
    }, 15_000);
    watch(() => props.id, refresh);
    const close = () => { open.value = null; };
    const pick = (tab) => navigate(jobLink(props.id, session.namespace, tab));
    function title(job) {
      const archived = job.state === "ARCHIVED" ? "It is archived: read-only for ever." : null;
      const noStart = archived ?? (job.state === "STOPPED" ? "It is stopped; resume it first." : allowed("operator", job.namespace));
      const noEdit = archived ?? allowed("editor", job.namespace);
      const main = CHANGES.resume.can(job) ? "pause" : "resume";
      const ask = (key) => () => { open.value = { kind: "change", key }; };
      const item = (key) => ({ label: CHANGES[key].label, danger: CHANGES[key].danger, not: refusal(CHANGES[key], job), act: ask(key) });
      return h("div", { class: "title" }, [h("h1", [job.id, " ", badge(job.state)]), h("div", { class: "actions wrap runactions" }, [
        h("button", { type: "button", class: noStart ? "" : "primary", disabled: Boolean(noStart), title: noStart ?? "Start a run now", onClick: () => { open.value = { kind: "start" }; } }, "Start"),
        h("button", { type: "button", disabled: Boolean(refusal(CHANGES[main], job)), title: refusal(CHANGES[main], job) ?? CHANGES[main].text, onClick: ask(main) }, CHANGES[main].label),
        noEdit ? h("button", { type: "button", disabled: true, title: noEdit }, "Edit") : h("a", { class: "button", href: jobLink(job.id, job.namespace, "edit") }, "Edit"),
        h(Menu, { label: "More", items: [{ label: "Backfill…", not: archived ?? (job.triggers.length ? allowed("operator", job.namespace) : "It has no trigger by time."), act: () => { open.value = { kind: "backfill" }; } }, item(main === "pause" ? "resume" : "pause"), item("stop"), item("archive")] }),
      ])]);
    }
    function dialog(job) {
      if (!open.value) return null;
      const { kind, key } = open.value;
      if (kind === "start") return h(TriggerDialog, { job, onClose: close });
      if (kind === "backfill") return h(BackfillDialog, { job, onClose: close, done: () => pick("calendar") });
      const change = CHANGES[key];
      return h(ReasonDialog, { title: change.title(job), text: change.text, action: change.label, danger: Boolean(change.danger), onClose: close, run: async (asked) => { await post(`${path()}/${key}?namespace=${encodeURIComponent(job.namespace)}`, asked); refresh(); } });
    }
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const { job, runs } = v;
      const tab = TABS.some(([key]) => key === props.tab) ? props.tab : "";
      const body = {
        "": () => h("div", [runs.items.length ? h("div", { class: "pad" }, strip(runs.items)) : null, h(StageGraph, { stages: job.graph, conditions: conditions(job.definition), fans: fans(job.definition), label: "Stages of the definition" })]),
        runs: () => h(Runs, { job }), versions: () => h(Versions, { job, refresh }), calendar: () => h(Calendar, { job }), stats: () => h(Stats, { job }), definition: () => h(Definition, { job }),
      };
      return h("div", { class: "stack jobpage" }, [
        title(job), dialog(job),
        job.description ? h("p", { class: "lead" }, job.description) : null,
        problemBox(problem.value), facts(job),
        job.triggers.filter((t) => t.problem).map((t) => h("p", { class: "problem" }, [h("strong", shorthand(t.spec)), ` ${t.problem}`])),
        h("section", { class: "panel" }, [tabs(TABS, tab, pick, "Views of this job"), tabPanel(tab, [body[tab]()])]),
        tab === "" ? h(Neighbours, { job }) : null,
        tab === "" ? panel("Last runs", h("a", { href: jobLink(job.id, job.namespace, "runs") }, "all runs"), runs.items.length ? runTable(runs.items.slice(0, 8)) : empty("It has not run yet", "Press Start, or wait for its next tick.")) : null,
      ]);
    };
  },
};

function allStages(definition) {
  const out = [];
  const walk = (stages, lead) => { for (const s of stages ?? []) { out.push([lead + s.id, s]); walk(s.stages, `${lead}${s.id}.`); } };
  for (const part of ["stages", "on-failure", "finally"]) walk(definition?.[part], "");
  return out;
}
export const conditions = (definition) => Object.fromEntries(allStages(definition).filter(([, s]) => s.if).map(([id, s]) => [id, String(s.if)]));
export const fans = (definition) => Object.fromEntries(allStages(definition).filter(([, s]) => s["for-each"]).map(([id]) => [id, true]));
