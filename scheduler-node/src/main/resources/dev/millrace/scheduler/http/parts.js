// Small parts that every view uses. All text goes through text nodes; nothing is ever parsed as HTML.
import { h, onMounted, onUnmounted, ref, shallowRef } from "/dashboard/vue.js";
import { allowed, onChange, session } from "/dashboard/api.js";
import { icon } from "/dashboard/icons.js";
import { table } from "/dashboard/table.js";

export { allowed } from "/dashboard/api.js";
export { confirmReason, Dialog, openDialog, ReasonDialog, toast } from "/dashboard/dialogs.js";

const POLL_MS = 10_000;

/** Loads now, after each event, and now and then while somebody looks; keeps showing the last answer when a load fails. */
export function useLive(load, pollMs = POLL_MS) {
  const value = shallowRef(null);
  const problem = shallowRef(null);
  let busy = false;
  let again = false;
  let gone = false;
  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const loaded = await load();
      if (!gone) {
        value.value = loaded;
        problem.value = null;
      }
    } catch (e) {
      if (e?.status === 404) value.value = null;
      problem.value = e?.title ? e : { title: "This page has a fault", detail: String(e?.message ?? e), remedy: "Reload it." };
    }
    busy = false;
    if (again && !gone) {
      again = false;
      setTimeout(refresh, 0);
    }
  }
  let stop;
  let timer;
  onMounted(() => {
    refresh();
    stop = onChange(refresh);
    timer = setInterval(() => {
      if (!document.hidden) refresh();
    }, Math.max(pollMs, POLL_MS));
  });
  onUnmounted(() => {
    gone = true;
    stop();
    clearInterval(timer);
  });
  return { value, problem, refresh };
}

const TONES = {
  COMPLETED: "good", SKIPPED_COMPLETE: "good", ACKNOWLEDGED: "good", ALIVE: "good", FIRED: "good",
  RUNNING: "busy", STARTING: "busy", SCHEDULED: "calm", READY: "wait", QUEUED: "wait", PENDING: "wait",
  BACKING_OFF: "warn", STOPPING: "warn", PAUSED: "warn", HELD: "warn", LOCK_WAIT: "warn", SUSPECT: "warn", SKIPPED_PAUSED: "warn", MISSED: "warn",
  FAILED: "bad", LOST: "bad", OPEN: "bad", DONE: "good", REDRIVEN: "good", SKIPPED_OVERLAP: "warn", SKIPPED_QUOTA: "warn", ENDED: "calm", CANCELLED: "calm",
};
const MARKS = { good: "✓", busy: "▶", calm: "◷", wait: "…", warn: "!", bad: "✕", idle: "–" };

export const tone = (state) => TONES[state] ?? "idle";
export const words = (state) => (state ?? "").toLowerCase().replaceAll("_", " ");

