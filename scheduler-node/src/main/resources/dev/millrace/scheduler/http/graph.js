// The graph of stages: drawn from left to right by dagre where there is room, a list with the same marks where there is not.
import { h, onMounted, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { duration, session_now, tone, words } from "/dashboard/run-parts.js";

const WIDTH = 184;
const HEIGHT = 54;
const STAGES_MAX = 300;
const NARROW = "(max-width: 760px)";
const PHASES = { ON_FAILURE: "on failure", COMPENSATE: "compensation", FINALLY: "finally" };
const MARKS = { good: "✓", busy: "▶", calm: "◷", wait: "…", warn: "!", bad: "✕", idle: "○" };
const OTHER_MARKS = { SKIPPED: "↷", SKIPPED_COMPLETE: "↷", CANCELLED: "⊘", ACKNOWLEDGED: "☑", HELD: "⏸", LOCK_WAIT: "⚿", BACKING_OFF: "↻" };
export const markOf = (state) => OTHER_MARKS[state] ?? MARKS[tone(state)];

const scripts = new Map();

/** Loads one of the libraries that are no modules, once. */
export function library(file, name) {
  if (!scripts.has(file)) {
    scripts.set(file, new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `/dashboard/${file}`;
      script.onload = () => done(window[name]);
      script.onerror = () => { scripts.delete(file); failed({ title: "A part of this page did not load", detail: file, remedy: "Reload the page." }); };
      document.head.append(script);
    }));
  }
  return scripts.get(file);
}

// What a tree of needs says about each stage it names: how it has to end, and whether it is one of several ways.
function ties(tree, soft, into) {
  if (typeof tree === "string") into.push({ from: tree, kind: soft ? "any" : "all", is: "completed" });
  else if (tree?.stage) into.push({ from: tree.stage, kind: tree.is === "completed" ? (soft ? "any" : "all") : "is", is: tree.is });
  else {
    for (const one of tree?.all ?? []) ties(one, soft, into);
    for (const one of tree?.any ?? []) ties(one, true, into);
    for (const one of tree?.not ?? []) ties(one, soft, into.nots ??= []);
    for (const one of into.nots ?? []) into.push({ ...one, kind: "not" });
    delete into.nots;
  }
  return into;
}

/** The edges with their kinds: all, any, is (another outcome), not, group, phase. */
export function edgesOf(stages) {
  const known = new Map(stages.map((s) => [s.id, s]));
  const edges = [];
  for (const stage of stages) {
    const named = stage.needsTree ? ties(stage.needsTree, false, []) : stage.needs.map((from) => ({ from, kind: "all", is: "completed" }));
    for (const tie of named) if (known.has(tie.from) && tie.from !== stage.id) edges.push({ ...tie, to: stage.id });
    if (stage.group && known.has(stage.group) && !named.some((n) => known.get(n.from)?.group === stage.group)) edges.push({ from: stage.group, to: stage.id, kind: "group", is: "" });
  }
  return edges;
}

const clipped = (text, chars) => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);

function layout(dagre, stages, edges) {
  const phases = ["MAIN", "COMPENSATE", "ON_FAILURE", "FINALLY"];
  const phaseOf = (s) => (phases.includes(s.phase) ? s.phase : "MAIN");
  const at = new Map();
  const paths = [];
  const titles = [];
  let top = 0;
  let width = 0;
  for (const phase of phases) {
    const here = stages.filter((s) => phaseOf(s) === phase);
    if (here.length === 0) continue;
    const ids = new Set(here.map((s) => s.id));
    const g = new dagre.graphlib.Graph({ multigraph: true });
    g.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 46, edgesep: 10, marginx: 2, marginy: 2 });
    g.setDefaultEdgeLabel(() => ({}));
    for (const s of here) g.setNode(s.id, { width: WIDTH, height: HEIGHT });
    const inside = edges.filter((e) => ids.has(e.from) && ids.has(e.to));
    inside.forEach((e, i) => g.setEdge(e.from, e.to, {}, String(i)));
    dagre.layout(g);
    const lead = phase === "MAIN" ? 0 : 30;
    if (lead) titles.push({ text: PHASES[phase] ?? phase.toLowerCase(), y: top + 18 });
    for (const s of here) {
      const n = g.node(s.id);
      at.set(s.id, { x: n.x - WIDTH / 2, y: n.y - HEIGHT / 2 + top + lead });
    }
    inside.forEach((e, i) => paths.push({ ...e, points: [side(at.get(e.from), WIDTH), ...g.edge(e.from, e.to, String(i)).points.slice(1, -1).map((p) => ({ x: p.x, y: p.y + top + lead })), side(at.get(e.to), 0)] }));
    width = Math.max(width, g.graph().width);
    top += g.graph().height + lead + 8;
  }
  return { at, paths, titles, width: Math.max(width, WIDTH + 4), height: Math.max(top - 8, HEIGHT + 4) };
}

