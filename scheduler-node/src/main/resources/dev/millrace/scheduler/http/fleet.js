// Workers, and the pools they serve.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { get, post, put } from "/dashboard/api.js";
import { meter } from "/dashboard/charts.js";
import { actionButton, badge, clean, confirmReason, duration, empty, loading, openDialog, Dialog, panel, problemBox, since, toast, when } from "/dashboard/parts.js";
import { pickFilter, table, useList } from "/dashboard/table.js";
import { route } from "/dashboard/route.js";

const number = (n) => (n == null ? "–" : n.toLocaleString("en"));
const age = (worker) => {
  const ms = since(worker.seenAt);
  return h("span", { class: ms > 10_000 ? "is-bad-text" : ms > 6_000 ? "is-warn" : "", title: new Date(worker.seenAt).toLocaleString() }, ms < 3_000 ? "now" : `${duration(ms)} ago`);
};

const COLUMNS = [
  { title: "Worker", whole: true, cell: (w) => [h("span", { class: "name" }, clean(w.id, 100)), h("div", { class: "dim" }, `${clean(w.host, 80)} · pid ${w.pid} · ${clean(w.version, 40)}`)] },
  { title: "State", bare: true, cell: (w) => [badge(w.state), w.draining ? h("span", { class: "tag warn" }, "draining") : null] },
  { title: "Slots in use", cell: (w) => {
    const slots = w.pools.reduce((sum, p) => sum + p.slots, 0);
    return [meter(w.open, slots, `${w.open} of ${slots} slots in use`), ` ${number(w.open)}/${number(slots)}`];
  } },
  { title: "Pools", cell: (w) => w.pools.map((p) => `${clean(p.pool, 60)} ×${p.slots}`).join(", ") },
  { title: "Handlers", wide: true, class: "dim", cell: (w) => h("span", { class: "clip short block", title: w.handlers.join(", ") }, clean(w.handlers.join(", "), 200)) },
  { title: "Heartbeat", cell: age },
  { title: "Up since", wide: true, cell: (w) => when(w.startedAt) },
  { title: "Runs", hidden: true, num: true, cell: (w) => h("button", { type: "button", class: "small", onClick: () => openDialog(WorkDialog, { worker: w.id }) }, "What it runs") },
];

/** The open stages of a worker, out of the newest open runs. */
const WorkDialog = {
  props: { worker: String },
  emits: ["close"],
  setup(props, { emit }) {
    const found = shallowRef(null);
    const problem = shallowRef(null);
    get("/runs?open=true&limit=200").then((page) => {
      found.value = { more: page.next !== null, stages: page.items.flatMap((run) => run.stages.filter((s) => s.worker === props.worker && s.startedAt && !s.finishedAt).map((stage) => ({ run, stage }))) };
    }, (e) => { problem.value = e; });
    return () => h(Dialog, { title: `What ${clean(props.worker, 60)} runs`, wide: true, onClose: () => emit("close") }, () => h("div", { class: "dialog-body" }, [
      problemBox(problem.value),
      !found.value ? (problem.value ? null : h("p", { class: "dim" }, "One moment…")) : found.value.stages.length === 0
        ? h("p", { class: "dim" }, `Nothing of this namespace${found.value.more ? " among its 200 newest open runs" : ""}. Choose the namespace * to see all.`)
        : h("ul", { class: "rows" }, found.value.stages.map(({ run, stage }) => h("li", { key: `${run.id} ${stage.id}` }, [
          badge(stage.state), h("a", { class: "name grow", href: `#/runs/${run.id}`, onClick: () => emit("close") }, `${clean(run.job, 80)} / ${clean(stage.id, 60)}`), h("span", { class: "dim" }, `for ${duration(since(stage.startedAt))}`)]))),
    ]));
  },
};

export const Workers = {
  setup() {
    const list = useList(() => `/workers${route.query.all ? "?all=true" : ""}`, { get, limit: 100 });
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Workers"), pickFilter("all", "Show", [["true", "also those that ended"]], "alive and suspect")]),
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 6) : h("section", { class: "panel" }, page.items.length
          ? table({ rows: page.items, key: (w) => w.id, columns: COLUMNS, label: "Workers" })
          : empty(route.query.after ? "No more workers" : "No worker is here", "Start one; it needs only the broker:", h("pre", "millrace worker --pool default --slots 16"))),
        list.pager(),
      ]);
    };
  },
};

const RateDialog = {
  props: { pool: String, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const starts = ref("100");
    const per = ref("1m");
    const reason = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await put(`/pools/${encodeURIComponent(props.pool)}/rate`, { starts: Number(starts.value), per: per.value, reason: reason.value || null });
        toast(Number(starts.value) === 0 ? `${props.pool}: no rate limit` : `${props.pool}: at most ${starts.value} starts per ${per.value}`);
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: `How fast may ${clean(props.pool, 60)} start?`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("div", { class: "filters" }, [
        h("label", { class: "grow" }, ["Starts; 0 lifts the limit", h("input", { type: "number", min: 0, max: 1_000_000, required: true, autofocus: true, value: starts.value, onInput: (e) => { starts.value = e.target.value; } })]),
        h("label", { class: "grow" }, ["Per", h("input", { required: true, value: per.value, placeholder: "1s, 1m, 1h", maxlength: 20, onInput: (e) => { per.value = e.target.value; } })]),
      ]),
      h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Set the rate")]),
    ]));
  },
};

