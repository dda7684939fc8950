// Small parts that every view uses. All text goes through text nodes; nothing is ever parsed as HTML.
import { h, onMounted, onUnmounted, ref, shallowRef } from "/dashboard/vue.js";
import { onChange, session } from "/dashboard/api.js";

const POLL_MS = 10_000;

/** Loads now, after each event, and now and then; keeps showing the last answer when a load fails. */
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
      problem.value = e?.title ? e : { title: "This page has a fault", detail: String(e?.message ?? e), remedy: "Reload it." };
    }
    busy = false;
    if (again && !gone) {
      again = false;
      setTimeout(refresh, 300);
    }
  }
  let stop;
  let timer;
  onMounted(() => {
    refresh();
    stop = onChange(refresh);
    timer = setInterval(refresh, pollMs);
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
  FAILED: "bad", LOST: "bad",
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
  const text = ms < 0 ? `in ${duration(-ms)}` : ms < 5000 ? "now" : `${duration(ms)} ago`;
  return h("time", { datetime: instant, title: at.toLocaleString() }, text);
}

export function countdown(instant) {
  if (!instant) return h("span", { class: "dim" }, "nothing planned");
  const left = Date.parse(instant) - session.nowMs;
  return h("time", { class: "countdown", datetime: instant, title: new Date(instant).toLocaleString() }, left <= 0 ? "due" : `in ${duration(left < 1000 ? 1000 : Math.floor(left / 1000) * 1000)}`);
}

export const runTime = (run) => (run.startedAt ? (run.finishedAt ? Date.parse(run.finishedAt) : session.nowMs) - Date.parse(run.startedAt) : null);

export function problemBox(problem) {
  if (!problem) return null;
  const lines = (problem.problems ?? []).map((p) => h("li", `${p.line ? `line ${p.line}: ` : ""}${p.path ? `${p.path}: ` : ""}${p.message}`));
  return h("div", { class: "problem", role: "alert" }, [h("strong", problem.title), h("p", problem.detail), lines.length ? h("ul", lines) : null, h("p", { class: "dim" }, problem.remedy)]);
}

export const empty = (title, ...what) => h("div", { class: "empty" }, [h("strong", title), ...what.map((w) => (typeof w === "string" ? h("p", w) : w))]);

export const panel = (title, extra, body) =>
  h("section", { class: "panel" }, [h("header", [h("h2", title), extra]), body]);

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

export function runTable(runs, more) {
  return h("div", { class: "scroll" }, h("table", { class: "cards" }, [
    h("thead", h("tr", [h("th", "State"), h("th", "Job"), h("th", "Stages"), h("th", { class: "wide" }, "Started by"), h("th", "Created"), h("th", { class: "num" }, "Ran for"), h("th", { class: "wide" }, "Run")])),
    h("tbody", runs.map((run) => h("tr", { key: run.id }, [
      h("td", badge(run.state)),
      h("td", h("a", { href: `#/runs/${run.id}`, class: "name" }, run.job)),
      h("td", h("div", { class: "stagecell" }, [stageStrip(run), run.finishedAt ? null : bar(progressOf(run), "progress")])),
      h("td", { class: "wide dim" }, run.trigger),
      h("td", when(run.createdAt)),
      h("td", { class: "num" }, duration(runTime(run))),
      h("td", { class: "wide" }, h("a", { href: `#/runs/${run.id}`, class: "mono dim" }, run.id)),
    ]))),
    more ? h("tfoot", h("tr", h("td", { colspan: 7 }, more))) : null,
  ]));
}

/** A native modal dialog: it traps the focus, and Escape closes it. */
export const Dialog = {
  props: { title: String },
  emits: ["close"],
  setup(props, { slots, emit }) {
    const element = ref(null);
    const before = document.activeElement;
    onMounted(() => element.value.showModal());
    onUnmounted(() => before?.focus?.());
    return () => h("dialog", { ref: element, "aria-label": props.title, onClose: () => emit("close"), onCancel: () => emit("close") }, [
      h("header", [h("h2", props.title), h("button", { type: "button", class: "plain", "aria-label": "Close", onClick: () => emit("close") }, "✕")]),
      slots.default(),
    ]);
  },
};

/** Asks for a reason, then does it; a refusal is shown where it happened. */
export const ReasonDialog = {
  props: { title: String, text: String, action: String, danger: Boolean, run: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const reason = ref("");
    const problem = shallowRef(null);
    const busy = ref(false);
    async function submit(event) {
      event.preventDefault();
      busy.value = true;
      try {
        await props.run({ reason: reason.value || null });
        emit("close");
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    return () => h(Dialog, { title: props.title, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", props.text),
      h("label", ["Reason (kept in the history)", h("input", { value: reason.value, maxlength: 1000, autofocus: true, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: props.danger ? "danger" : "primary", disabled: busy.value }, props.action)]),
    ]));
  },
};
