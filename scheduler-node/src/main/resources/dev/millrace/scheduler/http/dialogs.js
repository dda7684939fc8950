// What comes over the page: dialogs, the question for a reason, and short notes of what was done.
import { h, onMounted, onUnmounted, reactive, ref, shallowReactive, shallowRef } from "/dashboard/vue.js";
import { icon } from "/dashboard/icons.js";
import { problemBox } from "/dashboard/parts.js";

const TOAST_MS = 6_000;
const TOASTS_MAX = 4;

/** A native modal dialog: it traps the focus, and Escape closes it. */
export const Dialog = {
  props: { title: String, wide: Boolean },
  emits: ["close"],
  setup(props, { slots, emit }) {
    const element = ref(null);
    const before = document.activeElement;
    onMounted(() => element.value.showModal());
    onUnmounted(() => before?.focus?.());
    return () => h("dialog", { ref: element, class: { wide: props.wide }, "aria-label": props.title, onClose: () => emit("close"), onClick: (e) => { if (e.target === element.value && !element.value.querySelector("form")) emit("close"); } }, h("div", { class: "box" }, [
      h("header", [h("h2", props.title), h("button", { type: "button", class: "plain square", "aria-label": "Close", onClick: () => emit("close") }, icon("close"))]),
      slots.default(),
    ]));
  },
};

/** Asks for a reason, then does it; a refusal is shown where it happened. `detail` is what stands between the text and the reason. */
export const ReasonDialog = {
  props: { title: String, text: String, action: String, danger: Boolean, needed: Boolean, detail: null, run: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const reason = ref("");
    const problem = shallowRef(null);
    const busy = ref(false);
    async function submit(event) {
      event.preventDefault();
      busy.value = true;
      problem.value = null;
      try {
        await props.run({ reason: reason.value || null });
        emit("close");
      } catch (e) {
        problem.value = e?.title ? e : { title: "This page has a fault", detail: String(e?.message ?? e), remedy: "Reload it." };
      }
      busy.value = false;
    }
    return () => h(Dialog, { title: props.title, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      props.text ? h("p", props.text) : null,
      props.detail ? props.detail() : null,
      h("label", [props.needed ? "Reason (needed, kept in the history)" : "Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, autofocus: true, required: props.needed, autocomplete: "off", onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: props.danger ? "danger" : "primary", disabled: busy.value }, busy.value ? "One moment…" : props.action)]),
    ]));
  },
};

const asked = shallowRef(null);
const toasts = shallowReactive([]);
let turn = 0;

/** Opens the question for a reason over whatever page is shown: {title, text, action, danger, needed, done, run}. */
export const confirmReason = (question) => { asked.value = { ...question, turn: ++turn }; };

/** Opens any dialog component over the page; it closes by its `close` event. */
export const openDialog = (component, props) => { asked.value = { component, props, turn: ++turn }; };

/** A short note of what was done; `kind` is good, bad or warn; `link` is {href, text}. */
export function toast(text, kind = "good", link = null) {
  const note = reactive({ id: ++turn, text, kind, link });
  toasts.push(note);
  if (toasts.length > TOASTS_MAX) toasts.shift();
  setTimeout(() => drop(note), TOAST_MS);
}

function drop(note) {
  const at = toasts.findIndex((one) => one.id === note.id);
  if (at >= 0) toasts.splice(at, 1);
}

/** Where dialogs and notes of the whole dashboard are shown; the frame has one. */
export const Over = {
  setup() {
    const close = () => { asked.value = null; };
    return () => {
      const a = asked.value;
      const dialog = !a ? null : a.component
        ? h(a.component, { key: a.turn, ...a.props, onClose: close })
        : h(ReasonDialog, { key: a.turn, title: a.title, text: a.text, action: a.action, danger: a.danger, needed: a.needed, detail: a.detail, onClose: close,
          run: async (body) => { await a.run(body); if (a.done) toast(a.done); } });
      return [dialog, h("div", { class: "toasts", role: "status", "aria-live": "polite" }, toasts.map((note) => h("div", { key: note.id, class: ["toast", note.kind] }, [
        h("span", note.text), note.link ? h("a", { href: note.link.href }, note.link.text) : null,
        h("button", { type: "button", class: "plain square", "aria-label": "Dismiss", onClick: () => drop(note) }, icon("close", 14)),
      ])))];
    };
  },
};
