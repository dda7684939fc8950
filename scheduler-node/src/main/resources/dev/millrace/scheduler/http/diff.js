// A unified diff, shown as such or side by side.
import { h } from "/dashboard/vue.js";
import { lineOf } from "/dashboard/yaml.js";

const LINES_MAX = 4_000;

/** [{kind: "hunk"|"same"|"del"|"add", text, before, after}] with line numbers. */
export function parsed(unified) {
  const rows = [];
  let before = 0;
  let after = 0;
  for (const line of unified.split("\n").slice(0, LINES_MAX)) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      if (rows.length) rows.push({ kind: "hunk", text: "⋯" });
    } else if (line.startsWith("--- ") || line.startsWith("+++ ") || line === "" || line.startsWith("\\")) continue;
    else if (line[0] === "-") rows.push({ kind: "del", text: line.slice(1), before: before++ });
    else if (line[0] === "+") rows.push({ kind: "add", text: line.slice(1), after: after++ });
    else rows.push({ kind: "same", text: line.slice(1), before: before++, after: after++ });
  }
  return rows;
}

// Lines that were taken out stand beside those that came in their place.
function pairs(rows) {
  const out = [];
  for (let i = 0; i < rows.length; ) {
    if (rows[i].kind !== "del" && rows[i].kind !== "add") {
      out.push([rows[i], rows[i]]);
      i += 1;
      continue;
    }
    const dels = [];
    const adds = [];
    while (rows[i]?.kind === "del") dels.push(rows[i++]);
    while (rows[i]?.kind === "add") adds.push(rows[i++]);
    for (let k = 0; k < Math.max(dels.length, adds.length); k += 1) out.push([dels[k] ?? null, adds[k] ?? null]);
  }
  return out;
}

const SIGNS = { del: "−", add: "+", same: "", hunk: "" };
const cell = (row, number) => [h("td", { class: "ln" }, row ? number : ""), h("td", { class: ["dl", row?.kind ?? "void"] }, row ? [h("span", { class: "sign", "aria-label": { del: "removed", add: "added" }[row.kind] }, SIGNS[row.kind]), h("span", lineOf(row.text))] : "")];

export function diffView(unified, sideBySide) {
  const rows = parsed(unified);
  if (rows.length === 0) return h("p", { class: "dim pad" }, "They say the same.");
  const added = rows.filter((r) => r.kind === "add").length;
  const removed = rows.filter((r) => r.kind === "del").length;
  return h("div", [
    h("p", { class: "small pad" }, [h("b", { class: "is-good" }, `+${added}`), " ", h("b", { class: "is-bad" }, `−${removed}`), h("span", { class: "dim" }, " lines")]),
    h("div", { class: "scroll" }, h("table", { class: ["difftable", sideBySide ? "side" : "unified"] }, h("tbody", sideBySide
      ? pairs(rows).map(([a, b], i) => h("tr", { key: i, class: a?.kind === "hunk" ? "hunk" : "" }, [cell(a, a?.before), cell(b, b?.after)]))
      : rows.map((r, i) => h("tr", { key: i, class: r.kind === "hunk" ? "hunk" : "" }, [h("td", { class: "ln" }, r.before ?? ""), cell(r, r.after)]))))),
  ]);
}
