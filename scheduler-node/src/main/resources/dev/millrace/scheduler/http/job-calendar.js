// The ticks of a job, past and coming, day by day: what was planned, what became of each, and why one was left out.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { allowed, get, post, session } from "/dashboard/api.js";
import { badge, Dialog, empty, problemBox, ReasonDialog, shorthand, useLive } from "/dashboard/parts.js";
import { plain } from "/dashboard/ansi.js";
import { clock, dateTime, words } from "/dashboard/run-parts.js";

const DAY_MS = 86_400_000;
const TICKS_PAGE = 500;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const WHY = {
  FIRED: "became a run", MISSED: "nobody could fire it in time, and the misfire policy let it go", SKIPPED_PAUSED: "the job was paused", SKIPPED_OVERLAP: "another run was open",
  SKIPPED_WINDOW: "outside the window", SKIPPED_QUOTA: "the namespace's quota was used up", SKIPPED_DST: "clocks were changed", SKIPPED_CALENDAR: "an excluded day", COALESCED: "went into another run",
};
const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
const sum = (d) => d.fired + d.skipped + d.missed;

function monthDays(month) {
  const first = new Date(`${month}-01T00:00:00Z`);
  const start = first.getTime() - ((first.getUTCDay() + 6) % 7) * DAY_MS;
  const days = [];
  for (let t = start; days.length < 42; t += DAY_MS) days.push(dayOf(t));
  // A month that needs no sixth week has none.
  return days[35].startsWith(month) ? days : days.slice(0, 35);
}

const stepMonth = (month, by) => {
  const d = new Date(`${month}-15T00:00:00Z`);
  d.setUTCMonth(d.getUTCMonth() + by);
  return d.toISOString().slice(0, 7);
};

function dayLabel(d) {
  if (!d) return "nothing planned";
  return [d.completed ? `${d.completed} completed` : null, d.failed ? `${d.failed} failed` : null, d.fired ? `${d.fired} fired` : null, d.skipped ? `${d.skipped} skipped` : null, d.missed ? `${d.missed} missed` : null, d.planned ? `${d.planned} planned` : null].filter(Boolean).join(", ") || "nothing planned";
}

function cell(date, d, most, state) {
  const { month, today, chosen, pick } = state;
  const kind = !d ? "" : d.missed ? "missed" : d.failed ? "bad" : d.skipped && !d.fired ? "skippedday" : sum(d) ? "good" : d.planned ? "planned" : "";
  const heat = d ? 8 + Math.round((42 * Math.min(most, sum(d) || d.planned)) / Math.max(1, most)) : 0;
  return h("button", { key: date, type: "button", class: ["day", kind, date.startsWith(month) ? "" : "other", date === today ? "today" : "", date === chosen ? "chosen" : ""], style: { "--heat": `${heat}%` }, "aria-label": `${date}: ${dayLabel(d)}`, "aria-pressed": date === chosen, onClick: () => pick(date) }, [
    h("span", { class: "date" }, Number(date.slice(8))),
    d ? h("span", { class: "marks" }, [d.missed ? h("b", { class: "bad" }, `! ${d.missed}`) : null, d.failed ? h("b", { class: "bad" }, `✕ ${d.failed}`) : null, d.skipped ? h("b", { class: "warn" }, `↷ ${d.skipped}`) : null, d.fired ? h("b", { class: "good" }, `✓ ${d.fired}`) : null, d.planned ? h("b", { class: "calm" }, `◷ ${d.planned}`) : null]) : null,
  ]);
}

