// One action on many: those that were chosen by hand, or all that fit the filters.
import { h, reactive, ref, shallowRef } from "/dashboard/vue.js";
import { post, session } from "/dashboard/api.js";
import { actionButton, clean, Dialog, openDialog, problemBox, toast } from "/dashboard/parts.js";
import { navigate } from "/dashboard/route.js";

const AT_ONCE = 4;
const FAILURES_SHOWN = 20;
export const ACTIONS = {
  runs: [["retry", "Retry"], ["pause", "Pause"], ["resume", "Resume"], ["stop", "Stop"], ["kill", "Kill"]],
  jobs: [["pause", "Pause"], ["resume", "Resume"], ["stop", "Stop"]],
};
const DANGER = new Set(["stop", "kill"]);
const MEANS = {
  retry: "The stages that failed, and what was skipped because of them, run again.",
  pause: "Attempts in flight finish; nothing new starts until it is resumed.",
  resume: "They go on where they were.",
  stop: "Graceful: partial results are kept, what always comes last still comes.",
  kill: "At once: attempts are ended, what always comes last does not come.",
};

const reasonField = (reason) => h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, autofocus: true, autocomplete: "off", onInput: (e) => { reason.value = e.target.value; } })]);

function pathOf(kind, key, action) {
  if (kind === "runs") return `/runs/${encodeURIComponent(key)}/${action}`;
  const cut = session.namespace === "*" ? key.indexOf("/") : -1;
  return `/jobs/${encodeURIComponent(key.slice(cut + 1))}/${action}${cut < 0 ? "" : `?namespace=${encodeURIComponent(key.slice(0, cut))}`}`;
}

/** Does it to each chosen one, a few at a time, and says which were refused and why. */
const ChosenDialog = {
  props: { kind: String, action: String, word: String, keys: Array, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const reason = ref("");
    const state = reactive({ ended: 0, going: false, over: false });
    const failures = shallowRef([]);
    async function submit(event) {
      event.preventDefault();
      state.going = true;
      const left = [...props.keys];
      const one = async () => {
        for (let key = left.shift(); key !== undefined; key = left.shift()) {
          try {
            await post(pathOf(props.kind, key, props.action), { reason: reason.value || null });
          } catch (problem) {
            failures.value = [...failures.value, { key, problem }];
          }
          state.ended++;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
      state.going = false;
      state.over = true;
      props.done();
      if (failures.value.length === 0) {
        toast(`${props.word}: all ${props.keys.length} done`);
        emit("close");
      }
    }
    return () => h(Dialog, { title: `${props.word} ${props.keys.length} ${props.kind}?`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", MEANS[props.action]),
      h("p", { class: "dim clip2" }, props.keys.slice(0, 12).map((key) => clean(key, 40)).join(", ") + (props.keys.length > 12 ? ` and ${props.keys.length - 12} more` : "")),
      reasonField(reason),
      state.going || state.over ? h("progress", { max: props.keys.length, value: state.ended, "aria-label": `${state.ended} of ${props.keys.length} done` }) : null,
      failures.value.length ? h("div", { class: "problem", role: "alert" }, [h("strong", `${failures.value.length} were refused`), h("ul", failures.value.slice(0, FAILURES_SHOWN).map(({ key, problem }) => h("li", { key }, `${clean(key, 60)}: ${clean(problem.detail ?? problem.title, 300)}`)))]) : null,
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, state.over ? "Close" : "Cancel"),
        state.over ? null : h("button", { class: DANGER.has(props.action) ? "danger" : "primary", disabled: state.going }, state.going ? `${state.ended} of ${props.keys.length}…` : props.word)]),
    ]));
  },
};

const FLAGS = new Set(["open", "children"]);
const STATES = { runs: ["FAILED", "CANCELLED", "RUNNING", "PENDING", "SCHEDULED", "PAUSED"], jobs: ["SCHEDULED", "CREATED", "PAUSED", "STOPPED"] };

