// What can be done with a job, wherever it is shown.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { post } from "/dashboard/api.js";
import { navigate } from "/dashboard/route.js";
import { actionButton, clean, confirmReason, Dialog, openDialog, problemBox, runLink } from "/dashboard/parts.js";

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
        if (run.id) navigate(runLink(run.id));
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

/** Pauses or resumes a job: what is asked, and what comes of it. */
export function changeJob(job, refresh) {
  const stopped = job.state === "STOPPED";
  const resume = job.state === "PAUSED" || stopped;
  const verb = resume ? "resume" : "pause";
  confirmReason({
    title: `${resume ? "Resume" : "Pause"} ${clean(job.id, 80)}?`, action: resume ? "Resume" : "Pause", done: `${clean(job.id, 80)} ${verb}d`,
    text: stopped ? "Its triggers are armed again, from now on." : resume ? "Its triggers fire again; ticks of the pause stay recorded as skipped." : "Attempts in flight finish, nothing new starts until it is resumed.",
    run: async (body) => {
      await post(`/jobs/${encodeURIComponent(job.id)}/${verb}`, body);
      refresh?.();
    },
  });
}

/** The buttons of a job. */
export const JobActions = {
  props: { job: Object, refresh: Function, small: Boolean },
  setup: (props) => () => {
    const { job, small } = props;
    if (job.state === "ARCHIVED") return null;
    const resume = job.state === "PAUSED" || job.state === "STOPPED";
    const { namespace } = job;
    return h("span", { class: "actions" }, [
      actionButton({ namespace, small, label: resume ? "Resume" : "Pause", onClick: () => changeJob(job, props.refresh) }),
      job.state === "STOPPED" ? null : actionButton({ namespace, small, primary: !small, label: "Start", onClick: () => openDialog(TriggerDialog, { job }) }),
    ]);
  },
};
