// Jobs, one job, and the lists of runs.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get, post, postText, session } from "/dashboard/api.js";
import { badge, countdown, Dialog, empty, panel, problemBox, ReasonDialog, runTable, shorthand, useLive, when } from "/dashboard/parts.js";
import { graph } from "/dashboard/graph.js";

const EXAMPLE = `id: hello
triggers:
  - every: 1m
stages:
  - id: greet
    run: command
    with: {shell: "echo hello"}
`;

function valueOf(definition, text) {
  if (definition.type === "string") return text;
  if (definition.type === "boolean") return text === "true";
  return JSON.parse(text);
}

/** Starts a run: one field per parameter, and why. */
export const TriggerDialog = {
  props: { job: Object },
  emits: ["close"],
  setup(props, { emit }) {
    const values = ref({});
    const reason = ref("");
    const problem = shallowRef(null);
    const busy = ref(false);
    const names = Object.keys(props.job.params);
    async function submit(event) {
      event.preventDefault();
      busy.value = true;
      problem.value = null;
      try {
        const params = {};
        for (const name of names) {
          const text = values.value[name] ?? "";
          if (text !== "") {
            try {
              params[name] = valueOf(props.job.params[name], text);
            } catch {
              throw { title: `'${name}' cannot be read`, detail: `It is of type ${props.job.params[name].type}.`, remedy: "Write it as JSON." };
            }
          }
        }
        const run = await post(`/jobs/${encodeURIComponent(props.job.id)}/runs`, { params, reason: reason.value || null });
        emit("close");
        if (run.id) location.hash = `#/runs/${run.id}`;
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    const set = (name) => (e) => { values.value = { ...values.value, [name]: e.target.value }; };
    function field(name, first) {
      const p = props.job.params[name];
      const hint = p.default === undefined ? (p.required ? "required" : "") : `default: ${typeof p.default === "string" ? p.default : JSON.stringify(p.default)}`;
      const common = { autofocus: first, value: values.value[name] ?? "", onInput: set(name), required: p.required && p.default === undefined, placeholder: p.secret ? "" : hint };
      const input = p.type === "boolean"
        ? h("select", { value: common.value, onChange: set(name) }, [h("option", { value: "" }, hint || "–"), h("option", { value: "true" }, "true"), h("option", { value: "false" }, "false")])
        : p.type === "object" || p.type === "array" ? h("textarea", { ...common, rows: 3 })
          : h("input", { ...common, type: p.secret ? "password" : p.type === "string" ? "text" : "number", step: p.type === "number" ? "any" : undefined, autocomplete: "off" });
      return h("label", { key: name }, [h("span", [name, h("span", { class: "dim" }, ` ${p.type}`)]), input]);
    }
    return () => h(Dialog, { title: `Start ${props.job.id}`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      names.length ? names.map((name, i) => field(name, i === 0)) : h("p", { class: "dim" }, "This job has no parameters."),
      h("label", ["Reason (kept in the history)", h("input", { value: reason.value, maxlength: 1000, autofocus: names.length === 0, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary", disabled: busy.value }, "Start the run")]),
    ]));
  },
};

const NewJobDialog = {
  emits: ["close"],
  setup(props, { emit }) {
    const text = ref(EXAMPLE);
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        const job = await postText("/jobs", text.value);
        emit("close");
        if (job.id) location.hash = `#/jobs/${encodeURIComponent(job.id)}`;
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: "New job", onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("label", ["Definition, YAML or JSON; the id of an existing job makes a new version of it",
        h("textarea", { class: "mono", rows: 14, spellcheck: false, value: text.value, onInput: (e) => { text.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Save")]),
    ]));
  },
};

/** The buttons of a job and the dialogs they open. */
const JobActions = {
  props: { job: Object, refresh: Function },
  setup(props) {
    const open = ref(null);
    const change = (what) => async (body) => {
      await post(`/jobs/${encodeURIComponent(props.job.id)}/${what}`, body);
      props.refresh();
    };
    return () => {
      const { job } = props;
      if (job.state === "ARCHIVED") return null;
      const stopped = job.state === "STOPPED";
      const paused = job.state === "PAUSED" || stopped;
      const what = paused ? "resume" : "pause";
      const close = () => { open.value = null; };
      return h("span", { class: "actions" }, [
        h("button", { onClick: () => { open.value = "change"; } }, paused ? "Resume" : "Pause"),
        stopped ? null : h("button", { class: "primary", onClick: () => { open.value = "start"; } }, "Start"),
        open.value === "start" ? h(TriggerDialog, { job, onClose: close }) : null,
        open.value === "change" ? h(ReasonDialog, {
          title: `${paused ? "Resume" : "Pause"} ${job.id}?`, action: paused ? "Resume" : "Pause", run: change(what), onClose: close,
          text: stopped ? "Its triggers are armed again, from now on." : paused ? "Its triggers fire again; ticks of the pause stay recorded as skipped." : "Attempts in flight finish, nothing new starts until it is resumed.",
        }) : null,
      ]);
    };
  },
};

export const Jobs = {
  setup() {
    const making = ref(false);
    const after = ref("");
    const { value, problem, refresh } = useLive(() => get(`/jobs?limit=100&after=${encodeURIComponent(after.value)}`));
    watch(after, refresh);
    return () => {
      const page = value.value;
      if (!page) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const add = h("button", { class: "primary", onClick: () => { making.value = true; } }, "New job");
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Jobs"), add]), problemBox(problem.value),
        making.value ? h(NewJobDialog, { onClose: () => { making.value = false; refresh(); } }) : null,
        page.items.length === 0 && !after.value
          ? h("section", { class: "panel" }, empty(`No jobs in namespace ${session.namespace}`, "Make one here, or put a file like this into the jobs directory:", h("pre", EXAMPLE)))
          : h("section", { class: "panel" }, h("div", { class: "scroll" }, h("table", { class: "cards" }, [
            h("thead", h("tr", [h("th", "Job"), h("th", "State"), h("th", "Next tick"), h("th", "Last run"), h("th", { class: "wide" }, "Triggers"), h("th")])),
            h("tbody", page.items.map((job) => h("tr", { key: job.id }, [
              h("td", { class: "whole" }, [h("a", { class: "name", href: `#/jobs/${encodeURIComponent(job.id)}` }, job.id), job.description ? h("div", { class: "dim clip" }, job.description) : null]),
              h("td", badge(job.state)),
              h("td", countdown(job.nextTick)),
              h("td", job.lastRun ? h("a", { class: "bare", href: `#/runs/${job.lastRun.id}` }, [badge(job.lastRun.state), " ", job.lastRun.finishedAt ? h("span", { class: "dim" }, when(job.lastRun.finishedAt)) : null]) : h("span", { class: "dim" }, "never")),
              h("td", { class: "wide dim" }, job.triggers.map((t) => shorthand(t.spec)).join(", ") || "by hand"),
              h("td", { class: "num" }, h(JobActions, { job, refresh })),
            ]))),
          ]))),
        pager(after, page),
      ]);
    };
  },
};

function pager(after, page) {
  if (!after.value && !page.next) return null;
  return h("nav", { class: "pager", "aria-label": "Pages" }, [
    after.value ? h("button", { onClick: () => { after.value = ""; } }, "First page") : null,
    page.next ? h("button", { onClick: () => { after.value = page.next; } }, "Next page") : null,
  ]);
}

export const Job = {
  props: { id: String },
  setup(props) {
    const path = () => `/jobs/${encodeURIComponent(props.id)}`;
    const { value, problem, refresh } = useLive(async () => {
      const [job, runs, ticks] = await Promise.all([
        get(path()), get(`${path()}/runs?limit=25`), get(`/ticks?limit=15&job=${encodeURIComponent(props.id)}`)]);
      return { job, runs, ticks: ticks.items };
    });
    watch(() => props.id, refresh);
    return () => {
      const v = value.value;
      if (!v) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
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

const STATES = ["RUNNING", "SCHEDULED", "STARTING", "STOPPING", "COMPLETED", "FAILED", "CANCELLED"];

export const Runs = {
  props: { job: String },
  setup(props) {
    const state = ref("");
    const after = ref("");
    const { value, problem, refresh } = useLive(() => get(`/runs?limit=50${state.value ? `&state=${state.value}` : ""}${props.job ? `&job=${encodeURIComponent(props.job)}` : ""}${after.value ? `&after=${after.value}` : ""}`), 4000);
    watch([state, after, () => props.job], refresh);
    return () => {
      const page = value.value;
      if (!page) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const pick = h("label", { class: "inline" }, ["State ", h("select", { value: state.value, onChange: (e) => { state.value = e.target.value; after.value = ""; } }, [h("option", { value: "" }, "any"), ...STATES.map((s) => h("option", { value: s }, s.toLowerCase()))])]);
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", props.job ? `Runs of ${props.job}` : "Runs"), pick]), problemBox(problem.value),
        h("section", { class: "panel" }, page.items.length ? runTable(page.items) : empty(page.next ? "None on this page" : "No runs", page.next ? "Look on: older runs come on the next page." : "Start a job, or choose another state.")),
        pager(after, page),
      ]);
    };
  },
};
