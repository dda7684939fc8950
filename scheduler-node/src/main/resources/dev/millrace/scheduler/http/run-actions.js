// What a person can do with a run and its stages: when it is possible, what it does, and the question before it is done.
import { h, onMounted, onUnmounted, ref, shallowRef } from "/dashboard/vue.js";
import { allowed, post } from "/dashboard/api.js";
import { Dialog, problemBox } from "/dashboard/parts.js";
import { words } from "/dashboard/run-parts.js";

const REASON_CHARS_MAX = 1_000;
const IN_FLIGHT = ["QUEUED", "RUNNING"];
const ENDED = ["COMPLETED", "FAILED", "CANCELLED", "SKIPPED", "SKIPPED_COMPLETE", "ACKNOWLEDGED"];

const isOpen = (run) => !run.finishedAt;
const be = (test, not) => (test ? null : not);
const stageBe = (states) => (run, s) => be(states.includes(s.state), `The stage is ${words(s.state)}; possible while ${states.map(words).join(", ")}.`);

/** `can` answers null, or why not. `fields`: what is asked besides the reason. */
export const RUN_ACTIONS = [
  { key: "retry", label: "Retry what failed", primary: true, title: (r) => `Retry what failed in ${r.job}?`, text: "The stages that failed or were cancelled are executed again, and those that were skipped because of them. What completed stays.",
    can: (r) => (r.state === "ENDED" ? "Its window is over." : be(r.stages.some((s) => s.state === "FAILED") || r.state === "CANCELLED", "Nothing in it failed.")), done: "Retrying" },
  { key: "rerun", label: "Rerun from a stage…", title: () => "Rerun from a stage?", text: "That stage and all that depend on it are executed again.", fields: ["stage"],
    can: (r) => (r.state === "ENDED" ? "Its window is over." : be(r.stages.some((s) => ENDED.includes(s.state)), "No stage has ended yet.")), done: "Rerunning" },
  { key: "pause", label: "Pause", title: (r) => `Pause this run of ${r.job}?`, text: "Attempts in flight finish, nothing new starts, timers stand still until it is resumed.",
    can: (r) => (!isOpen(r) ? "It has ended." : r.state === "STOPPING" ? "It is stopping." : be(!r.pausedBy.includes("run"), "It is paused.")), done: "Paused" },
  { key: "resume", label: "Resume", primary: true, title: (r) => `Resume this run of ${r.job}?`, text: "It goes on exactly where it was; timers have what was left of them.",
    can: (r) => (!isOpen(r) ? "It has ended." : be(r.pausedAt || r.pausedBy.length, "It is not paused.")), done: "Resumed" },
  { key: "stop", label: "Stop", danger: true, title: () => "Stop this run?", text: "Attempts in flight are cancelled politely, what ran keeps its results, `finally` stages still run. It ends as cancelled.",
    can: (r) => (!isOpen(r) ? "It has ended." : be(r.state !== "STOPPING", "It is stopping already; kill ends it at once.")), done: "Stopping" },
  { key: "kill", label: "Kill", danger: true, title: () => "Kill this run?", text: "Every attempt ends at once with all its processes. Nothing else of it runs, `finally` neither.",
    can: (r) => be(isOpen(r), "It has ended."), done: "Killed" },
  { key: "extend", label: "Change its end…", title: () => "Until when may this run live?", text: "Another end of its window. Leave it empty for “until a person ends it”.", fields: ["until"],
    can: (r) => (!isOpen(r) ? "It has ended." : be(r.endsAt || r.trigger === "plan", "It has no window; only runs of plans have.")), done: "Its end is changed" },
];

