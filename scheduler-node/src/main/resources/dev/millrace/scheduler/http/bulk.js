// Bulk operations: one action on many, executed by the leader in chunks.
import { h } from "/dashboard/vue.js";
import { get, post } from "/dashboard/api.js";
import { openMatching } from "/dashboard/bulk-parts.js";
import { actionButton, badge, clean, confirmReason, empty, loading, panel, problemBox, useLive, when } from "/dashboard/parts.js";
import { table, useList } from "/dashboard/table.js";
import { route, setQuery } from "/dashboard/route.js";

const said = (filter) => Object.entries(filter ?? {}).map(([key, value]) => `${key === "q" ? "text" : key} ${clean(typeof value === "string" ? value : JSON.stringify(value), 60)}`).join(", ") || "all";
const over = (op) => Boolean(op.finishedAt);

const progress = (op) => [h("progress", { max: Math.max(1, op.matched), value: op.done + op.failed, "aria-label": `${op.done} of ${op.matched} done` }), ` ${op.done.toLocaleString("en")} of ${op.matched.toLocaleString("en")}`, op.failed ? h("span", { class: "is-bad-text" }, `, ${op.failed.toLocaleString("en")} refused`) : null];

const cancel = (op, done) => confirmReason({
  title: "End this bulk operation?", text: "What is done stays done; the rest is left as it is.", action: "End it", danger: true, done: "The bulk operation has ended",
  run: async (body) => {
    await post(`/bulk/${encodeURIComponent(op.id)}/cancel`, body);
    done();
  },
});

const One = {
  props: { id: String },
  setup(props) {
    const live = useLive(() => get(`/bulk/${encodeURIComponent(props.id)}`));
    return () => {
      const op = live.value.value;
      if (!op) return loading(live, 3);
      return panel(`${clean(op.action, 40)} of ${said(op.filter)}`, h("span", { class: "actions" }, [over(op) ? null : actionButton({ small: true, danger: true, label: "Cancel", onClick: () => cancel(op, live.refresh) }), h("button", { type: "button", class: "small", onClick: () => setQuery({ id: null }) }, "Close")]), [
        problemBox(live.problem.value),
        h("dl", { class: "pairs" }, [["State", badge(op.state)], ["Progress", progress(op)], ["By", clean(op.actor, 80)], ["Reason", clean(op.reason ?? "none given", 400)], ["Started", when(op.createdAt)], ["Ended", when(op.finishedAt)]].map(([name, value]) => [h("dt", name), h("dd", value)])),
        op.failures?.length ? h("div", { class: "pad" }, h("div", { class: "problem" }, [h("strong", "Refused"), h("ul", op.failures.slice(0, 50).map((f, i) => h("li", { key: i }, clean(typeof f === "string" ? f : `${f.run ?? f.job ?? f.id ?? ""}: ${f.detail ?? f.problem ?? f.reason ?? ""}`, 300))))])) : null,
      ]);
    };
  },
};

export const Bulk = {
  setup() {
    const list = useList(() => "/bulk", { get });
    const columns = [
      { title: "What", whole: true, cell: (op) => [h("button", { type: "button", class: "linkish name", "data-main": "", onClick: () => setQuery({ id: op.id }) }, `${clean(op.action, 40)}: ${said(op.filter)}`), op.reason ? h("div", { class: "dim clip" }, clean(op.reason, 200)) : null] },
      { title: "State", bare: true, cell: (op) => badge(op.state) }, { title: "Progress", cell: progress }, { title: "By", cell: (op) => clean(op.actor, 80) }, { title: "Started", cell: (op) => when(op.createdAt) },
    ];
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Bulk operations"), h("span", { class: "actions" }, [actionButton({ label: "On jobs…", onClick: () => openMatching("jobs", {}) }), actionButton({ label: "On runs…", onClick: () => openMatching("runs", {}) })])]),
        route.query.id ? h(One, { id: route.query.id, key: route.query.id }) : null,
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 4) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (op) => op.id, columns, label: "Bulk operations" })
          : empty("Nothing was done in bulk yet", "Filter the page Runs or Jobs, press Choose…, then “All that fit the filters…”: it is previewed before it is done.")),
        list.pager(),
      ]);
    };
  },
};
