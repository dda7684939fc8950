// Where the time went: waiting, queued and running are different patterns, colours and words; the stages that
// decided how long it took are marked.
import { h, onMounted, onUnmounted, ref } from "/dashboard/vue.js";
import { session } from "/dashboard/api.js";
import { empty } from "/dashboard/parts.js";
import { clock, duration, tone, words } from "/dashboard/run-parts.js";

const STEPS_MS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000];
const TICKS_MAX = 7;
const ms = (instant) => (instant ? Date.parse(instant) : null);

/** The same shape as the API's timeline, from stages and superseded attempts. */
export function timelineOf(run, attempts) {
  const items = [];
  for (const a of attempts) items.push({ stage: a.stage, attempt: a.attempt, state: a.outcome.toUpperCase(), readyAt: a.queuedAt, queuedAt: a.queuedAt, startedAt: a.startedAt, finishedAt: a.finishedAt, worker: a.worker, over: "superseded" });
  for (const s of run.stages) items.push({ stage: s.id, attempt: s.attempt, state: s.state, readyAt: s.readyAt, queuedAt: s.queuedAt, startedAt: s.startedAt, finishedAt: s.finishedAt, worker: s.worker });
  return { items, criticalPath: critical(run) };
}

/** Back from what ended last, each time to the need that ended last. */
function critical(run) {
  const byId = new Map(run.stages.map((s) => [s.id, s]));
  const ended = (s) => ms(s.finishedAt) ?? (s.startedAt ? Infinity : -1);
  let at = run.stages.filter((s) => s.startedAt && s.handler !== "group").reduce((best, s) => (!best || ended(s) > ended(best) ? s : best), null);
  const path = [];
  while (at && !path.includes(at.id)) {
    path.unshift(at.id);
    const before = at.needs.map((n) => byId.get(n)).filter((s) => s?.startedAt);
    at = before.reduce((best, s) => (!best || ended(s) > ended(best) ? s : best), null);
  }
  return path;
}

function parts(item, now) {
  const open = ms(item.finishedAt) ?? now;
  const ready = ms(item.readyAt) ?? ms(item.queuedAt);
  const queued = ms(item.queuedAt);
  const began = ms(item.startedAt);
  const waits = ready == null ? null : [ready, Math.min(queued ?? began ?? open, open)];
  const queue = queued == null ? null : [queued, Math.min(began ?? open, open)];
  const ran = began == null ? null : [began, item.state === "BACKING_OFF" ? Math.min(open, ms(item.finishedAt) ?? began) : open];
  return { waits, queue, ran };
}

const length = (range) => (range ? Math.max(0, range[1] - range[0]) : 0);

function said(item, p) {
  return [p.waits && length(p.waits) > 20 ? `waited ${duration(length(p.waits))}` : null, p.queue && length(p.queue) > 20 ? `queued ${duration(length(p.queue))}` : null, p.ran ? `ran ${duration(length(p.ran))}` : null].filter(Boolean).join(" · ") || words(item.state);
}

