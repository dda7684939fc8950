// What keeps work from starting: locks that are held, and pauses of the whole, a namespace or a pool.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { get, post, put, session } from "/dashboard/api.js";
import { actionButton, clean, confirmReason, Dialog, empty, loading, openDialog, problemBox, runLink, toast, useLive, when } from "/dashboard/parts.js";
import { table } from "/dashboard/table.js";

const seat = (s) => h("li", { key: `${s.run} ${s.stage}` }, [
  h("a", { class: "mono", href: runLink(s.run) }, s.run), s.stage ? h("span", ` ${clean(s.stage, 60)}`) : null,
  s.exclusive ? h("span", { class: "tag" }, "exclusive") : s.weight > 1 ? h("span", { class: "tag" }, `weight ${s.weight}`) : null, h("span", { class: "dim" }, [" since ", when(s.since)])]);
const seats = (list, none) => (list.length ? h("ul", { class: "seats" }, [...list.slice(0, 8).map(seat), list.length > 8 ? h("li", { class: "dim" }, `and ${list.length - 8} more`) : null]) : h("span", { class: "dim" }, none));

const CapacityDialog = {
  props: { lock: Object, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const capacity = ref(String(props.lock.capacity));
    const reason = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await put(`/locks/${encodeURIComponent(props.lock.lock)}`, { capacity: Number(capacity.value), reason: reason.value || null });
        toast(`Lock ${props.lock.lock}: ${capacity.value} at once`);
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: `Capacity of ${clean(props.lock.lock, 60)}`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", { class: "dim" }, "How much weight may hold it at once. Who holds it now keeps it."),
      h("label", ["Capacity", h("input", { type: "number", min: 1, max: 1_000_000, required: true, autofocus: true, value: capacity.value, onInput: (e) => { capacity.value = e.target.value; } })]),
      h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Set the capacity")]),
    ]));
  },
};

export const Locks = {
  setup() {
    const live = useLive(() => get("/locks"));
    const columns = [
      { title: "Lock", whole: true, cell: (l) => h("span", { class: "name" }, clean(l.lock, 100)) },
      { title: "In use", cell: (l) => `${l.holders.reduce((sum, s) => sum + s.weight, 0)} of ${l.capacity}` },
      { title: "Held by", cell: (l) => seats(l.holders, "nobody") },
      { title: "Waiting, first first", cell: (l) => seats(l.waiting, "nobody") },
      { title: "Actions", hidden: true, num: true, cell: (l) => actionButton({ small: true, role: "editor", label: "Capacity…", onClick: () => openDialog(CapacityDialog, { lock: l, done: live.refresh }) }) },
    ];
    return () => {
      const page = live.value.value;
      return h("div", { class: "stack" }, [
        h("h1", "Locks"), problemBox(page ? live.problem.value : null),
        !page ? loading(live, 4) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (l) => l.lock, columns, label: "Locks" })
          : empty("No lock is held or waited for", "A job takes one by its definition; it is freed when its attempt ends or is lost:", h("pre", "locks:\n  - {name: warehouse, weight: 1}"))),
      ]);
    };
  },
};

const named = (p) => (p.scope.toLowerCase() === "all" ? "everything" : `${p.scope.toLowerCase()} ${clean(p.name, 100)}`);

const PauseDialog = {
  props: { done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const scope = ref("namespace");
    const name = ref(session.namespace === "*" ? "" : session.namespace);
    const reason = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await post("/pauses", { scope: scope.value, name: scope.value === "all" ? "" : name.value.trim(), reason: reason.value || null });
        toast(`Paused: ${scope.value === "all" ? "everything" : `${scope.value} ${name.value}`}`, "warn");
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: "Pause", onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", "Attempts in flight finish, nothing new starts, timers stop. It survives a restart; resuming is exact."),
      h("label", ["What", h("select", { value: scope.value, onChange: (e) => { scope.value = e.target.value; } }, [h("option", { value: "namespace" }, "a namespace"), h("option", { value: "pool" }, "a pool"), h("option", { value: "all" }, "everything")])]),
      scope.value === "all" ? null : h("label", ["Its name", h("input", { name: "name", required: true, maxlength: 200, value: name.value, onInput: (e) => { name.value = e.target.value; } })]),
      h("label", ["Reason (needed, kept in the history)", h("input", { name: "reason", required: true, maxlength: 1000, value: reason.value, autofocus: true, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "danger" }, "Pause")]),
    ]));
  },
};

const resume = (p, done) => confirmReason({
  title: `Resume ${named(p)}?`, text: "What is due starts again.", action: "Resume", done: `Resumed: ${named(p)}`,
  run: async ({ reason }) => {
    await post("/pauses/resume", { scope: p.scope.toLowerCase(), name: p.name, reason });
    done();
  },
});

export const Pauses = {
  setup() {
    const live = useLive(() => get("/pauses"));
    const columns = [
      { title: "Paused", whole: true, cell: (p) => h("span", { class: "name" }, named(p)) },
      { title: "Since", cell: (p) => when(p.since) },
      { title: "By", cell: (p) => clean(p.actor, 100) },
      { title: "Reason", cell: (p) => h("span", { class: "clip block" }, clean(p.reason ?? "none given", 300)) },
      { title: "Actions", hidden: true, num: true, cell: (p) => actionButton({ small: true, namespace: p.scope.toLowerCase() === "namespace" ? p.name : "*", label: "Resume", onClick: () => resume(p, live.refresh) }) },
    ];
    return () => {
      const page = live.value.value;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Pauses"), actionButton({ danger: true, label: "Pause…", onClick: () => openDialog(PauseDialog, { done: live.refresh }) })]),
        problemBox(page ? live.problem.value : null),
        !page ? loading(live, 3) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (p) => `${p.scope} ${p.name}`, columns, label: "Pauses" })
          : empty("Nothing is paused as a whole", "A job or a run that is paused by itself is shown on its own page.")),
      ]);
    };
  },
};