export function badge(state) {
  const kind = tone(state);
  return h("span", { class: ["badge", kind] }, [h("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]), words(state)]);
}

export function duration(ms) {
  if (ms == null || Number.isNaN(ms)) return "–";
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

export const since = (instant) => (instant ? session.nowMs - Date.parse(instant) : null);

export function when(instant) {
  if (!instant) return h("span", { class: "dim" }, "–");
  const at = new Date(instant);
  const ms = since(instant);
  const text = ms < -2000 ? `in ${duration(-ms)}` : ms < 5000 ? "now" : `${duration(ms)} ago`;
  return h("time", { datetime: instant, title: at.toLocaleString() }, text);
}

export function countdown(instant) {
  if (!instant) return h("span", { class: "dim" }, "nothing planned");
  const left = Date.parse(instant) - session.nowMs;
  return h("time", { class: "countdown", datetime: instant, title: new Date(instant).toLocaleString() }, left <= 0 ? "due" : `in ${duration(left < 1000 ? 1000 : Math.floor(left / 1000) * 1000)}`);
}

export const runTime = (run) => (run.startedAt ? (run.finishedAt ? Date.parse(run.finishedAt) : session.nowMs) - Date.parse(run.startedAt) : null);

export function problemBox(problem, retry) {
  if (!problem) return null;
  const lines = (problem.problems ?? []).map((p) => h("li", `${p.line ? `line ${p.line}: ` : ""}${p.path ? `${p.path}: ` : ""}${p.message}`));
  return h("div", { class: "problem", role: "alert" }, [
    h("strong", problem.title), problem.detail ? h("p", problem.detail) : null, lines.length ? h("ul", lines) : null,
    problem.remedy ? h("p", { class: "dim" }, problem.remedy) : null,
    retry ? h("button", { type: "button", onClick: retry }, "Try again") : null,
  ]);
}

/** Grey lines where a table will be; never a jumping page. */
export const skeleton = (rows = 6) =>
  h("div", { class: "skeleton panel", role: "status", "aria-label": "Loading" }, Array.from({ length: rows }, (_, i) => h("div", { key: i, class: "bone" })));

/** What a page shows before its first answer: the problem, or that it loads. */
export const loading = (live, rows) => (live.problem.value ? problemBox(live.problem.value, live.refresh) : skeleton(rows));

export const empty = (title, ...what) => h("div", { class: "empty" }, [h("strong", title), ...what.map((w) => (typeof w === "string" ? h("p", w) : w))]);

export const panel = (title, extra, body) =>
  h("section", { class: "panel", "aria-label": title }, [h("header", [h("h2", title), extra]), body]);

// Codes that programs write for terminals, control characters, and marks that turn the direction of text.
const ANSI = new RegExp("[\\u001b\\u009b](?:\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|[\\[()#;?]*(?:[0-9;?]*[A-Za-z0-9@-~]))", "g");
const CONTROLS = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]", "g");

/** A text of one line that cannot disturb its neighbours. */
export const clean = (text, max = 2_000) => {
  const plain = String(text ?? "").replace(ANSI, "").replace(CONTROLS, " ").trim();
  return plain.length > max ? `${plain.slice(0, max)}…` : plain;
};

const inNamespace = (namespace) => (namespace && namespace !== session.chosen ? `ns=${encodeURIComponent(namespace)}` : "");

/** The address of a job's page; it carries the namespace when another one is chosen. */
export function jobLink(job, namespace, tab = "", query = "") {
  const more = [query, inNamespace(namespace)].filter(Boolean).join("&");
  return `#/jobs/${encodeURIComponent(job)}${tab ? `/${tab}` : ""}${more ? `?${more}` : ""}`;
}

export const runLink = (id) => `#/runs/${encodeURIComponent(id)}`;

/** A button that says why it is off when the role does not allow it. */
export function actionButton({ role = "operator", namespace, label, onClick, danger, primary, disabled, title, small }) {
  const why = allowed(role, namespace ?? session.namespace);
  return h("button", { type: "button", class: { danger, primary, small }, disabled: Boolean(why) || disabled, title: why ?? title, onClick }, label);
}

/** Copies a text, and says that it did. */
export const CopyButton = {
  props: { text: String, label: { type: String, default: "Copy" } },
  setup(props) {
    const done = ref("");
    async function copy() {
      try {
        await navigator.clipboard.writeText(props.text);
        done.value = "Copied";
      } catch {
        done.value = "Select it and copy by hand";
      }
      setTimeout(() => { done.value = ""; }, 2_500);
    }
    return () => h("button", { type: "button", class: "small", onClick: copy }, [icon("copy", 14), h("span", { "aria-live": "polite" }, done.value || props.label)]);
  },
};
export const copyButton = (text, label) => h(CopyButton, { text, label });

/** A row of tabs; the chosen one is told to screen readers, and arrows move between them. */
export function tabs(list, chosen, onPick, label = "Views") {
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = list.findIndex(([key]) => key === chosen);
    const next = (at + step + list.length) % list.length;
    onPick(list[next][0]);
    event.currentTarget.querySelectorAll("[role=tab]")[next].focus();
  };
  return h("div", { class: "tabs", role: "tablist", "aria-label": label, onKeydown: move }, list.map(([key, title]) =>
    h("button", { key, type: "button", role: "tab", "aria-selected": key === chosen ? "true" : "false", tabindex: key === chosen ? 0 : -1, onClick: () => onPick(key) }, title)));
}

export function shorthand(spec) {
  if (spec == null) return "";
  if (typeof spec === "string") return spec;
  const text = spec.cron ?? spec.expression ?? (spec.every ? `every ${spec.every.replace(/^PT?/, "").toLowerCase()}` : spec.at);
  return spec.timezone && spec.timezone !== "UTC" ? `${text} ${spec.timezone}` : String(text ?? JSON.stringify(spec));
}

/** One small square per stage, so that a run's whole state is seen at a glance. */
export function stageStrip(run) {
  const shown = run.stages.slice(0, 60);
  const done = run.stages.filter((s) => s.finishedAt).length;
  return h("span", { class: "strip", role: "img", "aria-label": `${done} of ${run.stages.length} stages ended` },
    shown.map((s) => h("span", { key: s.id, class: ["cell", tone(s.state)], title: `${s.id}: ${words(s.state)}` })));
}

export function progressOf(run) {
  if (run.stages.length === 0) return 0;
  const sum = run.stages.reduce((n, s) => n + (s.finishedAt ? 100 : (s.progress?.percent ?? 0)), 0);
  return Math.round(sum / run.stages.length);
}

export const bar = (percent, label) =>
  h("progress", { max: 100, value: percent, "aria-label": label, title: `${percent} %` });

export const runTable = (runs, more, options) => table({ ...options, rows: runs, key: (run) => run.id, columns: runColumns(), foot: more, label: "Runs" });

export function runColumns() {
  return [
    { title: "State", bare: true, cell: (run) => [badge(run.state), run.late ? h("span", { class: "tag warn", title: "later than its deadline" }, "late") : null] },
    { title: "Job", whole: true, cell: (run) => [
      h("a", { href: runLink(run.id), class: "name", "data-main": "" }, clean(run.job, 200)),
      session.namespace === "*" ? h("span", { class: "dim" }, ` ${run.namespace}`) : null] },
    { title: "Stages", bare: true, cell: (run) => h("div", { class: "stagecell" }, [stageStrip(run), run.finishedAt ? null : bar(progressOf(run), "progress")]) },
    { title: "Started by", wide: true, class: "dim", cell: (run) => run.trigger },
    { title: "Created", cell: (run) => when(run.createdAt) },
    { title: "Ran for", num: true, cell: (run) => duration(runTime(run)) },
    { title: "Run", wide: true, cell: (run) => h("a", { href: runLink(run.id), class: "mono dim", tabindex: -1 }, run.id) },
  ];
}
