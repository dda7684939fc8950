// A run's stages as levels from left to right: a stage stands right of everything it needs.
import { h } from "/dashboard/vue.js";
import { tone, words } from "/dashboard/parts.js";

const WIDTH = 168;
const HEIGHT = 46;
const GAP_X = 44;
const GAP_Y = 14;
const STAGES_MAX = 200;

function levels(stages) {
  const byId = new Map(stages.map((s) => [s.id, s]));
  const level = new Map();
  const of = (id, path) => {
    if (level.has(id)) return level.get(id);
    const stage = byId.get(id);
    if (!stage || path.has(id)) return 0;
    path.add(id);
    const found = Math.max(0, ...stage.needs.map((n) => (byId.has(n) ? of(n, path) + 1 : 0)));
    path.delete(id);
    level.set(id, found);
    return found;
  };
  stages.forEach((s) => of(s.id, new Set()));
  return level;
}

function clipped(text, chars) {
  return text.length > chars ? `${text.slice(0, chars - 1)}…` : text;
}

// An edge that jumps over levels gets a free lane in each, so that it never runs behind a stage.
function lanesOf(stages, level) {
  const lanes = new Map();
  for (const stage of stages) {
    for (const need of stage.needs.filter((n) => level.has(n))) {
      for (let x = level.get(need) + 1; x < level.get(stage.id); x += 1) {
        lanes.set(`${need}>${x}`, x);
      }
    }
  }
  return lanes;
}

function place(stages) {
  const level = levels(stages);
  const cells = new Map([...stages.map((s) => [s.id, level.get(s.id)]), ...lanesOf(stages, level)]);
  const filled = [];
  const at = new Map();
  for (const [id, x] of cells) {
    filled[x] = (filled[x] ?? 0) + 1;
    at.set(id, { level: x, row: filled[x] - 1 });
  }
  const rows = Math.max(...filled);
  for (const [id, p] of at) {
    const lead = ((rows - filled[p.level]) * (HEIGHT + GAP_Y)) / 2;
    at.set(id, { level: p.level, x: p.level * (WIDTH + GAP_X) + 1, y: lead + p.row * (HEIGHT + GAP_Y) + 1 });
  }
  return { at, width: filled.length * (WIDTH + GAP_X) - GAP_X + 2, height: rows * (HEIGHT + GAP_Y) - GAP_Y + 2 };
}

function edge(at, need, stage, done) {
  const to = at.get(stage);
  const bend = GAP_X / 2;
  let from = at.get(need);
  let path = `M${from.x + WIDTH} ${from.y + HEIGHT / 2}`;
  for (let x = from.level + 1; x <= to.level; x += 1) {
    const next = x === to.level ? to : at.get(`${need}>${x}`);
    const y = next.y + HEIGHT / 2;
    path += `C${from.x + WIDTH + bend} ${from.y + HEIGHT / 2} ${next.x - bend} ${y} ${next.x} ${y}`;
    path += next === to ? "" : `H${next.x + WIDTH}`;
    from = next;
  }
  return h("path", { key: `${need}>${stage}`, class: ["edge", done ? "done" : ""], d: path });
}

function node(stage, p, chosen, choose) {
  const kind = stage.state ? tone(stage.state) : "idle";
  const second = stage.state ? words(stage.state) + (stage.attempt > 1 ? ` · attempt ${stage.attempt}` : "") : `${stage.handler} · ${stage.pool}`;
  const percent = stage.state === "RUNNING" ? stage.progress?.percent : null;
  const pick = choose ? { tabindex: 0, role: "button", "aria-pressed": chosen === stage.id, onClick: () => choose(stage.id), onKeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(stage.id); } } } : {};
  return h("g", { key: stage.id, class: ["node", kind, chosen === stage.id ? "chosen" : ""], transform: `translate(${p.x} ${p.y})`, "aria-label": `${stage.id}: ${second}`, ...pick }, [
    h("title", `${stage.id}: ${second}`),
    h("rect", { class: "box", width: WIDTH, height: HEIGHT, rx: 7 }),
    h("rect", { class: "edgebar", width: 4, height: HEIGHT - 14, x: 6, y: 7, rx: 2 }),
    h("text", { class: "id", x: 18, y: 19 }, clipped(stage.id, 20)),
    h("text", { class: "state", x: 18, y: 35 }, clipped(second, 24)),
    percent == null ? null : h("rect", { class: "done", x: 18, y: HEIGHT - 6, height: 3, rx: 1.5, width: Math.max(2, ((WIDTH - 28) * percent) / 100) }),
  ]);
}

/** A picture of the stages; `choose` makes each a button. */
export function graph(stages, chosen, choose) {
  if (stages.length === 0) return h("p", { class: "dim pad" }, "No stages.");
  if (stages.length > STAGES_MAX) return h("p", { class: "dim pad" }, `${stages.length} stages: too many for a picture; the list below shows them.`);
  const { at, width, height } = place(stages);
  const complete = new Set(stages.filter((s) => tone(s.state) === "good").map((s) => s.id));
  const edges = stages.flatMap((s) => s.needs.filter((n) => at.has(n)).map((n) => edge(at, n, s.id, complete.has(n))));
  return h("div", { class: "graph", tabindex: 0, role: "group", "aria-label": "Stages and what they need" },
    h("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, [...edges, ...stages.map((s) => node(s, at.get(s.id), chosen, choose))]));
}