const side = (p, dx) => ({ x: p.x + dx, y: p.y + HEIGHT / 2 });

function curve(points) {
  let d = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length; i += 1) {
    const a = points[i - 1];
    const b = points[i];
    const bend = (b.x - a.x) / 2;
    d += `C${a.x + bend} ${a.y} ${b.x - bend} ${b.y} ${b.x} ${b.y}`;
  }
  return d;
}

const EDGE_WORDS = { any: "one of several ways", not: "must not be", group: "in this group" };

function edgeShape(edge, done) {
  const label = edge.kind === "is" ? edge.is : edge.kind === "not" ? `not ${edge.is}` : null;
  const middle = edge.points[Math.floor(edge.points.length / 2)];
  const end = edge.points.at(-1);
  return h("g", { key: `${edge.from}>${edge.to}>${edge.kind}${edge.is}`, class: ["tie", edge.kind, edge.is, done ? "done" : ""] }, [
    h("title", `${edge.to} needs ${edge.from}${edge.is && edge.is !== "completed" ? ` ${edge.is}` : ""}${EDGE_WORDS[edge.kind] ? ` (${EDGE_WORDS[edge.kind]})` : ""}`),
    h("path", { class: "line", d: curve(edge.points) }),
    h("path", { class: "tip", d: `M${end.x} ${end.y}l-7 -4v8z` }),
    label ? h("text", { class: "tielabel", x: middle.x, y: middle.y - 4 }, label) : null,
  ]);
}

/** What stands under a stage's name. */
export function secondLine(stage) {
  if (!stage.state) return `${stage.handler}${stage.pool ? ` · ${stage.pool}` : ""}`;
  const again = stage.attempt > 1 ? ` · attempt ${stage.attempt}` : "";
  if (stage.fan) return `${stage.fan.completed + stage.fan.failed + stage.fan.cancelled} of ${stage.fan.items} items${stage.fan.failed ? ` · ${stage.fan.failed} failed` : ""}`;
  const ms = stage.startedAt ? (stage.finishedAt ? Date.parse(stage.finishedAt) : session_now()) - Date.parse(stage.startedAt) : null;
  return `${words(stage.state)}${ms == null || stage.state === "BACKING_OFF" ? "" : ` · ${duration(ms)}`}${again.replace("attempt ", "#")}`;
}

function node(stage, p, chosen, pick, extra) {
  const kind = stage.state ? tone(stage.state) : "idle";
  const second = secondLine(stage);
  const percent = stage.fan ? (100 * (stage.fan.completed + stage.fan.failed)) / Math.max(1, stage.fan.items) : stage.state === "RUNNING" ? stage.progress?.percent : null;
  const what = `${stage.id}: ${second}${extra.condition ? `, if ${extra.condition}` : ""}`;
  return h("g", { key: stage.id, id: `node-${stage.id}`, class: ["node", kind, stage.state ? "" : "plainnode", chosen === stage.id ? "chosen" : ""], transform: `translate(${p.x} ${p.y})`, "aria-label": what, ...pick }, [
    h("title", what),
    stage.fan || extra.fan ? h("rect", { class: "box stackbox", x: 5, y: -5, width: WIDTH - 2, height: HEIGHT, rx: 8 }) : null,
    h("rect", { class: "box", width: WIDTH, height: HEIGHT, rx: 8 }),
    h("circle", { class: "disc", cx: 21, cy: HEIGHT / 2, r: 11 }),
    h("text", { class: "markchar", x: 21, y: HEIGHT / 2 + 4.5 }, stage.state ? markOf(stage.state) : stage.handler === "group" ? "▣" : stage.handler.startsWith("wait.") ? "◷" : "○"),
    h("text", { class: "id", x: 40, y: 23 }, clipped(stage.id, 18)),
    h("text", { class: "state", x: 40, y: 40 }, clipped(second, 24)),
    extra.condition ? h("text", { class: "iffed", x: WIDTH - 12, y: 17 }, "if") : null,
    percent == null ? null : h("rect", { class: "rest", x: 40, y: HEIGHT - 8, height: 3, rx: 1.5, width: WIDTH - 52 }),
    percent == null ? null : h("rect", { class: "done", x: 40, y: HEIGHT - 8, height: 3, rx: 1.5, width: Math.max(2, ((WIDTH - 52) * Math.min(100, percent)) / 100) }),
  ]);
}

