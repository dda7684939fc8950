// The definition of a job as text: what is wrong with it at its line, what it would be, and what it would change.
import { h, onMounted, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { allowed, getWhole, postText, session } from "/dashboard/api.js";
import { Dialog, empty, problemBox, when } from "/dashboard/parts.js";
import { navigate } from "/dashboard/route.js";
import { StageGraph } from "/dashboard/graph.js";
import { diffView } from "/dashboard/diff.js";
import { lineOf } from "/dashboard/yaml.js";
import { TEMPLATES } from "/dashboard/editor-templates.js";
import { conditions, fans } from "/dashboard/job.js";
import { jobLink, tabPanel, tabs } from "/dashboard/run-parts.js";

const CHECK_MS = 350;
const DRAFT_CHARS_MAX = 1_000_000;
const COLOUR_LINES_MAX = 3_000;
const LINE_PX = 20;

const draftKey = (id) => `millrace.draft.${session.namespace}/${id ?? ""}`;
function draft(id, text) {
  try {
    if (text === undefined) return sessionStorage.getItem(draftKey(id));
    if (text === null) sessionStorage.removeItem(draftKey(id));
    else if (text.length < DRAFT_CHARS_MAX) sessionStorage.setItem(draftKey(id), text);
  } catch {
    // a browser that keeps nothing loses the draft with the page
  }
  return null;
}

/** A text with line numbers, colours behind it, and marks at the lines that have problems. */
const CodeArea = {
  props: { text: String, problems: Array, change: Function, goTo: Object },
  setup(props) {
    const area = ref(null);
    const behind = ref(null);
    const numbers = ref(null);
    const scrolled = () => {
      behind.value.style.transform = `translate(${-area.value.scrollLeft}px, ${-area.value.scrollTop}px)`;
      numbers.value.style.transform = `translateY(${-area.value.scrollTop}px)`;
    };
    function insert(text, from, to) {
      area.value.setRangeText(text, from, to, "end");
      props.change(area.value.value);
    }
    // Tab indents, Shift-Tab takes back; Escape first leaves the area to the keyboard.
    let leave = false;
    function keys(e) {
      const el = area.value;
      const { value, selectionStart: from, selectionEnd: to } = el;
      if (e.key === "Escape") {
        leave = true;
        return;
      }
      if (e.key === "Tab" && !leave && !e.ctrlKey && !e.altKey) {
        e.preventDefault();
        const start = value.lastIndexOf("\n", from - 1) + 1;
        if (from === to && !e.shiftKey) insert("  ", from, to);
        else {
          const chosen = value.slice(start, to);
          const moved = e.shiftKey ? chosen.replace(/^ {1,2}/gm, "") : chosen.replace(/^(?=.)/gm, "  ");
          insert(moved, start, to);
          el.setSelectionRange(from === to ? Math.max(start, from + moved.length - chosen.length) : start, start + moved.length);
        }
      } else if (e.key === "Enter" && !e.ctrlKey && !e.metaKey) {
        const start = value.lastIndexOf("\n", from - 1) + 1;
        const line = value.slice(start, from);
        const lead = /^ */.exec(line)[0] + (/^\s*- \S/.test(line) && /:\s*$/.test(line) ? "    " : /[:|>]\s*$/.test(line) ? "  " : /^\s*- [\w-]+:/.test(line) ? "  " : "");
        e.preventDefault();
        insert(`\n${lead}`, from, to);
      }
      if (e.key !== "Shift") leave = false;
    }
    watch(() => props.goTo, (place) => {
      if (!place) return;
      const before = props.text.split("\n").slice(0, place.line - 1);
      const at = before.reduce((n, l) => n + l.length + 1, 0) + Math.max(0, (place.column ?? 1) - 1);
      area.value.focus();
      area.value.setSelectionRange(at, at);
      area.value.scrollTop = Math.max(0, (place.line - 6) * LINE_PX);
    });
    onMounted(() => area.value.focus({ preventScroll: true }));
    return () => {
      const lines = props.text.split("\n");
      const bad = new Map();
      for (const p of props.problems) if (p.line) bad.set(p.line, [...(bad.get(p.line) ?? []), p.message]);
      return h("div", { class: "codearea" }, [
        h("div", { class: "gutter", "aria-hidden": "true" }, h("div", { ref: numbers }, lines.map((_, i) => h("div", { key: i, class: bad.has(i + 1) ? "badline" : "", title: bad.get(i + 1)?.join("\n") }, i + 1)))),
        h("div", { class: "codebox" }, [
          h("pre", { class: "behind", "aria-hidden": "true" }, h("div", { ref: behind }, lines.length > COLOUR_LINES_MAX ? props.text : lines.map((l, i) => h("div", { key: i, class: bad.has(i + 1) ? "badline" : "" }, l ? lineOf(l) : "\u00a0")))),
          h("textarea", { ref: area, class: lines.length > COLOUR_LINES_MAX ? "mono plaintext" : "mono", "aria-label": "Definition, YAML or JSON", "aria-describedby": "editor-help", spellcheck: false, autocapitalize: "off", autocomplete: "off", wrap: "off", value: props.text, onInput: (e) => props.change(e.target.value), onScroll: scrolled, onKeydown: keys }),
        ]),
      ]);
    };
  },
};

function ticks(checked) {
  if (!checked.triggers?.length) return empty("No ticks", "It has no trigger by time: somebody or something else starts it.");
  return h("div", { class: "pad stack" }, checked.triggers.map((t, i) => h("section", { key: i }, [
    h("h3", [h("span", { class: "mono" }, t.resolved ?? `trigger ${i + 1}`), h("span", { class: "dim" }, ` ${t.timezone}`)]),
    t.problem ? h("p", { class: "is-bad" }, t.problem) : h("ol", { class: "nextticks" }, t.items.map((x, k) => h("li", { key: k }, [h("time", { datetime: x.at }, x.local.replace("T", " ")), h("span", { class: "dim" }, ` ${x.offset === "Z" ? "UTC" : x.offset} · `), when(x.at), x.disposition !== "FIRED" ? h("span", { class: "badge warn" }, x.disposition.toLowerCase().replaceAll("_", " ")) : null, x.mark !== "NONE" ? h("span", { class: "badge calm" }, x.mark.toLowerCase().replaceAll("_", " ")) : null, x.why ? h("span", { class: "dim small" }, ` ${x.why}`) : null])))])));
}

const ApplyDialog = {
  props: { checked: Object, text: String, etag: String, force: Function },
  emits: ["close", "applied"],
  setup(props, { emit }) {
    const reason = ref("");
    const problem = shallowRef(null);
    const busy = ref(false);
    async function submit(e) {
      e.preventDefault();
      if (busy.value) return;
      busy.value = true;
      try {
        const query = reason.value.trim() ? `?reason=${encodeURIComponent(reason.value.trim())}&namespace=${encodeURIComponent(props.checked.namespace)}` : `?namespace=${encodeURIComponent(props.checked.namespace)}`;
        emit("applied", await postText(`/jobs${query}`, props.text, props.etag ? { "If-Match": props.etag } : undefined));
      } catch (p) {
        problem.value = p;
      }
      busy.value = false;
    }
    return () => {
      const { checked } = props;
      const fresh = checked.version == null;
      return h(Dialog, { title: fresh ? `Make ${checked.id}` : `Change ${checked.id}`, class: "widedialog", onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
        h("p", fresh ? "A new job. Its triggers are armed as soon as it is made." : `Version ${checked.version + 1}; runs that are under way keep their version.`),
        fresh ? null : h("div", { class: "applydiff", tabindex: 0, role: "group", "aria-label": "What changes" }, diffView(checked.unified, false)),
        h("label", ["Reason (kept with the version)", h("input", { name: "reason", autocomplete: "off", value: reason.value, maxlength: 1000, autofocus: true, onInput: (e) => { reason.value = e.target.value; } })]),
        problem.value?.status === 412 ? h("div", { class: "problem", role: "alert" }, [h("strong", "Somebody else has changed this job meanwhile"), h("p", problem.value.detail), h("p", { class: "actions wrap" }, [h("button", { type: "button", onClick: () => { emit("close"); props.force(); } }, "Show what differs now")])]) : problemBox(problem.value),
        h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary", disabled: busy.value }, fresh ? "Make the job" : "Apply")]),
      ]));
    };
  },
};

