// The log of a run or a stage: followed live, searched, in colour. Only the part that is looked at is in the page,
// so that a hundred thousand lines cost no more than a hundred.
import { h, nextTick, onMounted, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get } from "/dashboard/api.js";
import { empty, problemBox } from "/dashboard/parts.js";
import { pieces, plain } from "/dashboard/ansi.js";
import { clock, save } from "/dashboard/run-parts.js";

const LINES_MAX = 200_000;
const PAGE = 500;
const POLL_MS = 1_000;
const CHUNK = 80;
const LINE_PX = 20;
const AHEAD_PX = 900;
const MATCHES_MAX = 5_000;
const NEEDLE_CHARS_MAX = 200;

// A line's pieces with what was searched for marked; a match may begin in one piece and end in another.
function marked(line, needle, current) {
  const parts = line.parts ??= pieces(line.text);
  if (!needle) return parts.map((p) => (p.kind ? h("span", { class: p.kind }, p.text) : p.text));
  const whole = parts.map((p) => p.text).join("").toLowerCase();
  const ranges = [];
  for (let at = whole.indexOf(needle); at >= 0 && ranges.length < 50; at = whole.indexOf(needle, at + needle.length)) ranges.push([at, at + needle.length]);
  const out = [];
  let start = 0;
  for (const p of parts) {
    const end = start + p.text.length;
    let at = start;
    for (const [from, to] of ranges) {
      if (to <= at || from >= end) continue;
      if (from > at) out.push(h("span", { class: p.kind }, p.text.slice(at - start, from - start)));
      const until = Math.min(to, end);
      out.push(h("mark", { class: [p.kind, current ? "current" : ""] }, p.text.slice(Math.max(from, at) - start, until - start)));
      at = until;
    }
    if (at < end) out.push(h("span", { class: p.kind }, p.text.slice(at - start)));
    start = end;
  }
  return out;
}

/** Reads the log on and on; `lines` grows in place and `count` tells that it did. */
function reader(props) {
  const lines = [];
  const count = ref(0);
  const dropped = ref(0);
  const problem = shallowRef(null);
  const loaded = ref(false);
  const behind = ref(false);
  let cursor = null;
  let turn = 0;
  let gone = false;
  let timer = null;
  async function read(mine) {
    const stage = props.stage ? `/stages/${encodeURIComponent(props.stage)}/logs` : "/logs";
    try {
      for (;;) {
        const page = await get(`/runs/${props.run.id}${stage}?limit=${PAGE}${cursor ? `&after=${cursor}` : ""}`);
        if (gone || mine !== turn) return;
        cursor = page.cursor ?? cursor;
        for (const line of page.items) lines.push(line);
        if (lines.length > LINES_MAX) dropped.value += lines.splice(0, lines.length - LINES_MAX).length;
        if (page.items.length) count.value += page.items.length;
        problem.value = null;
        loaded.value = true;
        behind.value = Boolean(page.next);
        if (!page.next) break;
      }
    } catch (e) {
      problem.value = e;
    }
    if (!gone && mine === turn) timer = setTimeout(() => read(mine), document.hidden || props.run.finishedAt ? POLL_MS * 8 : POLL_MS);
  }
  watch(() => [props.run.id, props.stage], () => {
    turn += 1;
    clearTimeout(timer);
    cursor = null;
    lines.length = 0;
    dropped.value = 0;
    loaded.value = false;
    count.value = 0;
    read(turn);
  }, { immediate: true });
  watch(() => props.run.state, () => { clearTimeout(timer); turn += 1; read(turn); });
  onUnmounted(() => { gone = true; clearTimeout(timer); });
  return { lines, count, dropped, problem, loaded, behind };
}

