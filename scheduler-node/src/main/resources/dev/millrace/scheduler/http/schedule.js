// The schedule: each coming tick and what will become of it, and how the load spreads.
import { h, watch } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { bars, clock } from "/dashboard/charts.js";
import { badge, clean, countdown, empty, jobLink, loading, panel, problemBox, skeleton, useLive } from "/dashboard/parts.js";
import { filterBar, pickFilter, table, textFilter, useList } from "/dashboard/table.js";
import { route } from "/dashboard/route.js";

const SPANS = [["1h", "next hour", 1], ["24h", "next 24 hours", 24], ["7d", "next 7 days", 168]];
const LOAD_MINUTES = 60;
const HOUR_MS = 3_600_000;

function span() {
  const [, , hours] = SPANS.find(([key]) => key === route.query.span) ?? SPANS[1];
  return hours;
}

// To the minute, so that the address of a load does not change with each second.
const minute = (ms) => new Date(Math.floor(ms / 60_000) * 60_000).toISOString();

const jobQuery = () => (route.query.job ? `&job=${encodeURIComponent(route.query.job)}` : "");

const COLUMNS = [
  { title: "Job", whole: true, cell: (t) => [h("a", { class: "name", "data-main": "", href: jobLink(t.job, t.namespace) }, clean(t.job, 100)), session.namespace === "*" ? h("span", { class: "dim" }, ` ${t.namespace}`) : null, t.ticks > 1 ? h("span", { class: "tag" }, `${t.ticks} ticks`) : null] },
  { title: "In", cell: (t) => countdown(t.at ?? t.plannedAt) },
  { title: "At, in its zone", cell: (t) => h("span", { title: new Date(t.at ?? t.plannedAt).toLocaleString() }, `${t.local.replace("T", " ")} ${t.offset === "Z" ? "UTC" : t.offset}`) },
  { title: "By", wide: true, class: "dim", cell: (t) => t.kind },
  { title: "What becomes of it", cell: (t) => [t.disposition === "FIRED" ? h("span", { class: "dim" }, "a run") : badge(t.disposition), t.mark && t.mark !== "NONE" ? h("span", { class: "tag warn", title: "The clocks change here" }, t.mark.toLowerCase().replaceAll("_", " ")) : null, t.why ? h("div", { class: "dim clip" }, clean(t.why, 200)) : null] },
];

function load(v) {
  const by = new Map(v.items.map((item) => [Date.parse(item.at), item]));
  const first = Math.ceil(Date.parse(v.from) / 60_000) * 60_000;
  const items = Array.from({ length: LOAD_MINUTES }, (_, i) => {
    const at = first + i * 60_000;
    const item = by.get(at) ?? { ticks: 0, jobs: 0 };
    return { at: new Date(at).toISOString(), title: `${clock(at)}: ${item.ticks} ticks of ${item.jobs} jobs`, parts: [["accent", item.ticks]] };
  });
  const most = items.reduce((max, item) => Math.max(max, item.parts[0][1]), 0);
  return panel("Ticks per minute, next hour", h("span", { class: "dim" }, `${v.ticks.toLocaleString("en")} in all, at most ${most} in a minute`),
    bars(items, `In the next hour ${v.ticks} ticks are planned, at most ${most} in one minute.`, { tick: (item) => clock(item.at) }));
}

export const Schedule = {
  setup() {
    const list = useList(() => `/schedule?to=${minute(Date.now() + span() * HOUR_MS)}${jobQuery()}`, { get });
    const chart = useLive(() => get(`/schedule/load?per=minute&to=${minute(Date.now() + HOUR_MS)}${jobQuery()}`), 30_000);
    watch(() => route.query.job, chart.refresh);
    return () => {
      const page = list.value.value;
      const v = chart.value.value;
      return h("div", { class: "stack" }, [
        h("h1", "Schedule"),
        filterBar(["job", "span"], [textFilter("job", "Job", "id of a job"), pickFilter("span", "Range", SPANS.filter(([key]) => key !== "24h").map(([key, text]) => [key, text]), "next 24 hours")]),
        v ? load(v) : chart.problem.value ? problemBox(chart.problem.value) : skeleton(3),
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 8) : h("section", { class: "panel", "aria-label": "Coming ticks" }, page.items.length
          ? table({ rows: page.items, key: (t) => `${t.trigger} ${t.plannedAt} ${t.disposition}`, columns: COLUMNS, label: "Coming ticks" })
          : empty("Nothing is planned in this range", "Give a job a trigger: cron, at, or every; or look further ahead.")),
        list.pager(),
      ]);
    };
  },
};