/** What became of the ticks of one day, and what will of those to come. */
const Day = {
  props: { job: Object, date: String },
  setup(props) {
    const past = shallowRef([]);
    const next = ref(null);
    const coming = shallowRef([]);
    const problem = shallowRef(null);
    const loaded = ref(false);
    const base = () => `job=${encodeURIComponent(props.job.id)}&namespace=${encodeURIComponent(props.job.namespace)}&limit=${TICKS_PAGE}`;
    async function read(more) {
      const from = `${props.date}T00:00:00Z`;
      const to = new Date(Date.parse(from) + DAY_MS).toISOString();
      const now = new Date(session.nowMs).toISOString();
      try {
        const ticks = from < now ? await get(`/ticks?${base()}&from=${from}&to=${to}${more ? `&after=${encodeURIComponent(next.value)}` : ""}`) : { items: [], next: null };
        past.value = more ? [...past.value, ...ticks.items] : ticks.items;
        next.value = ticks.next;
        coming.value = to > now ? (await get(`/schedule?${base()}&from=${from > now ? from : now}&to=${to}`)).items : [];
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
      loaded.value = true;
    }
    watch(() => props.date, () => { loaded.value = false; read(false); }, { immediate: true });
    const trigger = (id) => { const t = props.job.triggers.find((x) => x.id === id); return t ? shorthand(t.spec) : ""; };
    const line = (t, future) => h("li", { key: `${t.trigger}${t.plannedAt}${future}`, class: t.disposition === "MISSED" ? "missedtick" : "" }, [
      h("time", { datetime: t.plannedAt, title: dateTime(t.plannedAt) }, [clock(t.plannedAt), t.ticks > 1 ? h("small", ` to ${clock(t.plannedUntil)}, ${t.ticks} ticks`) : null]),
      future && t.disposition === "FIRED" ? h("span", { class: "badge calm" }, "◷ planned") : badge(t.disposition),
      h("span", { class: "dim grow small" }, [t.why ? plain(t.why) : future && t.disposition === "FIRED" ? "" : WHY[t.disposition] ?? "", t.backfilled ? h("b", " · backfilled later") : null, props.job.triggers.length > 1 ? ` · ${trigger(t.trigger)}` : ""]),
      t.run ? h("a", { class: "mono", href: `#/runs/${t.run}` }, t.run) : null]);
    return () => h("section", { class: "dayticks", "aria-label": `Ticks of ${props.date}` }, [
      h("h3", { class: "pad" }, new Date(`${props.date}T12:00:00Z`).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: "numeric" })),
      problemBox(problem.value),
      !loaded.value ? h("p", { class: "boot" }, "Loading…") : past.value.length + coming.value.length === 0 && !problem.value ? empty("No ticks on this day", "Nothing was planned.")
        : h("ul", { class: "rows", tabindex: 0, "aria-label": "Ticks" }, [...[...coming.value].map((t) => line(t, true)), ...past.value.map((t) => line(t, false))]),
      next.value ? h("button", { type: "button", class: "more", onClick: () => read(true) }, "Earlier ticks") : null,
    ]);
  },
};

const Backfills = {
  props: { job: Object },
  setup(props) {
    const asked = shallowRef(null);
    const { value, problem, refresh } = useLive(() => get(`/backfills?job=${encodeURIComponent(props.job.id)}&namespace=${encodeURIComponent(props.job.namespace)}&limit=10`), 10_000);
    const button = (b, verb) => h("button", { type: "button", class: verb === "cancel" ? "danger" : "", disabled: Boolean(allowed("operator", props.job.namespace)), title: allowed("operator", props.job.namespace) ?? undefined, onClick: () => { asked.value = { b, verb }; } }, verb === "pause" ? "Pause" : verb === "resume" ? "Resume" : "Cancel");
    return () => {
      const items = value.value?.items ?? [];
      if (!items.length) return problemBox(problem.value);
      return h("section", [h("h3", { class: "pad" }, "Backfills"),
        asked.value ? h(ReasonDialog, { title: `${asked.value.verb[0].toUpperCase()}${asked.value.verb.slice(1)} this backfill?`, text: asked.value.verb === "cancel" ? "No further runs are made; those that were made go on." : "Runs that were made go on.", action: "Yes", danger: asked.value.verb === "cancel", onClose: () => { asked.value = null; }, run: async (why) => { await post(`/backfills/${asked.value.b.id}/${asked.value.verb}`, why); refresh(); } }) : null,
        h("ul", { class: "rows" }, items.map((b) => h("li", { key: b.id, class: "wrapping" }, [badge(b.state), h("span", { class: "grow" }, [h("b", `${dateTime(b.from)} to ${dateTime(b.to)}`), h("span", { class: "dim small" }, ` · ${b.made + b.skipped} of ${b.total} ticks${b.skipped ? `, ${b.skipped} had a run already` : ""}${b.runs ? ` · ${Object.entries(b.runs).map(([k, n]) => `${n} ${words(k)}`).join(", ")}` : ""} · ${b.actor}${b.reason ? `: “${plain(b.reason)}”` : ""}`)]), h("progress", { max: Math.max(1, b.total), value: b.made + b.skipped, "aria-label": "ticks done" }), b.state === "RUNNING" ? button(b, "pause") : b.state === "PAUSED" ? button(b, "resume") : null, ["RUNNING", "PAUSED"].includes(b.state) ? button(b, "cancel") : null])))]);
    };
  },
};

