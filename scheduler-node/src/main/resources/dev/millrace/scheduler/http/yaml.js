// YAML and JSON in colour, as text nodes: good enough for a reader, never more than classes.
import { h } from "/dashboard/vue.js";

const HIGHLIGHT_CHARS_MAX = 200_000;
const TOKEN = /("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(\$\{\{.*?\}\}|\$\[\[.*?\]\]|\$\{[a-z]+:[^}]*\})|(#.*$)|\b(true|false|null|yes|no)\b|(-?\b\d[\d_.]*(?:ms|s|m|h|d|%)?\b)/g;
const KINDS = [null, "string", "expr", "comment", "word", "number"];

function value(text, out) {
  let last = 0;
  for (const match of text.matchAll(TOKEN)) {
    // A # inside a word begins no comment.
    if (match[3] && match.index > 0 && !/\s/.test(text[match.index - 1])) continue;
    if (match.index > last) out.push(text.slice(last, match.index));
    const kind = KINDS[match.slice(1).findIndex((m) => m !== undefined) + 1];
    if (kind === "string" && match[0].includes("${{")) expressions(match[0], out);
    else out.push(h("span", { class: `y-${kind}` }, match[0]));
    last = match.index + match[0].length;
  }
  if (last < text.length) out.push(text.slice(last));
}

function expressions(text, out) {
  for (const part of text.split(/(\$\{\{.*?\}\})/)) if (part) out.push(h("span", { class: part.startsWith("${{") ? "y-expr" : "y-string" }, part));
}

export function lineOf(line) {
  const out = [];
  const key = /^(\s*(?:- )*\s*)("?[\w.\-/]+"?)(:)(?=\s|$)/.exec(line);
  if (!key) {
    value(line, out);
    return out;
  }
  if (key[1]) out.push(key[1]);
  out.push(h("span", { class: "y-key" }, key[2]), ":");
  value(line.slice(key[0].length), out);
  return out;
}

export const yaml = (text, label) => {
  const lines = text.replace(/\n$/, "").split("\n");
  return h("pre", { class: "code", tabindex: 0, "aria-label": label }, text.length > HIGHLIGHT_CHARS_MAX ? text : lines.map((line, i) => [lineOf(line), i < lines.length - 1 ? "\n" : ""]));
};
