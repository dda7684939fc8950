// One run: what became of it and why, what can be done, and each stage of it, live.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { badge, bar, empty, problemBox, progressOf, runTime, toast, useLive, when } from "/dashboard/parts.js";
import { plain } from "/dashboard/ansi.js";
import { StageGraph } from "/dashboard/graph.js";
import { Log } from "/dashboard/run-log.js";
import { Gantt, timelineOf } from "/dashboard/run-gantt.js";
import { ActionDialog, actionButton, Menu, refusal, RUN_ACTIONS } from "/dashboard/run-actions.js";
import { AuditBox, Failure, failures, heldLine, holds } from "/dashboard/run-why.js";
import { artifactList, StageDrawer } from "/dashboard/run-stage.js";
import { clock, dateTime, duration, facts, jobLink, query, runHref, setQuery, tabPanel, tabs, words } from "/dashboard/run-parts.js";

const HISTORY_PAGE = 500;
const TABS = ["graph", "timeline", "log", "why", "history", "details"];
const STARTED_BY = { manual: "by hand", cron: "by cron", every: "by its interval", at: "by a date", plan: "by its window", backfill: "by a backfill", item: "as an item", job: "by a stage", after: "after other jobs", file: "by a file", queue: "by a message", webhook: "by a webhook", sql: "from a transaction" };

const definitions = new Map();

/** What a version says never changes: it is asked for once. */
async function definitionOf(run) {
  const key = `${run.namespace}/${run.job}@${run.version}`;
  if (!definitions.has(key)) {
    if (definitions.size > 50) definitions.clear();
    try {
      const version = await get(`/jobs/${encodeURIComponent(run.job)}/versions/${run.version}?namespace=${encodeURIComponent(run.namespace)}`);
      definitions.set(key, version.definition);
    } catch {
      return null; // an archived job, or no right to read it: the run is shown without
    }
  }
  return definitions.get(key);
}

function stagesIn(definition) {
  const found = {};
  const walk = (stages, lead) => {
    for (const s of stages ?? []) {
      found[lead + s.id] = s;
      if (s.compensate) found[`${lead}${s.id}.compensate`] = s.compensate;
      walk(s.stages, `${lead}${s.id}.`);
    }
  };
  for (const part of ["stages", "on-failure", "finally"]) walk(definition?.[part], "");
  return found;
}