/** Where no list gave filters they are asked for here: an operation on everything has to be said, too. */
const filterFields = (kind, filter, set) => {
  const text = (key, label, placeholder) => h("label", { class: "grow" }, [label, h("input", { name: key, maxlength: 200, autocomplete: "off", placeholder, value: filter[key] ?? "", onInput: (e) => set(key, e.target.value.trim()) })]);
  return h("div", { class: "filters" }, [
    h("label", ["State", h("select", { name: "state", value: filter.state ?? "", onChange: (e) => set("state", e.target.value) }, [h("option", { value: "" }, "any"), ...STATES[kind].map((state) => h("option", { value: state }, state.toLowerCase()))])]),
    kind === "jobs" ? text("q", "In its id or description", "report") : text("job", "Job", "its id"),
    text("label", "Label", "team:pricing"),
  ]);
};

/** All that fit the filters: first how many they are, then a bulk operation that the leader executes. */
const MatchingDialog = {
  props: { kind: String, filter: Object },
  emits: ["close"],
  setup(props, { emit }) {
    const action = ref(ACTIONS[props.kind][0][0]);
    const reason = ref("");
    const given = Object.keys(props.filter).length > 0;
    const filter = ref({ ...props.filter });
    const asked = () => Object.fromEntries(Object.entries(filter.value).map(([key, value]) => [key, FLAGS.has(key) ? value === "true" : value]));
    const preview = shallowRef(null);
    const problem = shallowRef(null);
    const busy = ref(false);
    function set(key, value) {
      const { [key]: before, ...others } = filter.value;
      filter.value = value ? { ...others, [key]: value } : others;
      if (before !== value) preview.value = null;
    }
    const name = () => (props.kind === "jobs" ? `${action.value}-jobs` : action.value);
    async function ask(previewing) {
      busy.value = true;
      problem.value = null;
      try {
        const answer = await post("/bulk", { action: name(), filter: asked(), reason: reason.value || null, preview: previewing, ...(previewing ? {} : { token: preview.value?.token }) });
        if (previewing) preview.value = answer;
        else {
          toast("The bulk operation goes on in the background", "good", { href: `#/bulk?id=${encodeURIComponent(answer.id)}`, text: "Watch it" });
          emit("close");
          navigate(`#/bulk?id=${encodeURIComponent(answer.id)}`);
        }
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    const submit = (event) => { event.preventDefault(); ask(preview.value === null); };
    return () => h(Dialog, { title: `All ${props.kind} that fit the filters`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      given ? h("p", { class: "dim" }, Object.entries(props.filter).map(([key, value]) => `${key} = ${clean(value, 80)}`).join(", ")) : filterFields(props.kind, filter.value, set),
      h("label", ["Action", h("select", { value: action.value, onChange: (e) => { action.value = e.target.value; preview.value = null; } }, ACTIONS[props.kind].map(([key, word]) => h("option", { value: key }, word)))]),
      h("p", { class: "dim" }, MEANS[action.value]),
      reasonField(reason),
      preview.value ? h("div", { class: "callout", role: "status" }, [h("strong", `${preview.value.matched.toLocaleString("en")} ${props.kind} would be changed`),
        h("p", { class: "dim clip2" }, (preview.value.sample ?? []).slice(0, 10).map((one) => clean(typeof one === "string" ? one : one.id ?? one.run ?? one.job, 60)).join(", "))]) : null,
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"),
        preview.value ? h("button", { class: DANGER.has(action.value) ? "danger" : "primary", disabled: busy.value || preview.value.matched === 0 }, `Do it to ${preview.value.matched.toLocaleString("en")}`)
          : h("button", { class: "primary", disabled: busy.value || Object.keys(filter.value).length === 0 }, "How many are they?")]),
    ]));
  },
};

export const openMatching = (kind, filter) => openDialog(MatchingDialog, { kind, filter });

/** What stands over a list while rows are chosen. */
export function bulkBar({ kind, chosen, onDone, filter }) {
  const keys = [...chosen];
  return h("div", { class: "bulkbar", role: "toolbar", "aria-label": "Actions on what is chosen" }, [
    h("strong", { role: "status" }, keys.length ? `${keys.length} chosen` : "Choose rows"),
    ...ACTIONS[kind].map(([action, word]) => actionButton({ small: true, danger: DANGER.has(action), disabled: keys.length === 0, label: word, onClick: () => openDialog(ChosenDialog, { kind, action, word, keys, done: onDone }) })),
    h("span", { class: "grow" }),
    filter ? actionButton({ small: true, label: "All that fit the filters…", onClick: () => openMatching(kind, filter) }) : null,
  ]);
}