export const STAGE_ACTIONS = [
  { key: "approve", label: "Approve", primary: true, text: "Says yes: the stages behind it start.", can: (r, s) => be(s.handler === "wait.approval" && s.state === "RUNNING", "Nobody is asked for approval here now.") },
  { key: "reject", label: "Reject", danger: true, text: "Says no: the stage fails, and with it what needs it.", can: (r, s) => be(s.handler === "wait.approval" && s.state === "RUNNING", "Nobody is asked for approval here now.") },
  { key: "rerun", label: "Rerun from here", primary: true, onRun: true, text: "This stage and all that depend on it are executed again.", can: (r, s) => (r.state === "ENDED" ? "Its window is over." : be(ENDED.includes(s.state), "It has not ended.")) },
  { key: "acknowledge", label: "Acknowledge", fields: ["ticket"], reasonNeeded: true, text: "The failure is accepted and counts as complete: a failed run goes on. A reason or a ticket is required.", can: stageBe(["FAILED"]) },
  { key: "complete", label: "Complete by hand", fields: ["output"], text: "The stage counts as complete, with this output for the stages behind it.", can: stageBe(["RUNNING", "FAILED"]) },
  { key: "run", label: "Start now", text: "It starts now, whatever it needs; locks are still respected.", can: stageBe(["WAITING", "HELD", "BACKING_OFF"]) },
  { key: "hold", label: "Hold", text: "It is kept back until somebody releases it, also over restarts.", can: stageBe(["WAITING", "READY", "BACKING_OFF", "LOCK_WAIT"]) },
  { key: "release", label: "Release", primary: true, text: "It starts as soon as its needs are met.", can: stageBe(["HELD"]) },
  { key: "skip", label: "Skip", text: "It is not executed; it counts as complete when its turn comes.", can: stageBe(["WAITING", "READY", "HELD", "LOCK_WAIT"]) },
  { key: "unskip", label: "Take the skip back", text: "It is executed after all.", can: stageBe(["SKIPPED", "SKIPPED_COMPLETE"]) },
  { key: "reset", label: "Reset", text: "As if it had not been executed; it starts again when its needs are met. Only this stage: what depends on it stays.", can: stageBe(ENDED) },
  { key: "kill", label: "Kill the attempt", danger: true, text: "Its attempt ends at once, without a retry.", can: stageBe(IN_FLIGHT) },
];

const FIELDS = {
  until: { label: "Until (your local time; empty: until a person ends it)", type: "datetime-local" },
  ticket: { label: "Ticket", type: "text", placeholder: "OPS-12" },
  output: { label: "Output, as JSON (may be empty)", type: "textarea" },
};

