// One job: its graph, its runs, its ticks.
import { h, watch } from "/dashboard/vue.js";
import { get } from "/dashboard/api.js";
import { JobActions } from "/dashboard/actions.js";
import { badge, countdown, empty, loading, panel, problemBox, runTable, shorthand, useLive } from "/dashboard/parts.js";
import { graph } from "/dashboard/graph.js";

export const Job = {
  props: { id: String },
  setup(props) {
    const path = () => `/jobs/${encodeURIComponent(props.id)}`;
    const live = useLive(async () => {
      const [job, runs, ticks] = await Promise.all([
        get(path()), get(`${path()}/runs?limit=25`), get(`/ticks?limit=15&job=${encodeURIComponent(props.id)}`)]);
      return { job, runs, ticks: ticks.items };
    });
    const { value, problem, refresh } = live;
    watch(() => props.id, refresh);
    return () => {
      const v = value.value;
      if (!v) return loading(live);
      const { job } = v;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", [job.id, " ", badge(job.state)]), h(JobActions, { job, refresh })]),
        job.description ? h("p", { class: "lead" }, job.description) : null,
        problemBox(problem.value),
        h("p", { class: "facts" }, [h("span", ["next tick ", countdown(job.nextTick)]), h("span", `version ${job.version}`), h("span", `defined by ${job.source}`), ...job.triggers.map((t) => h("span", { class: "mono" }, shorthand(t.spec)))]),
        panel("Stages", null, graph(job.graph, null, null)),
        panel("Runs", null, v.runs.items.length ? runTable(v.runs.items, v.runs.next ? h("a", { href: `#/runs?job=${encodeURIComponent(job.id)}` }, "older runs") : null) : empty("It has not run yet", "Press Start, or wait for its next tick.")),
        v.ticks.length ? panel("Ticks", null, h("ul", { class: "rows" }, v.ticks.map((t) => h("li", { key: t.trigger + t.plannedAt }, [badge(t.disposition), h("span", { class: "grow" }, [new Date(t.plannedAt).toLocaleString(), t.ticks > 1 ? ` and ${t.ticks - 1} more` : ""]), t.run ? h("a", { class: "mono", href: `#/runs/${t.run}` }, t.run) : null])))) : null,
        h("details", { class: "panel" }, [h("summary", "Definition"), h("pre", JSON.stringify(job.definition, null, 2))]),
      ]);
    };
  },
};