export const Calendar = {
  props: { job: Object },
  setup(props) {
    const today = () => dayOf(session.nowMs);
    const month = ref(today().slice(0, 7));
    const chosen = ref(today());
    const filling = ref(false);
    const { value, problem, refresh } = useLive(async () => {
      const days = monthDays(month.value);
      const to = dayOf(Date.parse(days.at(-1)) + DAY_MS);
      const answer = await get(`/jobs/${encodeURIComponent(props.job.id)}/calendar?from=${days[0]}T00:00:00Z&to=${to}T00:00:00Z&namespace=${encodeURIComponent(props.job.namespace)}`);
      return { days, known: new Map(answer.days.map((d) => [d.date.slice(0, 10), d])) };
    }, 30_000);
    watch(month, refresh);
    return () => {
      const days = value.value?.days?.[10]?.startsWith(month.value) ? value.value.days : monthDays(month.value);
      const known = value.value?.known ?? new Map();
      const most = Math.max(1, ...[...known.values()].map((d) => sum(d) || d.planned));
      const missed = [...known.values()].reduce((n, d) => n + d.missed, 0);
      const not = allowed("operator", props.job.namespace) ?? (props.job.state === "ARCHIVED" ? "The job is archived." : null);
      return h("div", [
        h("div", { class: "tools calendartools" }, [
          h("button", { type: "button", "aria-label": "The month before", onClick: () => { month.value = stepMonth(month.value, -1); } }, "‹"),
          h("b", { class: "month", role: "status" }, new Date(`${month.value}-15T00:00:00Z`).toLocaleDateString([], { month: "long", year: "numeric", timeZone: "UTC" })),
          h("button", { type: "button", "aria-label": "The month after", onClick: () => { month.value = stepMonth(month.value, 1); } }, "›"),
          h("button", { type: "button", onClick: () => { month.value = today().slice(0, 7); chosen.value = today(); } }, "Today"),
          h("span", { class: "dim small grow" }, ["days of UTC", missed ? h("b", { class: "is-bad" }, ` · ${missed} missed`) : ""]),
          h("button", { type: "button", disabled: Boolean(not), title: not ?? "Runs for past ticks", onClick: () => { filling.value = true; } }, "Backfill…")]),
        filling.value ? h(BackfillDialog, { job: props.job, day: chosen.value, onClose: () => { filling.value = false; }, done: refresh }) : null,
        problemBox(problem.value),
        h("div", { class: "month-grid" }, [WEEKDAYS.map((d) => h("span", { key: d, class: "weekday", "aria-hidden": "true" }, d)), days.map((date) => cell(date, known.get(date), most, { month: month.value, today: today(), chosen: chosen.value, pick: (d) => { chosen.value = d; } }))]),
        h("p", { class: "graphlegend dim pad" }, [["good", "✓ fired"], ["warn", "↷ skipped, with a reason"], ["bad", "! missed · ✕ failed"], ["calm", "◷ planned"]].map(([kind, text]) => h("span", { key: kind, class: ["key", kind] }, h("b", text)))),
        h(Day, { job: props.job, date: chosen.value }),
        h(Backfills, { job: props.job }),
      ]);
    };
  },
};

