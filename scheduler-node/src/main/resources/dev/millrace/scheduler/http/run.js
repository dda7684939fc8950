// One run: its graph, timings, log, history, and why it does not move.
import { h, nextTick, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get, post, session } from "/dashboard/api.js";
import { badge, bar, duration, empty, panel, problemBox, progressOf, ReasonDialog, runTime, tone, useLive, when, words } from "/dashboard/parts.js";
import { graph } from "/dashboard/graph.js";

const LOG_LINES_MAX = 5_000;
const LOG_POLL_MS = 1_000;
// Colour and cursor codes that programs write for terminals.
const ANSI = new RegExp("[\\u001b\\u009b](?:\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|[\\[()#;?]*(?:[0-9;?]*[A-Za-z0-9@-~]))", "g");

export const plain = (text) => text.replace(ANSI, "").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");

/** Where the time went: waiting and working are different colours and different words. */
function timings(run) {
  const start = Date.parse(run.createdAt);
  const end = Math.max(run.finishedAt ? Date.parse(run.finishedAt) : session.nowMs, start + 1);
  const share = (ms) => Math.min(100, Math.max(0, (100 * (ms - start)) / (end - start)));
  const rows = run.stages.map((s) => {
    const ready = s.readyAt ?? s.queuedAt;
    const began = s.startedAt ? Date.parse(s.startedAt) : null;
    const ended = s.finishedAt ? Date.parse(s.finishedAt) : end;
    const waitEnd = began ?? (ready ? ended : null);
    const waited = ready ? waitEnd - Date.parse(ready) : null;
    const ran = began ? ended - began : null;
    const text = [waited == null ? null : `waited ${duration(waited)}`, ran == null ? null : `ran ${duration(ran)}`].filter(Boolean).join(", ") || words(s.state);
    const block = (kind, from, to) => h("rect", { class: kind, x: `${share(from)}%`, width: `${Math.max(0.4, share(to) - share(from))}%`, y: 3, height: 12, rx: 2 });
    return h("li", { key: s.id }, [
      h("span", { class: "clip" }, s.id),
      h("svg", { class: "lane", height: 18, role: "img", "aria-label": `${s.id}: ${text}` }, [ready ? block("queued", Date.parse(ready), waitEnd) : null, began ? block(`ran ${tone(s.state)}`, began, ended) : null]),
      h("span", { class: "dim num" }, text),
    ]);
  });
  return h("div", [h("p", { class: "legend dim" }, [h("i", { class: "queued" }), "waiting in the queue", h("i", { class: "ran" }), `running · ${duration(end - start)} in all`]), h("ul", { class: "timings" }, rows)]);
}

const Log = {
  props: { run: Object, stage: String },
  setup(props) {
    const lines = shallowRef([]);
    const problem = shallowRef(null);
    const search = ref("");
    const follow = ref(true);
    const box = ref(null);
    const loaded = ref(false);
    let cursor = null;
    let gone = false;
    let turn = 0;
    async function read(mine) {
      try {
        for (;;) {
          const path = props.stage ? `/stages/${encodeURIComponent(props.stage)}/logs` : "/logs";
          const page = await get(`/runs/${props.run.id}${path}?limit=500${cursor ? `&after=${cursor}` : ""}`);
          if (gone || mine !== turn) return;
          cursor = page.cursor ?? cursor;
          if (page.items.length) {
            const more = page.items.map((l) => ({ ...l, text: plain(l.text) }));
            lines.value = [...lines.value, ...more].slice(-LOG_LINES_MAX);
          }
          problem.value = null;
          loaded.value = true;
          if (!page.next) break;
        }
      } catch (e) {
        problem.value = e;
      }
      if (follow.value) nextTick(() => { if (box.value) box.value.scrollTop = box.value.scrollHeight; });
      if (!gone && mine === turn) setTimeout(() => { if (!gone && mine === turn) read(mine); }, props.run.finishedAt ? LOG_POLL_MS * 10 : LOG_POLL_MS);
    }
    function begin() {
      turn += 1;
      cursor = null;
      lines.value = [];
      read(turn);
    }
    watch(() => [props.run.id, props.stage], begin, { immediate: true });
    onUnmounted(() => { gone = true; });
    return () => {
      const wanted = search.value.toLowerCase();
      const shown = wanted ? lines.value.filter((l) => l.text.toLowerCase().includes(wanted)) : lines.value;
      return h("div", { class: "logpane" }, [
        h("div", { class: "tools" }, [
          h("input", { type: "search", placeholder: "Search the log", "aria-label": "Search the log", value: search.value, onInput: (e) => { search.value = e.target.value; } }),
          h("label", { class: "inline" }, [h("input", { type: "checkbox", checked: follow.value, onChange: (e) => { follow.value = e.target.checked; } }), " follow"]),
          h("span", { class: "dim" }, wanted ? `${shown.length} of ${lines.value.length} lines` : `${lines.value.length} lines`),
        ]),
        problemBox(problem.value),
        lines.value.length === 0 && !loaded.value ? h("p", { class: "boot" }, "Loading…")
          : lines.value.length === 0 ? empty("No lines yet", "What the stages write to stdout and stderr appears here as they run.")
          : h("div", { class: "log", ref: box, tabindex: 0, role: "log", "aria-label": "Log" }, shown.map((l) => h("div", { key: `${l.stage}/${l.attempt}/${l.number}`, class: ["line", l.stream] }, [
            h("time", { datetime: l.at, title: l.at }, l.at.slice(11, 19)), props.stage ? null : h("b", l.stage), h("span", l.text)]))),
      ]);
    };
  },
};