const History = {
  props: { run: Object },
  setup(props) {
    const items = shallowRef([]);
    const next = ref(null);
    const subject = ref("");
    const problem = shallowRef(null);
    async function read(more) {
      try {
        const page = await get(`/runs/${props.run.id}/history?limit=${HISTORY_PAGE}${more ? `&after=${encodeURIComponent(next.value)}` : ""}`);
        items.value = more ? [...items.value, ...page.items] : page.items;
        next.value = page.next;
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
    }
    watch(() => [props.run.id, props.run.state, props.run.stages.map((s) => s.state + s.attempt).join()].join(), () => { if (items.value.length <= HISTORY_PAGE) read(false); }, { immediate: true });
    return () => {
      const subjects = [...new Set(items.value.map((m) => m.subject))];
      const shown = items.value.filter((m) => !subject.value || m.subject === subject.value);
      let last = null;
      return h("div", [
        h("div", { class: "tools" }, [h("label", { class: "inline" }, ["Show ", h("select", { value: subject.value, onChange: (e) => { subject.value = e.target.value; } }, [h("option", { value: "" }, "all moves"), subjects.map((s) => h("option", { key: s, value: s }, s))])]), h("span", { class: "dim" }, `${shown.length} moves`)]),
        problemBox(problem.value), h(AuditBox, { run: props.run.id, class: "pad" }),
        shown.length === 0 ? empty("No history yet", "Every change of state is recorded here, for ever.") : h("ol", { class: "history" }, shown.map((m, i) => {
          const time = new Date(m.at);
          const at = `${clock(m.at)}.${String(time.getMilliseconds()).padStart(3, "0")}`;
          const same = at === last;
          last = at;
          return h("li", { key: i }, [h("time", { datetime: m.at, title: dateTime(m.at), class: same ? "same" : "" }, same ? "" : at), h("b", { class: "clip" }, m.subject), h("span", [h("span", { class: "dim" }, m.from ? `${words(m.from)} → ` : ""), badge(m.to)]), h("span", { class: "dim grow" }, [m.cause ? `${words(m.cause)}` : "", m.actor ? ` by ${m.actor}` : "", m.reason ? h("q", plain(m.reason)) : null])]);
        })),
        next.value ? h("button", { type: "button", class: "more", onClick: () => read(true) }, "Later moves") : null,
      ]);
    };
  },
};

/** What only some tabs show is asked for only there. */
const Children = {
  props: { run: Object },
  setup(props) {
    const page = shallowRef({ children: [], artifacts: [] });
    const problem = shallowRef(null);
    watch(() => `${props.run.id}${props.run.state}`, async () => {
      try {
        const [children, artifacts] = await Promise.all([get(`/runs/${props.run.id}/children?limit=50`), get(`/runs/${props.run.id}/artifacts?limit=200`)]);
        page.value = { children: children.items, more: children.next, artifacts: artifacts.items };
      } catch (e) {
        problem.value = e;
      }
    }, { immediate: true });
    return () => [problemBox(problem.value),
      page.value.artifacts.length ? h("section", [h("h3", `Artifacts (${page.value.artifacts.length})`), artifactList(page.value.artifacts)]) : null,
      page.value.children.length ? h("section", [h("h3", `Runs of its items and of other jobs (${page.value.children.length}${page.value.more ? "+" : ""})`), h("ul", { class: "rows" }, page.value.children.map((c) => h("li", { key: c.id }, [badge(c.state), h("a", { class: "grow clip", href: runHref(c.id) }, [c.parent?.item == null ? c.job : `${c.parent.stage} #${c.parent.item}`, c.parent?.value == null ? "" : h("span", { class: "mono dim" }, ` ${plain(JSON.stringify(c.parent.value).slice(0, 100))}`)]), h("span", { class: "dim num" }, duration(runTime(c)))])))]) : null];
  },
};

function details(run) {
  const names = Object.keys(run.params);
  return h("div", { class: "pad stack" }, [
    facts([["run", h("span", { class: "mono" }, run.id)], ["job", h("a", { href: jobLink(run.job, run.namespace) }, run.job)], ["namespace", run.namespace], ["version", h("a", { href: jobLink(run.job, run.namespace, "versions") }, String(run.version))], ["started", STARTED_BY[run.trigger] ?? run.trigger], ["by", run.actor],
      run.reason ? ["reason", plain(run.reason), true] : null, run.stopReason ? ["why it ended", plain(run.stopReason), true] : null,
      run.scheduledFor ? ["planned for", dateTime(run.scheduledFor)] : null, ["created", dateTime(run.createdAt)], ["first start", dateTime(run.startedAt)], ["ended", dateTime(run.finishedAt)],
      run.dueAt ? ["due", [dateTime(run.dueAt), run.late ? " · late" : ""]] : null, run.endsAt ? ["its window ends", dateTime(run.endsAt)] : null,
      run.key ? ["concurrency key", h("span", { class: "mono" }, run.key)] : null, run.orchestration ? ["orchestration", h("span", { class: "mono" }, run.orchestration)] : null,
      run.parent ? ["parent", h("a", { href: runHref(run.parent.run, run.parent.stage ? { stage: run.parent.stage } : null) }, `${run.parent.stage ?? "a stage"} of ${run.parent.run}`)] : null,
      run.labels && Object.keys(run.labels).length ? ["labels", Object.entries(run.labels).map(([k, v]) => h("span", { class: "badge calm" }, `${k}: ${v}`))] : null,
      Object.keys(run.counted ?? {}).length ? ["counted", Object.entries(run.counted).map(([k, v]) => `${k} ${v}`).join(", ")] : null]),
    h("section", [h("h3", "Parameters"), names.length ? h("dl", { class: "params" }, names.map((n) => h("div", { key: n }, [h("dt", n), h("dd", { class: run.params[n] === "***" ? "dim" : "mono" }, run.params[n] === "***" ? "••• secret, never shown" : plain(JSON.stringify(run.params[n], null, 1)))]))) : h("p", { class: "dim" }, "This run was started without any.")]),
    h(Children, { run }),
  ]);
}

function title(run, open) {
  const main = run.state === "FAILED" ? [] : run.finishedAt ? ["retry"] : run.pausedBy.length ? ["resume", "stop"] : ["pause", "stop"];
  const first = main.map((key) => RUN_ACTIONS.find((a) => a.key === key)).filter((a) => !a.can(run));
  const rest = RUN_ACTIONS.filter((a) => !first.includes(a));
  return h("div", { class: "title runtitle" }, [
    h("div", { class: "grow" }, [h("h1", [h("a", { href: jobLink(run.job, run.namespace) }, run.job), " ", badge(run.state), run.pausedBy.length && run.state !== "PAUSED" ? badge("PAUSED") : null, run.late ? h("span", { class: "badge warn" }, "late") : null, run.limited ? h("span", { class: "badge warn" }, "limited") : null]),
      h("p", { class: "facts" }, [h("span", { class: "mono" }, run.id), h("a", { href: jobLink(run.job, run.namespace, "versions") }, `version ${run.version}`), h("span", [`started ${STARTED_BY[run.trigger] ?? `by ${run.trigger}`} `, when(run.createdAt)]), run.startedAt ? h("span", `${run.finishedAt ? "ran" : "running"} for ${duration(runTime(run))}`) : h("span", "not started yet"), run.reason ? h("q", plain(run.reason).slice(0, 160)) : null, run.stopReason ? h("span", ["ended: ", h("q", plain(run.stopReason).slice(0, 160))]) : null])]),
    h("div", { class: "actions wrap runactions" }, [first.map((a) => actionButton(a, run, null, open)),
      h(Menu, { label: "Actions", items: rest.map((a) => ({ label: a.label, danger: a.danger, not: refusal(a, run), act: () => open(a) })) })]),
  ]);
}

function progressLine(run) {
  if (run.finishedAt) return null;
  const done = run.stages.filter((s) => s.finishedAt).length;
  const now = run.stages.filter((s) => s.state === "RUNNING" && s.handler !== "group").map((s) => s.id);
  return h("div", { class: "progressline" }, [bar(progressOf(run), "progress of the run"), h("span", { class: "dim small" }, `${done} of ${run.stages.length} stages ended${now.length ? ` · running: ${now.slice(0, 4).join(", ")}${now.length > 4 ? ` and ${now.length - 4} more` : ""}` : ""}`)]);
}

export const Run = {
  props: { id: String, query: Object },
  setup(props) {
    const tab = ref(TABS.includes(query().tab) ? query().tab : "graph");
    const chosen = ref(query().stage ?? null);
    const drawer = ref(Boolean(query().stage) && tab.value !== "log");
    const asked = shallowRef(null);
    const { value, problem, refresh } = useLive(async () => {
      const run = await get(`/runs/${props.id}`);
      // The events of its own namespace are what keeps it fresh.
      if (run.namespace !== session.namespace) setQuery({ ns: run.namespace });
      const wanted = (tabName) => tab.value === tabName || drawer.value;
      const [why, attempts, timeline, artifacts, definition, job] = await Promise.all([
        run.finishedAt ? null : get(`/runs/${props.id}/why`),
        wanted("why") || tab.value === "timeline" ? get(`/runs/${props.id}/attempts`) : null,
        tab.value === "timeline" ? get(`/runs/${props.id}/timeline`).catch(() => null) : null,
        drawer.value ? get(`/runs/${props.id}/artifacts?limit=200`).catch(() => null) : null,
        definitionOf(run),
        run.state === "FAILED" ? get(`/jobs/${encodeURIComponent(run.job)}?namespace=${encodeURIComponent(run.namespace)}`).catch(() => null) : null]);
      return { run, why: why?.items ?? [], attempts: attempts?.items ?? [], timeline, artifacts: artifacts?.items ?? [], stages: stagesIn(definition), inForce: job?.version ?? null };
    }, 5_000);
    watch(() => props.id, () => { chosen.value = null; drawer.value = false; refresh(); });
    watch([tab, drawer], refresh);
    watch(() => query().tab, (name) => { if (TABS.includes(name)) tab.value = name; });
    watch(() => query().stage, (stage) => { if (stage && stage !== chosen.value) { chosen.value = stage; drawer.value = tab.value !== "log"; } });
    const pick = (name) => { tab.value = name; setQuery({ tab: name === "graph" ? null : name, stage: name === "log" ? chosen.value : drawer.value ? chosen.value : null }); };
    const choose = (id) => {
      const same = drawer.value && chosen.value === id;
      chosen.value = same ? null : id;
      drawer.value = !same;
      setQuery({ stage: chosen.value });
    };
    const close = () => { drawer.value = false; chosen.value = null; setQuery({ stage: null }); };
    const showLog = (id) => { chosen.value = id; drawer.value = false; tab.value = "log"; setQuery({ tab: "log", stage: id }); };
    const open = (action, stage) => { asked.value = { action, stage }; };
    function done(action, stage) {
      toast(action.onRun ? `${stage.id} and what depends on it is executed again` : action.done ?? `${stage.id}: ${action.label.toLowerCase()}, done`);
      refresh();
    }
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const { run } = v;
      const stage = run.stages.find((s) => s.id === chosen.value);
      const newer = v.inForce > run.version ? v.inForce : null;
      const conditions = Object.fromEntries(Object.entries(v.stages).filter(([, s]) => s.if).map(([id, s]) => [id, s.if]));
      const fans = Object.fromEntries(Object.entries(v.stages).filter(([, s]) => s["for-each"]).map(([id]) => [id, true]));
      const ended = run.finishedAt;
      const body = {
        graph: () => h(StageGraph, { stages: run.stages, chosen: drawer.value ? chosen.value : null, choose, conditions, fans }),
        timeline: () => h(Gantt, { run, timeline: v.timeline ?? timelineOf(run, v.attempts), choose, chosen: drawer.value ? chosen.value : null }),
        log: () => h(Log, { run, stage: stage?.id, pickStage: (id) => { chosen.value = id; setQuery({ stage: id }); } }),
        why: () => h("div", [ended ? failures(run, v.attempts, choose) : holds(v.why, choose)]),
        history: () => h(History, { run }),
        details: () => details(run),
      };
      const failed = run.stages.filter((s) => s.state === "FAILED").length;
      return h("div", { class: ["stack runpage", drawer.value && stage ? "withdrawer" : ""] }, [
        title(run, open),
        problemBox(problem.value),
        asked.value ? h(ActionDialog, { ...asked.value, run, preset: { newer, latest: Boolean(newer) }, done, onClose: () => { asked.value = null; } }) : null,
        run.state === "FAILED" ? h(Failure, { run, open, choose, newer, edit: jobLink(run.job, run.namespace, "edit") }) : heldLine(run, v.why, () => pick("why")),
        progressLine(run),
        h("section", { class: "panel" }, [
          tabs([["graph", "Graph"], ["timeline", "Timeline"], ["log", "Log"], ["why", "Why", ended ? failed : v.why.length], ["history", "History"], ["details", "Details"]], tab.value, pick, "Views of this run"),
          tabPanel(tab.value, [body[tab.value]()]),
        ]),
        drawer.value && stage ? h(StageDrawer, { run, stage, definition: v.stages[stage.id], attempts: v.attempts, artifacts: v.artifacts, why: v.why, open, close, showLog, choose }) : null,
      ]);
    };
  },
};