export const Gantt = {
  props: { run: Object, timeline: Object, choose: Function, chosen: String },
  setup(props) {
    const now = ref(session.nowMs);
    const looked = ref(null);
    let frame = null;
    // A bar that grows by itself, without asking the server.
    const tick = () => { now.value = Date.now() + session.clockOffsetMs; };
    onMounted(() => { tick(); frame = setInterval(() => { if (!props.run.finishedAt && !document.hidden) tick(); }, 250); });
    onUnmounted(() => clearInterval(frame));
    return () => {
      const { run, timeline } = props;
      const items = timeline.items.filter((i) => i.readyAt || i.queuedAt || i.startedAt);
      if (items.length === 0) return empty("Nothing has started yet", "Each stage gets a bar here as soon as its turn comes. The tab Why tells what it waits for.");
      const start = ms(run.createdAt);
      const ends = items.map((i) => ms(i.finishedAt) ?? 0);
      const end = Math.max(start + 50, run.finishedAt ? Math.max(ms(run.finishedAt), ...ends) : now.value);
      const share = (t) => Math.min(100, Math.max(0, (100 * (t - start)) / (end - start)));
      const step = STEPS_MS.find((s) => (end - start) / s <= TICKS_MAX) ?? Math.ceil((end - start) / TICKS_MAX);
      const ticks = [];
      for (let t = 0; t <= end - start; t += step) ticks.push(t);
      const block = (kind, range, what) => (range && range[1] >= range[0] ? h("span", { class: ["seg", kind], title: what, style: { left: `${share(range[0])}%`, width: `max(2px, ${share(range[1]) - share(range[0])}%)` } }) : null);
      const path = new Set(timeline.criticalPath ?? []);
      const rows = run.stages.map((s) => ({ id: s.id, stage: s, tries: items.filter((i) => i.stage === s.id) })).filter((r) => r.tries.length);
      const line = (row) => {
        const last = row.tries.at(-1);
        const p = parts(last, now.value);
        const text = said(last, p);
        const mark = path.has(row.id);
        return h("li", { key: row.id, class: [mark ? "critical" : "", props.chosen === row.id ? "chosen" : ""] }, h("button", {
          type: "button", class: "plain", "aria-label": `${row.id}: ${words(last.state)}, ${text}${row.tries.length > 1 ? `, ${row.tries.length} attempts` : ""}${mark ? ", on the critical path" : ""}`,
          onClick: () => props.choose(row.id), onMouseenter: () => { looked.value = row.id; }, onFocus: () => { looked.value = row.id; },
        }, [
          h("span", { class: "gname" }, [mark ? h("span", { class: "star", title: "on the critical path" }, "★") : null, h("span", { class: "clip" }, row.id)]),
          h("span", { class: "lane2" }, [
            ticks.map((t) => h("i", { key: t, class: "grid", style: { left: `${share(start + t)}%` } })),
            row.tries.map((item, i) => {
              const q = parts(item, now.value);
              const over = Boolean(item.over) || i < row.tries.length - 1;
              return [block("waits", q.waits, "waiting"), block("queue", q.queue, "queued"), block(`ran ${over && /^(failed|lost)/i.test(item.state) ? "bad" : tone(item.state)}${over ? " over" : ""}${!item.finishedAt && item.startedAt ? " live" : ""}`, q.ran, `attempt ${item.attempt}: ${words(item.state)}`)];
            })]),
          h("span", { class: "dim num gtext" }, [row.tries.length > 1 ? h("span", { class: "tries" }, `${row.tries.length} attempts`) : null, text]),
        ]));
      };
      const detail = rows.find((r) => r.id === looked.value);
      return h("div", { class: "gantt" }, [
        h("p", { class: "graphlegend dim pad" }, [h("span", { class: "key" }, [h("i", { class: "swatch waits" }), "waiting"]), h("span", { class: "key" }, [h("i", { class: "swatch queue" }), "queued"]), h("span", { class: "key" }, [h("i", { class: "swatch ran busy" }), "running"]), h("span", { class: "key" }, [h("i", { class: "swatch ran over bad" }), "an attempt that did not count"]), h("span", { class: "key" }, [h("span", { class: "star" }, "★"), `critical path${timeline.criticalMillis ? `, ${duration(timeline.criticalMillis)}` : ""}`]), h("span", { class: "key" }, `${duration(end - start)} in all`)]),
        h("div", { class: "gaxis", "aria-hidden": "true" }, [h("span"), h("span", { class: "lane2" }, ticks.map((t) => h("small", { key: t, style: { left: `${share(start + t)}%` } }, t === 0 ? clock(run.createdAt) : `+${duration(t)}`))), h("span")]),
        h("ul", { class: "grows" }, rows.map(line)),
        detail ? h("p", { class: "pad dim gdetail", role: "status" }, [h("b", detail.id), detail.tries.map((t) => {
          const p = parts(t, now.value);
          return h("span", { key: t.attempt }, ` · attempt ${t.attempt} ${words(t.state)}: ${said(t, p)}${t.startedAt ? `, from ${clock(t.startedAt)}${t.finishedAt ? ` to ${clock(t.finishedAt)}` : ""}` : ""}${t.worker ? ` on ${t.worker}` : ""}`);
        })]) : null,
      ]);
    };
  },
};