const ScaleDialog = {
  props: { pool: String, desired: Number, workers: Number, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const desired = ref(String(props.desired ?? props.workers ?? 1));
    const reason = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await post(`/pools/${encodeURIComponent(props.pool)}/scale`, { desired: Number(desired.value), reason: reason.value || null });
        toast(`${props.pool}: ${number(Number(desired.value))} workers are wanted`);
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: `How many workers should ${clean(props.pool, 60)} have?`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", { class: "dim" }, `It has ${number(props.workers)} now. Millrace starts no workers itself: the number is written down for an autoscaler that reads it, such as KEDA.`),
      h("label", ["Workers", h("input", { type: "number", name: "desired", min: 0, max: 100_000, required: true, autofocus: true, value: desired.value, onInput: (e) => { desired.value = e.target.value; } })]),
      h("label", ["Reason (kept in the audit)", h("input", { name: "reason", value: reason.value, maxlength: 1000, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Write it down")]),
    ]));
  },
};

const pausePool = (pool, paused, done) => confirmReason({
  title: `${paused ? "Resume" : "Pause"} the pool ${clean(pool, 60)}?`, action: paused ? "Resume" : "Pause", danger: !paused, done: `Pool ${pool} ${paused ? "resumed" : "paused"}`,
  text: paused ? "What waits starts again." : "Attempts in flight finish; nothing new starts in this pool until it is resumed.",
  run: async ({ reason }) => {
    await post(paused ? "/pauses/resume" : "/pauses", { scope: "pool", name: pool, reason });
    done();
  },
});

export const Pools = {
  setup() {
    const list = useList(() => "/pools", { limit: 100, load: async (path) => {
      const [page, overview, pauses] = await Promise.all([get(path), get("/overview"), get("/pauses")]);
      const waits = new Map(overview.backlog.pools.map((p) => [p.name, p]));
      const paused = new Map(pauses.items.filter((p) => p.scope.toLowerCase() === "pool").map((p) => [p.name, p]));
      const missing = route.query.after ? [] : overview.backlog.pools.filter((p) => !page.items.some((known) => known.name === p.name)).map((p) => ({ ...p, workers: 0 }));
      return { ...page, items: [...page.items, ...missing].map((p) => ({ ...p, oldest: waits.get(p.name)?.oldestReadySeconds, paused: paused.get(p.name) })) };
    } });
    const columns = [
      { title: "Pool", whole: true, cell: (p) => [h("span", { class: "name" }, clean(p.name, 100)), p.paused ? h("span", { class: "tag warn", title: clean(p.paused.reason ?? "") }, "paused") : null] },
      { title: "Slots in use", cell: (p) => [meter(p.running, p.slots, `${p.running} of ${p.slots} slots in use`, p.slots ? "busy" : "bad"), ` ${number(p.running)}/${number(p.slots)}`] },
      { title: "Workers", num: true, cell: (p) => h("span", { class: p.workers === 0 ? (p.ready + p.queued > 0 ? "is-bad-text" : "dim") : "" }, [number(p.workers), p.desired == null ? null : h("span", { class: "dim" }, ` of ${number(p.desired)} wanted`)]) },
      { title: "Ready", num: true, cell: (p) => `${number(p.ready)}${p.readyIsAtLeast ? "+" : ""}` },
      { title: "With the broker", num: true, cell: (p) => number(p.queued) },
      { title: "Oldest waits", num: true, cell: (p) => (p.oldest ? h("span", { class: p.oldest > 60 ? "is-warn" : "" }, duration(p.oldest * 1000)) : h("span", { class: "dim" }, "–")) },
      { title: "Actions", hidden: true, num: true, cell: (p) => h("span", { class: "actions" }, [
        actionButton({ small: true, role: "operator", namespace: "*", label: "Scale…", onClick: () => openDialog(ScaleDialog, { pool: p.name, desired: p.desired ?? undefined, workers: p.workers, done: list.refresh }) }),
        actionButton({ small: true, role: "admin", namespace: "*", label: "Rate…", onClick: () => openDialog(RateDialog, { pool: p.name, done: list.refresh }) }),
        actionButton({ small: true, role: "operator", namespace: "*", label: p.paused ? "Resume" : "Pause", onClick: () => pausePool(p.name, Boolean(p.paused), list.refresh) })]) },
    ];
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [
        h("h1", "Pools"), problemBox(page ? list.problem.value : null),
        !page ? loading(list, 5) : h("section", { class: "panel" }, page.items.length
          ? table({ rows: page.items, key: (p) => p.name, columns, label: "Pools" })
          : empty("No pools yet", "A pool appears with the first worker that serves it or the first stage that names it.")),
        list.pager(),
        panel("More slots", null, h("p", { class: "pad dim" }, ["A pool grows with its workers: start another with ", h("code", "millrace worker --pool NAME --slots N"), ", or let KEDA do it from the metric of the backlog in seconds or from the number that Scale… writes down. Millrace starts no workers itself."])),
      ]);
    };
  },
};
