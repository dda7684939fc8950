// The list of runs: newest first, narrowed by filters that live in the address.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { bulkBar } from "/dashboard/bulk-parts.js";
import { labels } from "/dashboard/list-jobs.js";
import { clean, empty, loading, problemBox, runColumns } from "/dashboard/parts.js";
import { chipsFilter, filterBar, filterQuery, pickFilter, searchFilter, table, textFilter, timeFilter, useList } from "/dashboard/table.js";
import { route } from "/dashboard/route.js";

const KEYS = ["job", "state", "open", "label", "since", "until", "error", "trigger", "orchestration", "children"];
const STATES = [["RUNNING", "running"], ["PENDING", "pending"], ["SCHEDULED", "scheduled"], ["PAUSED", "paused"], ["COMPLETED", "completed"], ["FAILED", "failed"], ["CANCELLED", "cancelled"]];
const TRIGGERS = [["manual", "by hand"], "cron", "every", "at", "after", "file", "queue", "webhook", "sql", "backfill"];

function columns() {
  const shown = runColumns();
  const job = shown.find((c) => c.title === "Job");
  const before = job.cell;
  job.cell = (run) => [before(run), failure(run), labels(run.labels)];
  return shown;
}

/** The first error of a failed run, so that nobody has to open it to know. */
function failure(run) {
  if (run.state !== "FAILED") return null;
  const stage = run.stages.find((s) => s.state === "FAILED" && s.error);
  return stage ? h("div", { class: "dim clip is-bad-text", title: clean(stage.error) }, `${clean(stage.id, 60)}: ${clean(stage.error, 160)}`) : null;
}

export const Runs = {
  setup() {
    const list = useList(() => `/runs${filterQuery(KEYS)}`, { get });
    const chosen = shallowRef(new Set());
    const choosing = ref(false);
    return () => {
      const page = list.value.value;
      const filter = Object.fromEntries(KEYS.filter((key) => route.query[key]).map((key) => [key, route.query[key]]));
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", route.query.job ? `Runs of ${clean(route.query.job, 80)}` : "Runs"),
          h("button", { type: "button", "aria-pressed": choosing.value ? "true" : "false", onClick: () => { choosing.value = !choosing.value; chosen.value = new Set(); } }, choosing.value ? "Done choosing" : "Choose…")]),
        filterBar(KEYS, [searchFilter("error", "Search errors", "Search in errors"), textFilter("job", "Job", "id of a job"), chipsFilter("state", "State", STATES)],
          [pickFilter("open", "Only", [["true", "open runs"]], "all"), textFilter("label", "Label", "team:data"), pickFilter("trigger", "Started by", TRIGGERS), timeFilter("since", "Created since"), timeFilter("until", "Created until"), pickFilter("children", "Children", [["true", "shown too"]], "left out")]),
        problemBox(page ? list.problem.value : null),
        choosing.value ? bulkBar({ kind: "runs", chosen: chosen.value, filter, onDone: () => { chosen.value = new Set(); list.refresh(); } }) : null,
        !page ? loading(list, 8) : h("section", { class: "panel" }, page.items.length
          ? table({ rows: page.items, key: (run) => run.id, columns: columns(), label: "Runs", chosen: choosing.value ? chosen.value : null, onChoose: (set) => { chosen.value = set; } })
          : page.next ? empty("None on this page", "Look on: older runs come on the next page.")
            : Object.keys(filter).length ? empty("No run fits these filters", "Take one of them back.") : empty(`No runs in namespace ${session.namespace}`, "Start a job from the page Jobs, or wait for a tick.")),
        list.pager(),
      ]);
    };
  },
};
