// Small charts that need no library: bars over time, told in words to those who cannot see them.
import { h } from "/dashboard/vue.js";

const HEIGHT = 96;

/**
 * Stacked bars. `items` are {at, title, parts: [[cssClass, value]...]}; `label` says what it shows as a whole.
 */
export function bars(items, label, { height = HEIGHT, tick } = {}) {
  const top = Math.max(1, ...items.map((item) => item.parts.reduce((sum, [, value]) => sum + value, 0)));
  const width = 100 / Math.max(1, items.length);
  const columns = items.map((item, i) => {
    let y = height;
    const blocks = item.parts.filter(([, value]) => value > 0).map(([kind, value]) => {
      const tall = Math.max(2, (value / top) * (height - 4));
      y -= tall;
      return h("rect", { key: kind, class: kind, x: `${i * width + width * 0.12}%`, width: `${width * 0.76}%`, y: Math.max(0, y), height: tall, rx: 1.5 });
    });
    return h("g", { key: item.at }, [h("rect", { class: "hit", x: `${i * width}%`, width: `${width}%`, y: 0, height }), ...blocks, h("title", item.title)]);
  });
  const marks = tick ? items.map((item, i) => [item, i]).filter(([, i]) => i % Math.ceil(items.length / 6) === 0) : [];
  return h("figure", { class: "chart" }, [
    h("div", { class: "chart-top dim" }, top.toLocaleString("en")),
    h("svg", { width: "100%", height, role: "img", "aria-label": label }, [h("line", { class: "axis", x1: 0, x2: "100%", y1: height - 0.5, y2: height - 0.5 }), ...columns]),
    tick ? h("div", { class: "chart-axis dim", "aria-hidden": "true" }, marks.map(([item]) => h("span", { key: item.at }, tick(item)))) : null,
  ]);
}

/** A share as a bar with its number beside it; `kind` colours it. */
export const meter = (value, max, label, kind = "busy") =>
  h("span", { class: ["meter", kind], role: "img", "aria-label": label, title: label }, h("span", { style: { width: `${Math.min(100, (100 * value) / Math.max(1, max))}%` } }));

export const clock = (instant) => new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

/** A dot per run, oldest first, so that a job's recent past is seen at a glance. */
export const legend = (entries) => h("p", { class: "legend dim" }, entries.map(([kind, text]) => [h("i", { class: kind }), h("span", text)]));