export const Log = {
  props: { run: Object, stage: String, pickStage: Function },
  setup(props) {
    const { lines, count, dropped, problem, loaded, behind } = reader(props);
    const search = ref("");
    const only = ref(false);
    const errors = ref(false);
    const follow = ref(!props.run.finishedAt);
    const times = ref(true);
    const box = ref(null);
    const view = ref({ top: 0, height: 600 });
    const at = ref(-1);
    const heights = new Map();
    const measured = ref(0);
    let shown = [];
    let matches = [];
    let seen = { count: -1 };
    const needle = () => search.value.slice(0, NEEDLE_CHARS_MAX).toLowerCase();
    const textOf = (line) => line.low ??= plain(line.text).toLowerCase();

    // What is shown and which of it matches; counted on when only new lines came.
    function select() {
      const key = `${needle()}|${only.value}|${errors.value}|${props.stage}|${dropped.value}`;
      if (seen.key !== key || seen.count > count.value) {
        seen = { key, count: 0, read: 0 };
        shown = [];
        matches = [];
        heights.clear();
      }
      for (; seen.read < lines.length; seen.read += 1) {
        const line = lines[seen.read];
        if (errors.value && line.stream !== "stderr") continue;
        const hit = needle() && textOf(line).includes(needle());
        if (only.value && needle() && !hit) continue;
        if (hit && matches.length < MATCHES_MAX) matches.push(shown.length);
        shown.push(line);
      }
      seen.count = count.value;
    }
    function chunks() {
      const list = [];
      let top = 0;
      for (let from = 0; from < shown.length; from += CHUNK) {
        const size = Math.min(CHUNK, shown.length - from);
        const known = heights.get(from);
        const height = known && known.size === size ? known.px : size * LINE_PX;
        list.push({ from, size, top, height });
        top += height;
      }
      return { list, height: top };
    }
    const toEnd = () => nextTick(() => { if (box.value && follow.value) box.value.scrollTop = box.value.scrollHeight; });
    function scrolled() {
      const el = box.value;
      if (!el) return;
      view.value = { top: el.scrollTop, height: el.clientHeight };
      if (!props.run.finishedAt || follow.value) follow.value = el.scrollHeight - el.scrollTop - el.clientHeight < 40;
    }
    function measure(from, size) {
      return (vnode) => {
        const px = vnode.el.offsetHeight;
        const known = heights.get(from);
        if (px && (known?.px !== px || known.size !== size)) {
          heights.set(from, { px, size });
          measured.value += 1;
        }
      };
    }
    function go(by) {
      if (!matches.length) return;
      follow.value = false;
      at.value = (at.value + by + matches.length) % matches.length;
      reveal(matches[at.value]);
    }
    async function reveal(index) {
      const from = index - (index % CHUNK);
      for (let turn = 0; turn < 3; turn += 1) {
        const chunk = chunks().list.find((c) => c.from === from);
        if (!chunk || !box.value) return;
        box.value.scrollTop = Math.max(0, chunk.top + ((index - from) / chunk.size) * chunk.height - view.value.height / 2);
        scrolled();
        await nextTick();
        const line = document.getElementById(`log-${index}`);
        if (line) line.scrollIntoView({ block: "center" });
      }
    }
    watch(count, toEnd);
    watch(measured, toEnd);
    watch([search, only, errors], () => { at.value = -1; });
    onMounted(() => nextTick(scrolled));
    function row(line, index) {
      const current = at.value >= 0 && matches[at.value] === index;
      return h("div", { key: index, id: `log-${index}`, class: ["line", line.stream, current ? "here" : ""] }, [
        times.value ? h("time", { datetime: line.at, title: line.at }, clock(line.at)) : null,
        props.stage ? null : h("b", { title: line.attempt > 1 ? `attempt ${line.attempt}` : line.stage }, line.stage),
        h("span", marked(line, needle(), current))]);
    }
    function download() {
      save(`${props.run.job}-${props.run.id}${props.stage ? `-${props.stage}` : ""}.log`,
        lines.map((l) => `${l.at} ${l.stage}#${l.attempt} ${l.stream} ${plain(l.text)}\n`).join(""));
    }
    function tools() {
      const found = needle() ? (matches.length ? `${at.value + 1 || "–"} of ${matches.length}${matches.length === MATCHES_MAX ? "+" : ""}` : "none") : "";
      const box2 = (label, value) => h("label", { class: "inline" }, [h("input", { type: "checkbox", checked: value.value, onChange: (e) => { value.value = e.target.checked; if (value === follow) toEnd(); } }), label]);
      return h("div", { class: "tools logtools" }, [
        props.pickStage ? h("select", { "aria-label": "Stage", value: props.stage ?? "", onChange: (e) => props.pickStage(e.target.value || null) }, [
          h("option", { value: "" }, "all stages"), props.run.stages.map((s) => h("option", { key: s.id, value: s.id }, s.id))]) : null,
        h("span", { class: "searching" }, [
          h("input", { type: "search", placeholder: "Search", "aria-label": "Search the log", value: search.value, maxlength: NEEDLE_CHARS_MAX, onInput: (e) => { search.value = e.target.value; },
            onKeydown: (e) => { if (e.key === "Enter") { e.preventDefault(); go(e.shiftKey ? -1 : 1); } } }),
          h("span", { class: "dim found", role: "status" }, found),
          h("button", { type: "button", "aria-label": "Previous match", disabled: !matches.length, onClick: () => go(-1) }, "↑"),
          h("button", { type: "button", "aria-label": "Next match", disabled: !matches.length, onClick: () => go(1) }, "↓")]),
        box2("only matches", only), box2("only stderr", errors), box2("times", times), box2("follow", follow),
        h("span", { class: "dim grow linecount" }, `${shown.length.toLocaleString("en")} lines${behind.value ? ", reading on…" : ""}`),
        h("button", { type: "button", disabled: !lines.length, onClick: download }, "Download"),
      ]);
    }
    return () => {
      void count.value;
      void measured.value;
      select();
      const { list, height } = chunks();
      const near = list.filter((c) => c.top + c.height > view.value.top - AHEAD_PX && c.top < view.value.top + view.value.height + AHEAD_PX);
      return h("div", { class: "logpane" }, [
        tools(), problemBox(problem.value),
        dropped.value ? h("p", { class: "note" }, `The first ${dropped.value.toLocaleString("en")} lines are not shown; download the log of one stage, or read it with millrace run logs.`) : null,
        !loaded.value && !problem.value ? h("p", { class: "boot" }, "Loading…")
          : shown.length === 0 ? empty(lines.length ? "No line matches" : "No lines yet", lines.length ? "Search for something else, or show all lines." : props.run.finishedAt ? "Nothing was written to stdout or stderr." : "What the stages write to stdout and stderr appears here as they run.")
            : h("div", { class: ["log", times.value ? "" : "bare"], ref: box, tabindex: 0, role: "log", "aria-live": "off", "aria-label": "Log", onScrollPassive: scrolled },
              h("div", { class: "logspace", style: { height: `${height}px` } }, near.map((c) => h("div", { key: c.from, class: "chunk", style: { transform: `translateY(${c.top}px)` }, onVnodeMounted: measure(c.from, c.size), onVnodeUpdated: measure(c.from, c.size) },
                shown.slice(c.from, c.from + c.size).map((line, i) => row(line, c.from + i)))))),
      ]);
    };
  },
};