const COUNTED = [["good", "complete", "✓"], ["busy", "running", "▶"], ["bad", "failed", "✕"], ["warn", "held up", "!"], ["wait", "queued", "…"], ["idle", "not yet", "○"], ["skipped", "skipped", "↷"], ["cancelled", "cancelled", "⊘"]];
const kindOf = (state) => (state === "SKIPPED" ? "skipped" : state === "CANCELLED" ? "cancelled" : tone(state));

function legend(stages, edges) {
  const counts = {};
  for (const s of stages) if (s.state) counts[kindOf(s.state)] = (counts[kindOf(s.state)] ?? 0) + 1;
  const kinds = new Set(edges.map((e) => e.kind));
  return h("div", { class: "graphlegend dim" }, [
    COUNTED.filter(([kind]) => counts[kind]).map(([kind, text, mark]) => h("span", { class: ["key", kind] }, [h("b", { "aria-hidden": "true" }, mark), `${counts[kind]} ${text}`])),
    kinds.has("any") ? h("span", { class: "key" }, [h("i", { class: "dash any" }), "any of"]) : null,
    kinds.has("is") ? h("span", { class: "key" }, [h("i", { class: "dash is" }), "another outcome"]) : null,
    kinds.has("not") ? h("span", { class: "key" }, [h("i", { class: "dash not" }), "must not"]) : null,
    kinds.has("group") ? h("span", { class: "key" }, [h("i", { class: "dash ingroup" }), "in a group"]) : null,
  ]);
}

function list(stages, chosen, choose, conditions) {
  return h("ol", { class: "stagelist" }, stages.map((stage) => {
    const kind = stage.state ? tone(stage.state) : "idle";
    const phase = PHASES[stage.phase];
    const body = [
      h("span", { class: ["disc", kind], "aria-hidden": "true" }, stage.state ? markOf(stage.state) : "○"),
      h("span", { class: "grow" }, [h("b", stage.id), h("small", { class: kind }, secondLine(stage)),
        stage.needs.length || phase ? h("small", { class: "dim" }, phase ?? `after ${stage.needs.slice(0, 4).join(", ")}${stage.needs.length > 4 ? ` and ${stage.needs.length - 4} more` : ""}`) : null,
        conditions?.[stage.id] ? h("small", { class: "dim" }, `if ${conditions[stage.id]}`) : null]),
      choose ? h("span", { class: "dim", "aria-hidden": "true" }, "›") : null,
    ];
    return h("li", { key: stage.id, class: stage.group ? "inner" : "" }, choose ? h("button", { type: "button", class: ["plain", chosen === stage.id ? "chosen" : ""], onClick: () => choose(stage.id) }, body) : h("div", body));
  }));
}