export const Editor = {
  props: { id: String },
  setup(props) {
    const text = ref(null);
    const original = ref("");
    const etag = ref(null);
    const checked = shallowRef({ valid: false, problems: [] });
    const problem = shallowRef(null);
    const applying = ref(false);
    const tab = ref("graph");
    const goTo = shallowRef(null);
    const fromDraft = ref(false);
    const others = ref(null);
    const template = ref(TEMPLATES[0].key);
    let timer = null;
    let asked = 0;
    let gone = false;
    async function check() {
      asked += 1;
      const mine = asked;
      try {
        const answer = await postText("/jobs/check", text.value);
        if (mine !== asked || gone) return;
        // The last good picture stays while one types.
        checked.value = answer.valid ? answer : { ...checked.value, valid: false, problems: answer.problems };
        problem.value = null;
      } catch (e) {
        if (mine === asked) problem.value = e;
      }
    }
    function change(value) {
      text.value = value;
      draft(props.id, value === original.value ? null : value);
      clearTimeout(timer);
      timer = setTimeout(check, CHECK_MS);
    }
    async function load(keepText) {
      try {
        if (props.id) {
          const { body: job, headers } = await getWhole(`/jobs/${encodeURIComponent(props.id)}`);
          etag.value = headers.get("ETag");
          const answer = await postText(`/jobs/check?namespace=${encodeURIComponent(job.namespace)}`, JSON.stringify(job.written ?? job.definition));
          original.value = answer.yaml ?? JSON.stringify(job.written ?? job.definition, null, 2);
        } else original.value = TEMPLATES[0].text;
        if (!keepText) {
          const kept = draft(props.id);
          fromDraft.value = Boolean(kept) && kept !== original.value;
          text.value = fromDraft.value ? kept : original.value;
        }
        problem.value = null;
        await check();
      } catch (e) {
        problem.value = e;
      }
    }
    watch(() => props.id, () => { text.value = null; load(false); }, { immediate: true });
    const leaving = (e) => { if (text.value !== null && text.value !== original.value) e.preventDefault(); };
    const keys = (e) => {
      if ((e.ctrlKey || e.metaKey) && (e.key === "s" || e.key === "Enter")) {
        e.preventDefault();
        if (checked.value.valid) applying.value = true;
      }
    };
    onMounted(() => { window.addEventListener("beforeunload", leaving); window.addEventListener("keydown", keys); });
    onUnmounted(() => { gone = true; clearTimeout(timer); window.removeEventListener("beforeunload", leaving); window.removeEventListener("keydown", keys); });
    async function mine() {
      await load(true);
      tab.value = "diff";
      others.value = checked.value.version;
    }
    function applied(job) {
      draft(props.id, null);
      original.value = text.value;
      applying.value = false;
      navigate(jobLink(job?.id ?? checked.value.id, job?.namespace ?? checked.value.namespace));
    }
    function pickTemplate(key) {
      template.value = key;
      change(TEMPLATES.find((t) => t.key === key).text);
    }
    const undo = () => { change(original.value); fromDraft.value = false; };
    function status(c, changed) {
      if (problem.value) return h("span", { class: "is-bad" }, "not checked");
      if (c.problems.length) return h("span", { class: "is-bad" }, `✕ ${c.problems.length} ${c.problems.length === 1 ? "problem" : "problems"}`);
      return h("span", { class: "is-good" }, `✓ ${changed ? "good" : "as it is in force"}`);
    }
    function side(c) {
      const list = [["graph", "Graph"], ["ticks", "Next ticks"], ["diff", "Changes", c.changes?.length || null]];
      const body = {
        graph: () => (c.graph ? h(StageGraph, { stages: c.graph, conditions: conditions(c.definition), fans: fans(c.definition), label: "Stages as they would be" }) : empty("No picture yet", "It is drawn as soon as the text has no problems.")),
        ticks: () => (c.triggers ? ticks(c) : empty("No ticks yet", "They are shown as soon as the text has no problems.")),
        diff: () => (c.unified == null ? empty("Nothing to compare yet", "Correct the problems first.") : c.version == null ? empty("A new job", `There is no job ${c.id} in ${c.namespace} yet.`) : diffView(c.unified, false)),
      };
      return h("section", { class: ["panel editorside", c.valid ? "" : "stale"] }, [tabs(list, tab.value, (t) => { tab.value = t; }, "What it would be"), tabPanel(tab.value, [body[tab.value]()])]);
    }
    return () => {
      if (text.value === null) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const c = checked.value;
      const changed = text.value !== original.value || !props.id;
      const other = c.valid && props.id && c.id !== props.id ? `The id is ${c.id}: applying makes or changes that job, not ${props.id}.` : null;
      const clash = c.valid && !props.id && c.version != null ? `There is a job ${c.id} already: applying makes version ${c.version + 1} of it.` : null;
      const not = allowed("editor") ?? (!c.valid ? "Correct the problems first." : !changed ? "Nothing has changed." : null);
      return h("div", { class: "stack editorpage" }, [
        h("div", { class: "title" }, [h("h1", props.id ? [h("a", { href: jobLink(props.id, session.namespace) }, props.id), " · edit"] : "New job"), h("div", { class: "actions wrap runactions" }, [
          status(c, changed),
          props.id && changed ? h("button", { type: "button", onClick: undo }, "Undo all") : null,
          h("button", { type: "button", class: not ? "" : "primary", disabled: Boolean(not), title: not ?? "Ctrl-S", onClick: () => { applying.value = true; } }, props.id ? "Review and apply" : "Review and make")])]),
        props.id ? null : h("label", { class: "inline" }, ["Begin with ", h("select", { value: template.value, onChange: (e) => pickTemplate(e.target.value) }, TEMPLATES.map((t) => h("option", { key: t.key, value: t.key }, t.title)))]),
        fromDraft.value ? h("p", { class: "finding warn" }, [h("span", "This is your draft from before; it has not been applied."), h("button", { type: "button", onClick: undo }, "Drop it")]) : null,
        others.value ? h("p", { class: "finding warn" }, `Compared with version ${others.value}, which is in force now. What you apply replaces it.`) : null,
        [other, clash].filter(Boolean).map((t) => h("p", { key: t, class: "finding warn" }, t)),
        problemBox(problem.value),
        applying.value && c.valid ? h(ApplyDialog, { checked: c, text: text.value, etag: props.id === c.id ? etag.value : null, force: mine, onClose: () => { applying.value = false; }, onApplied: applied }) : null,
        h("div", { class: "editorcolumns" }, [
          h("div", { class: "editormain" }, [
            h(CodeArea, { text: text.value, problems: c.problems, change, goTo: goTo.value }),
            c.problems.length ? h("ul", { class: "editorproblems", "aria-live": "polite", "aria-label": "Problems" }, c.problems.map((p, i) => h("li", { key: i }, h("button", { type: "button", class: "plain", onClick: () => { goTo.value = { line: p.line || 1, column: p.column }; } }, [h("b", p.line ? `line ${p.line}` : "the text"), p.path ? h("code", p.path) : null, h("span", p.message)])))) : null,
            h("p", { class: "dim small", id: "editor-help" }, ["Tab indents; Escape, then Tab leaves the text. Ctrl-S applies. The language: ", h("code", "docs/jobs.md"), ", ", h("a", { href: "/schema/job.json" }, "JSON Schema"), "."])]),
          side(c)]),
      ]);
    };
  },
};