/** The last lines of a stage, for where it is told why it failed. */
export const Tail = {
  props: { run: String, stage: String, max: { type: Number, default: 12 }, at: String, attempt: Number },
  setup(props) {
    const lines = shallowRef([]);
    async function read() {
      const kept = [];
      let cursor = null;
      try {
        // The API reads forwards; what is beyond some pages is looked at on the page of the log.
        for (let pages = 0; pages < 20; pages += 1) {
          const page = await get(`/runs/${props.run}/stages/${encodeURIComponent(props.stage)}/logs?limit=${PAGE}${cursor ? `&after=${cursor}` : ""}`);
          kept.push(...page.items.filter((l) => !props.attempt || l.attempt === props.attempt));
          kept.splice(0, kept.length - props.max);
          cursor = page.cursor;
          if (!page.next) break;
        }
      } catch {
        return; // the error itself is told without the log
      }
      lines.value = kept;
    }
    watch(() => [props.run, props.stage, props.at], read, { immediate: true });
    return () => (lines.value.length ? h("div", { class: "log tail", tabindex: 0, role: "group", "aria-label": `Last lines of ${props.stage}` }, lines.value.map((l, i) => h("div", { key: i, class: ["line", l.stream] }, h("span", pieces(l.text).map((p) => h("span", { class: p.kind }, p.text)))))) : null);
  },
};