/** `choose` makes each stage a button; `conditions` are the texts of `if` by stage, `fans` the stages with `for-each`. */
export const StageGraph = {
  props: { stages: Array, chosen: String, choose: Function, conditions: Object, fans: Object, label: String },
  setup(props) {
    const dagre = shallowRef(null);
    const problem = shallowRef(null);
    const media = window.matchMedia(NARROW);
    const narrow = ref(media.matches);
    const asList = ref(false);
    const zoom = ref(null);
    const box = ref(null);
    const room = ref(0);
    const watchMedia = () => { narrow.value = media.matches; };
    const sized = new ResizeObserver(([entry]) => { room.value = entry.contentRect.width; });
    onMounted(() => {
      media.addEventListener("change", watchMedia);
      library("dagre.js", "dagre").then((d) => { dagre.value = d; }, (e) => { problem.value = e; });
    });
    watch(box, (element) => { sized.disconnect(); if (element) sized.observe(element); });
    onUnmounted(() => { media.removeEventListener("change", watchMedia); sized.disconnect(); });
    let shape = "";
    let kept = null;
    function placed() {
      const edges = edgesOf(props.stages);
      const key = JSON.stringify([props.stages.map((s) => [s.id, s.phase]), edges]);
      if (key !== shape) {
        kept = layout(dagre.value, props.stages, edges);
        shape = key;
      }
      return kept;
    }
    function pick(stage) {
      if (!props.choose) return { role: "img" };
      return {
        tabindex: 0, role: "button", "aria-pressed": props.chosen === stage.id,
        onClick: () => props.choose(stage.id),
        onKeydown: (e) => {
          if (e.key === "Enter" || e.key === " ") { e.preventDefault(); props.choose(stage.id); }
          const near = neighbour(stage.id, e.key);
          if (near) { e.preventDefault(); document.getElementById(`node-${near}`)?.focus(); }
        },
      };
    }
    function neighbour(id, key) {
      if (!key.startsWith("Arrow")) return null;
      const from = kept.at.get(id);
      const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
      let best = null;
      for (const [other, p] of kept.at) {
        const along = (p.x - from.x) * dx + (p.y - from.y) * dy;
        const across = Math.abs((p.x - from.x) * dy) + Math.abs((p.y - from.y) * dx);
        if (other !== id && along > 1 && (!best || along + across * 2 < best.far)) best = { other, far: along + across * 2 };
      }
      return best?.other ?? null;
    }
    return () => {
      const { stages } = props;
      if (stages.length === 0) return h("p", { class: "dim pad" }, "No stages.");
      if (narrow.value || asList.value || problem.value || stages.length > STAGES_MAX) {
        return h("div", { class: "graphbox" }, [
          narrow.value || stages.length > STAGES_MAX ? null : h("div", { class: "graphtools" }, [legend(stages, []), h("button", { type: "button", onClick: () => { asList.value = false; } }, "Graph")]),
          narrow.value ? legend(stages, []) : null,
          list(stages, props.chosen, props.choose, props.conditions)]);
      }
      if (!dagre.value) return h("p", { class: "boot" }, "Drawing…");
      const { at, paths, titles, width, height } = placed();
      const complete = new Set(stages.filter((s) => tone(s.state) === "good").map((s) => s.id));
      const fit = Math.min(1, Math.max(0.62, (room.value - 32) / width)) || 1;
      const scale = zoom.value ?? fit;
      const step = (by) => () => { zoom.value = Math.min(2, Math.max(0.25, scale * by)); };
      return h("div", { class: "graphbox", ref: box }, [
        h("div", { class: "graphtools" }, [legend(stages, paths), h("span", { class: "buttons" }, [
          h("button", { type: "button", "aria-label": "Zoom out", title: "Zoom out", onClick: step(0.8) }, "−"),
          h("button", { type: "button", "aria-label": "Fit the width", title: "Fit the width", onClick: () => { zoom.value = null; } }, `${Math.round(scale * 100)} %`),
          h("button", { type: "button", "aria-label": "Zoom in", title: "Zoom in", onClick: step(1.25) }, "+"),
          h("button", { type: "button", onClick: () => { asList.value = true; } }, "List")])]),
        h("div", { class: "graph", tabindex: 0, role: "group", "aria-label": props.label ?? "Stages and what they need; arrow keys go from stage to stage" },
          h("svg", { width: (width + 12) * scale, height: (height + 12) * scale, viewBox: `-2 -8 ${width + 12} ${height + 14}` }, [
            titles.map((t) => h("g", { class: "phase" }, [h("line", { x1: 0, x2: width, y1: t.y - 12, y2: t.y - 12 }), h("text", { x: 0, y: t.y + 4 }, t.text)])),
            paths.map((e) => edgeShape(e, complete.has(e.from))),
            stages.map((s) => node(s, at.get(s.id), props.chosen, pick(s), { condition: props.conditions?.[s.id], fan: props.fans?.[s.id] })),
          ])),
      ]);
    };
  },
};