const local = (ms) => { const d = new Date(ms); return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16); };

/** Runs for past ticks: previewed before they are made. */
export const BackfillDialog = {
  props: { job: Object, day: String, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const start = props.day && Date.parse(props.day) < session.nowMs ? Date.parse(`${props.day}T00:00:00Z`) : session.nowMs - DAY_MS;
    const v = ref({ trigger: props.job.triggers[0]?.id ?? "", from: local(start), to: local(Math.min(session.nowMs, start + DAY_MS)), maxParallel: 1, rate: "", rerun: false, reason: "" });
    const preview = shallowRef(null);
    const problem = shallowRef(null);
    const busy = ref(false);
    const set = (key) => (e) => { v.value = { ...v.value, [key]: e.target.type === "checkbox" ? e.target.checked : e.target.value }; preview.value = null; };
    async function ask(dryRun) {
      busy.value = true;
      problem.value = null;
      try {
        const { trigger, from, to, maxParallel, rate, rerun, reason } = v.value;
        const answer = await post(`/jobs/${encodeURIComponent(props.job.id)}/backfill?namespace=${encodeURIComponent(props.job.namespace)}${dryRun ? "&dryRun=true" : ""}`, { trigger, from: new Date(from).toISOString(), to: new Date(to).toISOString(), maxParallel: Number(maxParallel), ...(rate.trim() ? { rate: rate.trim() } : {}), rerun, ...(reason.trim() ? { reason: reason.trim() } : {}) });
        if (dryRun) preview.value = answer;
        else {
          emit("close");
          props.done?.();
        }
      } catch (e) {
        problem.value = e?.title ? e : { title: "A date is missing", detail: String(e?.message ?? e), remedy: "Give both." };
      }
      busy.value = false;
    }
    const input = (key, label, more) => h("label", { key }, [label, h("input", { value: v.value[key], onInput: set(key), ...more })]);
    return () => h(Dialog, { title: `Backfill ${props.job.id}`, onClose: () => emit("close") }, () => h("form", { onSubmit: (e) => { e.preventDefault(); ask(!preview.value); } }, [
      h("p", { class: "dim small" }, "Makes runs for past ticks, behind other runs of the namespace. A tick that has a run already keeps it."),
      props.job.triggers.length > 1 ? h("label", ["Trigger", h("select", { value: v.value.trigger, onChange: set("trigger") }, props.job.triggers.map((t) => h("option", { key: t.id, value: t.id }, shorthand(t.spec))))]) : null,
      h("div", { class: "pair" }, [input("from", "From (your local time)", { type: "datetime-local", required: true, autofocus: true }), input("to", "To", { type: "datetime-local", required: true })]),
      h("div", { class: "pair" }, [input("maxParallel", "Open runs at once", { type: "number", min: 1, max: 1000 }), input("rate", "At most so many starts", { placeholder: "10/m" })]),
      h("label", { class: "check" }, [h("input", { type: "checkbox", checked: v.value.rerun, onChange: set("rerun") }), "also ticks that have a run already"]),
      input("reason", "Reason (kept in the history)", { name: "reason", maxlength: 1000, autocomplete: "off" }),
      preview.value ? h("section", { class: ["finding", preview.value.runs ? "good" : "warn"] }, [h("p", [h("b", `${preview.value.runs.toLocaleString("en")} runs`), ` for ${preview.value.ticks.toLocaleString("en")} ticks${preview.value.ran ? `; ${preview.value.ran} have run already` : ""}`]), preview.value.first.length ? h("p", { class: "small dim" }, `${preview.value.first.slice(0, 3).map(dateTime).join(" · ")} … ${preview.value.last.slice(-1).map(dateTime).join("")}`) : null]) : null,
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), preview.value ? h("button", { class: "primary", disabled: busy.value || !preview.value.runs }, `Make ${preview.value.runs} runs`) : h("button", { class: "primary", disabled: busy.value }, "Preview")]),
    ]));
  },
};