/** One question: what it does, what it needs, why, and what came of it. */
export const ActionDialog = {
  props: { action: Object, run: Object, stage: Object, preset: Object, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const reason = ref("");
    const values = ref({ ...props.preset });
    const problem = shallowRef(null);
    const busy = ref(false);
    const { action } = props;
    const ended = props.run.stages.filter((s) => ENDED.includes(s.state));
    if (action.fields?.includes("stage")) values.value.stage ??= (ended.find((s) => s.state === "FAILED") ?? ended[0])?.id;
    function body() {
      const out = { reason: reason.value.trim() || null };
      if (action.fields?.includes("stage")) out.stage = values.value.stage;
      if (action.onRun) out.stage = props.stage.id;
      if (action.key === "rerun" && values.value.latest) out.version = "latest";
      if (action.fields?.includes("until")) out.until = values.value.until ? new Date(values.value.until).toISOString() : null;
      if (action.fields?.includes("ticket")) out.ticket = values.value.ticket?.trim() || null;
      if (action.fields?.includes("output") && values.value.output?.trim()) {
        try {
          out.output = JSON.parse(values.value.output);
        } catch (e) {
          throw { title: "The output is not JSON", detail: String(e.message), remedy: 'Write text in quotes: "done", or an object: {"rows": 12}.' };
        }
      }
      if (action.reasonNeeded && !out.reason && !out.ticket) throw { title: "A reason or a ticket is needed", detail: "Whoever reads the history wants to know why this failure is fine.", remedy: "Write one of them." };
      return out;
    }
    async function submit(event) {
      event.preventDefault();
      if (busy.value) return;
      busy.value = true;
      problem.value = null;
      try {
        const asked = body();
        const path = props.stage && !action.onRun ? `/runs/${props.run.id}/stages/${encodeURIComponent(props.stage.id)}/${action.key}` : `/runs/${props.run.id}/${action.key}`;
        const answer = await post(path, asked);
        emit("close");
        props.done?.(action, props.stage, answer);
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    const set = (key) => (e) => { values.value = { ...values.value, [key]: e.target.value }; };
    const field = (key) => {
      if (key === "stage") return h("label", { key }, ["From the stage", h("select", { value: values.value.stage, onChange: set("stage") }, ended.map((s) => h("option", { key: s.id, value: s.id }, `${s.id} (${words(s.state)})`)))]);
      const f = FIELDS[key];
      const common = { value: values.value[key] ?? "", onInput: set(key), placeholder: f.placeholder };
      return h("label", { key }, [f.label, f.type === "textarea" ? h("textarea", { ...common, class: "mono", rows: 4, spellcheck: false }) : h("input", { ...common, type: f.type })]);
    };
    const title = props.stage ? `${action.label}: ${props.stage.id}` : action.title(props.run);
    const newer = action.key === "rerun" && props.preset?.newer;
    return () => h(Dialog, { title, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", action.text),
      action.fields?.map(field),
      newer ? h("label", { class: "check" }, [h("input", { type: "checkbox", checked: values.value.latest, onChange: (e) => { values.value = { ...values.value, latest: e.target.checked }; } }),
        h("span", [`with version ${newer}, the one in force now`, h("small", { class: "dim" }, ` (this run has version ${props.run.version})`)])]) : null,
      h("label", [action.reasonNeeded ? "Reason (required, or a ticket)" : "Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: REASON_CHARS_MAX, autocomplete: "off", autofocus: true, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: action.danger ? "danger" : "primary", disabled: busy.value }, action.label.replace("…", ""))]),
    ]));
  },
};

export function refusal(action, run, stage) {
  return action.can(run, stage) ?? allowed("operator", run.namespace);
}

export function actionButton(action, run, stage, open) {
  const not = refusal(action, run, stage);
  return h("button", { key: action.key, type: "button", class: [action.danger ? "danger" : "", action.primary && !not ? "primary" : ""], disabled: Boolean(not), title: not ?? action.text, "aria-description": not ?? undefined, onClick: () => open(action) }, action.label);
}

/** A button with a list of further ones; those that are not possible stay readable and say why. */
export const Menu = {
  props: { label: String, items: Array },
  setup(props) {
    const open = ref(false);
    const box = ref(null);
    const away = (e) => { if (open.value && !box.value?.contains(e.target)) open.value = false; };
    const keys = (e) => {
      if (e.key === "Escape" && open.value) {
        open.value = false;
        box.value.querySelector("button").focus();
      }
      const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (by && open.value) {
        e.preventDefault();
        const all = [...box.value.querySelectorAll('[role="menuitem"]')];
        all[(all.indexOf(document.activeElement) + by + all.length) % all.length]?.focus();
      }
    };
    onMounted(() => document.addEventListener("click", away));
    onUnmounted(() => document.removeEventListener("click", away));
    return () => h("span", { class: "menu", ref: box, onKeydown: keys }, [
      h("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": open.value, onClick: () => { open.value = !open.value; } }, [props.label, h("span", { "aria-hidden": "true" }, " ▾")]),
      open.value ? h("div", { class: "menulist", role: "menu" }, props.items.map((item) => h("button", { key: item.label, type: "button", role: "menuitem", class: item.danger ? "danger" : "", "aria-disabled": item.not ? "true" : undefined,
        onClick: () => { if (!item.not) { open.value = false; item.act(); } } }, [h("span", item.label), item.not ? h("small", { class: "dim" }, item.not) : null]))) : null,
    ]);
  },
};
