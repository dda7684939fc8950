// Starts a run: one field per parameter, what it would do, and why.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { post } from "/dashboard/api.js";
import { Dialog, problemBox } from "/dashboard/parts.js";
import { words } from "/dashboard/run-parts.js";

const NUMBERS = ["integer", "number"];

function valueOf(name, p, text) {
  if (p.type === "string" || !p.type) return text;
  if (p.type === "boolean") return text === "true";
  try {
    const value = JSON.parse(text);
    if (p.type === "integer" && !Number.isInteger(value)) throw new Error();
    if (p.type === "array" && !Array.isArray(value)) throw new Error();
    if (p.type === "object" && (typeof value !== "object" || Array.isArray(value))) throw new Error();
    return value;
  } catch {
    const example = { array: '["a", "b"]', object: '{"a": 1}', integer: "12", number: "1.5" }[p.type];
    throw { title: `'${name}' cannot be read`, detail: `It is of type ${p.type}.`, remedy: `Write it like ${example}.` };
  }
}

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** `fixed`: the field for one parameter, by its declaration. */
export function paramField(name, p, value, set, first) {
  const hint = p.default === undefined ? (p.required ? "required" : "") : `default: ${shown(p.default)}`;
  const common = { value: value ?? "", onInput: set, autofocus: first, required: p.required && p.default === undefined, autocomplete: "off", placeholder: p.secret ? "" : hint };
  const choices = p.enum ?? p.values;
  const input = choices ? h("select", { value: value ?? "", onChange: set, required: common.required }, [h("option", { value: "" }, hint || "–"), choices.map((c) => h("option", { key: c, value: shown(c) }, shown(c)))])
    : p.type === "boolean" ? h("select", { value: value ?? "", onChange: set }, [h("option", { value: "" }, hint || "–"), h("option", { value: "true" }, "true"), h("option", { value: "false" }, "false")])
      : p.type === "object" || p.type === "array" ? h("textarea", { ...common, rows: 3, class: "mono", spellcheck: false })
        : h("input", { ...common, type: p.secret ? "password" : p.format === "uri" ? "url" : NUMBERS.includes(p.type) ? "number" : "text", step: p.type === "number" ? "any" : undefined });
  return h("label", { key: name }, [h("span", [h("b", name), h("span", { class: "dim" }, ` ${p.type ?? "string"}${p.secret ? ", secret" : ""}${common.required ? ", required" : ""}`), p.description ? h("span", { class: "dim" }, ` ${p.description}`) : null]), input]);
}

const OUTCOMES = { STARTS: ["good", "It would start at once."], WAITS: ["warn", "It would wait."], PAUSED: ["warn", "It would be paused."], SKIPPED: ["warn", "No run would be made."], REFUSED: ["bad", "It would be refused."], CANCELLED: ["bad", "It would be cancelled at once."] };

function plan(dry) {
  const [kind, text] = OUTCOMES[dry.admission.outcome] ?? ["calm", words(dry.admission.outcome)];
  const poor = dry.pools.filter((p) => p.workers === 0 || p.paused || p.handlersWithoutWorker.length);
  return h("section", { class: ["finding", kind, "dry"] }, [
    h("p", [h("b", text), dry.admission.because.length ? ` ${dry.admission.because.join("; ")}` : ""]),
    h("p", { class: "small" }, dry.params.map((p) => [h("span", { class: "mono" }, `${p.name} = ${shown(p.value)}`), h("span", { class: "dim" }, ` (${p.from})  `)])),
    h("p", { class: "small" }, ["Stages: ", dry.stages.map((s, i) => [i ? ", " : "", h("span", { class: s.executes === "NO" ? "dim" : "" }, `${s.id}${s.executes === "NO" ? " (not)" : s.executes === "DEPENDS" ? " (depends)" : ""}`)])]),
    dry.stages.filter((s) => s.problem).map((s) => h("p", { class: "small is-bad" }, `${s.id}: ${s.problem}`)),
    poor.map((p) => h("p", { class: "small is-bad" }, `Pool ${p.pool}: ${p.paused ? "is paused" : p.workers === 0 ? `has no worker; start one: millrace worker --pool ${p.pool}` : `no worker there knows ${p.handlersWithoutWorker.join(", ")}`}`)),
    dry.locks.filter((l) => l.taken >= l.capacity).map((l) => h("p", { class: "small is-warn" }, `Lock ${l.name} is taken by ${l.takenBy.join(", ")}`)),
  ]);
}

export const TriggerDialog = {
  props: { job: Object },
  emits: ["close"],
  setup(props, { emit }) {
    const values = ref({});
    const reason = ref("");
    const problem = shallowRef(null);
    const dry = shallowRef(null);
    const busy = ref(false);
    const names = Object.keys(props.job.params);
    function params() {
      const out = {};
      for (const name of names) {
        const text = values.value[name] ?? "";
        if (text !== "") out[name] = valueOf(name, props.job.params[name], text);
      }
      return out;
    }
    const path = (query) => `/jobs/${encodeURIComponent(props.job.id)}/runs?${query}namespace=${encodeURIComponent(props.job.namespace)}`;
    async function go(work) {
      if (busy.value) return;
      busy.value = true;
      problem.value = null;
      try {
        await work(params());
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    const start = () => go(async (given) => {
      const run = await post(path(""), { params: given, reason: reason.value.trim() || null });
      emit("close");
      const id = run.id ?? run.run;
      if (id) location.hash = `#/runs/${id}`;
    });
    const look = () => go(async (given) => { dry.value = await post(path("dryRun=true&"), { params: given }); });
    return () => h(Dialog, { title: `Start ${props.job.id}`, onClose: () => emit("close") }, () => h("form", { onSubmit: (e) => { e.preventDefault(); start(); } }, [
      names.length ? names.map((name, i) => paramField(name, props.job.params[name], values.value[name], (e) => { values.value = { ...values.value, [name]: e.target.value }; dry.value = null; }, i === 0)) : h("p", { class: "dim" }, "This job has no parameters."),
      h("label", ["Reason (kept in the history)", h("input", { name: "reason", autocomplete: "off", value: reason.value, maxlength: 1000, autofocus: names.length === 0, onInput: (e) => { reason.value = e.target.value; } })]),
      dry.value ? plan(dry.value) : null,
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { type: "button", disabled: busy.value, onClick: look }, "What would it do?"), h("button", { class: "primary", disabled: busy.value }, "Start the run")]),
    ]));
  },
};
