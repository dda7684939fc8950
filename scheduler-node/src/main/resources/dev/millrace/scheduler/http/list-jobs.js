// The list of jobs: what state each is in, when it comes next, how it went lately.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { JobActions } from "/dashboard/actions.js";
import { bulkBar } from "/dashboard/bulk-parts.js";
import { actionButton, badge, clean, countdown, empty, jobLink, loading, problemBox, runLink, shorthand, tone, when, words } from "/dashboard/parts.js";
import { filterBar, filterQuery, pickFilter, searchFilter, table, textFilter, useList } from "/dashboard/table.js";
import { navigate, route } from "/dashboard/route.js";

const KEYS = ["q", "state", "label", "trigger"];
const STATES = ["SCHEDULED", "PAUSED", "STOPPED", "CREATED", "ARCHIVED"];
const TRIGGERS = ["cron", "every", "at", "after", "file", "queue", "webhook"];
const EXAMPLE = `id: hello
triggers:
  - every: 1m
stages:
  - id: greet
    run: command
    with: {shell: "echo hello"}
`;

export function labels(of) {
  const entries = Object.entries(of ?? {});
  return entries.length === 0 ? null : h("span", { class: "labels" }, entries.slice(0, 6).map(([key, value]) => {
    const text = clean(`${key}:${value}`, 60);
    return h("a", { key, class: "tag", href: `#${route.path.length ? `/${route.path[0]}` : "/jobs"}?label=${encodeURIComponent(`${key}:${value}`)}`, title: `Only those with ${text}` }, text);
  }));
}

/** The last runs as small squares, oldest first; a job that never ran says so. */
function lately(job) {
  const runs = job.recentRuns ?? (job.lastRun ? [job.lastRun] : []);
  if (runs.length === 0) return h("span", { class: "dim" }, "never ran");
  const last = runs[0];
  return h("span", { class: "lately" }, [
    runs.length < 2 ? null : h("span", { class: "strip" }, [...runs].reverse().map((run) => h("a", { key: run.id, class: ["cell", tone(run.state)], href: runLink(run.id), tabindex: -1, "aria-hidden": "true", title: words(run.state) }))),
    h("a", { class: "bare", href: runLink(last.id) }, badge(last.state)),
    last.finishedAt ? when(last.finishedAt) : null,
  ]);
}

function columns(refresh) {
  return [
    { title: "Job", whole: true, cell: (job) => [
      h("a", { class: "name", "data-main": "", href: jobLink(job.id, job.namespace) }, clean(job.id, 120)),
      session.namespace === "*" ? h("span", { class: "dim" }, ` ${job.namespace}`) : null,
      job.description ? h("div", { class: "dim clip mid", title: clean(job.description) }, clean(job.description, 200)) : null, labels(job.labels)] },
    { title: "State", bare: true, cell: (job) => badge(job.state) },
    { title: "Next tick", cell: (job) => countdown(job.nextTick) },
    { title: "Last runs", cell: lately },
    { title: "Triggers", wide: true, wider: true, class: "dim", cell: (job) => h("span", { class: "clip short block" }, clean(job.triggers.map((t) => shorthand(t.spec)).join(", "), 160) || "by hand") },
    { title: "Actions", hidden: true, num: true, cell: (job) => h(JobActions, { job, refresh, small: true }) },
  ];
}

export const Jobs = {
  setup() {
    const list = useList(() => `/jobs${filterQuery(KEYS)}`, { get });
    const chosen = shallowRef(new Set());
    const choosing = ref(false);
    return () => {
      const page = list.value.value;
      const filter = Object.fromEntries(KEYS.filter((key) => route.query[key]).map((key) => [key, route.query[key]]));
      const filtered = Object.keys(filter).length > 0;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Jobs"), h("span", { class: "actions" }, [
          h("button", { type: "button", "aria-pressed": choosing.value ? "true" : "false", onClick: () => { choosing.value = !choosing.value; chosen.value = new Set(); } }, choosing.value ? "Done choosing" : "Choose…"),
          actionButton({ role: "editor", primary: true, label: "New job", onClick: () => navigate("#/new") })])]),
        filterBar(KEYS, [searchFilter("q", "Search", "Search by id or description"), pickFilter("state", "State", STATES)], [textFilter("label", "Label", "team:data"), pickFilter("trigger", "Trigger", TRIGGERS)]),
        problemBox(page ? list.problem.value : null),
        choosing.value ? bulkBar({ kind: "jobs", chosen: chosen.value, filter, onDone: () => { chosen.value = new Set(); list.refresh(); } }) : null,
        !page ? loading(list, 8) : h("section", { class: "panel" }, page.items.length
          ? table({ rows: page.items, key: (job) => (session.namespace === "*" ? `${job.namespace}/${job.id}` : job.id), columns: columns(list.refresh), label: "Jobs", chosen: choosing.value ? chosen.value : null, onChoose: (set) => { chosen.value = set; } })
          : filtered ? empty("No job fits these filters", "Take one of them back.")
            : empty(`No jobs in namespace ${session.namespace}`, "Make one with New job, put a file like this into the jobs directory, or look into another namespace.", h("pre", EXAMPLE))),
        list.pager(),
      ]);
    };
  },
};