function history(items) {
  if (items.length === 0) return empty("No history yet", "Every change of state is recorded here.");
  return h("div", { class: "scroll tall" }, h("table", [
    h("thead", h("tr", ["When", "What", "From", "To", "Cause", "Who and why"].map((t) => h("th", t)))),
    h("tbody", items.map((m, i) => h("tr", { key: i }, [
      h("td", h("time", { datetime: m.at, title: m.at }, new Date(m.at).toLocaleTimeString())), h("td", { class: "name" }, m.subject), h("td", { class: "dim" }, words(m.from)),
      h("td", badge(m.to)), h("td", m.cause), h("td", { class: "dim" }, [m.actor, m.reason].filter(Boolean).join(": "))]))),
  ]));
}

function why(items, run) {
  if (run.finishedAt) return empty("The run has ended", "Nothing holds it.");
  if (items.length === 0) return empty("Nothing holds it", "Everything that can run is running.");
  return h("ul", { class: "rows" }, items.map((r, i) => h("li", { key: i }, [h("span", { class: "badge warn" }, words(r.reason)), h("span", { class: "grow" }, [h("b", r.stage ?? "the run"), `: ${r.detail}`]), r.until ? when(r.until) : null])));
}

function stageDetails(stage) {
  const output = stage.output == null ? null : typeof stage.output === "string" ? stage.output : JSON.stringify(stage.output, null, 2);
  return h("div", { class: "pad" }, [
    h("p", { class: "facts" }, [badge(stage.state), h("span", `attempt ${stage.attempt}`), h("span", `${stage.handler} in pool ${stage.pool}`), stage.worker ? h("span", `on ${stage.worker}`) : null, stage.exitCode == null ? null : h("span", `exit code ${stage.exitCode}`), stage.lost ? h("span", `${stage.lost} lost`) : null]),
    stage.progress ? h("p", { class: "facts" }, [stage.progress.percent == null ? null : bar(stage.progress.percent, "progress"), h("span", `${stage.progress.percent == null ? "" : `${stage.progress.percent} % `}${stage.progress.message ?? ""}`)]) : null,
    stage.error ? h("div", { class: "problem" }, [h("strong", stage.errorClass ?? "error"), h("pre", plain(stage.error))]) : null,
    output == null ? null : h("details", [h("summary", "Output"), h("pre", output)]),
  ]);
}

const TABS = [["log", "Log"], ["timings", "Timings"], ["why", "Why"], ["history", "History"], ["params", "Parameters"]];

export const Run = {
  props: { id: String },
  setup(props) {
    const chosen = ref(null);
    const tab = ref("log");
    const stopping = ref(false);
    const { value, problem, refresh } = useLive(async () => {
      const run = await get(`/runs/${props.id}`);
      const [past, holds] = await Promise.all([
        tab.value === "history" ? get(`/runs/${props.id}/history?limit=500`) : null,
        run.finishedAt ? null : get(`/runs/${props.id}/why`)]);
      return { run, history: past?.items ?? [], why: holds?.items ?? [] };
    }, 2000);
    watch(() => props.id, () => { chosen.value = null; refresh(); });
    watch(tab, refresh);
    const choose = (id) => { chosen.value = chosen.value === id ? null : id; };
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const { run } = v;
      const stage = run.stages.find((s) => s.id === chosen.value);
      const failed = run.stages.filter((s) => s.state === "FAILED");
      const body = {
        log: () => h(Log, { run, stage: stage?.id }), timings: () => timings(run), why: () => why(v.why, run), history: () => history(v.history),
        params: () => (Object.keys(run.params).length ? h("pre", JSON.stringify(run.params, null, 2)) : empty("No parameters", "This run was started without any.")),
      };
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [
          h("h1", [h("a", { href: `#/jobs/${encodeURIComponent(run.job)}` }, run.job), " ", badge(run.state)]),
          run.finishedAt || run.state === "STOPPING" ? null : h("button", { class: "danger", onClick: () => { stopping.value = true; } }, "Stop"),
        ]),
        stopping.value ? h(ReasonDialog, { title: "Stop this run?", text: "Attempts in flight are cancelled; stages that have not started will not start.", action: "Stop the run", danger: true, onClose: () => { stopping.value = false; },
          run: async (asked) => { await post(`/runs/${run.id}/stop`, asked); refresh(); } }) : null,
        problemBox(problem.value),
        h("p", { class: "facts" }, [h("span", { class: "mono" }, run.id), h("span", `version ${run.version}`), h("span", [run.trigger === "manual" ? "started by hand " : `started by ${run.trigger} `, when(run.createdAt)]), h("span", run.startedAt ? `${run.finishedAt ? "ran" : "running"} for ${duration(runTime(run))}` : "not started yet"), run.reason ? h("span", `“${run.reason}”`) : null, run.stopReason ? h("span", `stopped: “${run.stopReason}”`) : null]),
        run.finishedAt ? null : bar(progressOf(run), "progress of the run"),
        failed.length ? h("div", { class: "problem" }, failed.slice(0, 3).map((s) => h("p", [h("strong", s.id), `: ${plain((s.error ?? "failed").slice(0, 300))}${s.exitCode == null ? "" : ` (exit code ${s.exitCode})`}`]))) : null,
        panel("Stages", h("span", { class: "dim hint" }, "choose one to see its log and output"), [graph(run.stages, chosen.value, choose), stage ? stageDetails(stage) : null]),
        h("section", { class: "panel" }, [
          h("div", { class: "tabs", role: "tablist" }, TABS.map(([key, title]) => h("button", { key, role: "tab", "aria-selected": tab.value === key, onClick: () => { tab.value = key; } },
            key === "log" && stage ? `Log of ${stage.id}` : key === "why" && v.why.length ? `${title} (${v.why.length})` : title))),
          h("div", { role: "tabpanel" }, [body[tab.value]()]),
        ]),
      ]);
    };
  },
};
