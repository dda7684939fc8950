// What the pages of one run and one job share.
import { h } from "/dashboard/vue.js";
import { session } from "/dashboard/api.js";
import { setQuery, route } from "/dashboard/route.js";
import { plain } from "/dashboard/ansi.js";

export { badge, bar, duration, jobLink, tone, words, when } from "/dashboard/parts.js";

export const session_now = () => session.nowMs;
export const runHref = (run, query) => `#/runs/${run}${query ? `?${new URLSearchParams(query)}` : ""}`;
export const json = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

/** Tabs whose choice stands in the address. `list`: [key, title, count]; arrow keys go through them. */
export function tabs(list, chosen, pick, label) {
  const go = (e, i) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    e.preventDefault();
    const to = (i + by + list.length) % list.length;
    pick(list[to][0]);
    e.currentTarget.parentElement.children[to].focus();
  };
  return h("div", { class: "tabs", role: "tablist", "aria-label": label }, list.map(([key, title, count], i) => h("button", {
    key, type: "button", role: "tab", id: `tab-${key}`, "aria-controls": "tabpanel", "aria-selected": chosen === key, tabindex: chosen === key ? 0 : -1, onClick: () => pick(key), onKeydown: (e) => go(e, i),
  }, [title, count ? h("span", { class: "count" }, count) : null])));
}

export const tabPanel = (chosen, body) => h("div", { role: "tabpanel", id: "tabpanel", "aria-labelledby": `tab-${chosen}`, class: "tabpanel" }, body);

export const query = () => route.query;
export { setQuery };

/** "exit code 3" rather than exit:3; what people say. */
export function errorWords(errorClass, exitCode) {
  if (exitCode != null && exitCode !== 0) return `exit code ${exitCode}`;
  return errorClass ? errorClass.replace(":", " ") : "failed";
}

export const firstLine = (text, chars = 240) => {
  const line = plain(String(text ?? "").slice(0, 4_000)).trim().split("\n")[0];
  return line.length > chars ? `${line.slice(0, chars - 1)}…` : line;
};

export const clock = (instant) => (instant ? new Date(instant).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }) : "–");
export const dateTime = (instant) => (instant ? new Date(instant).toLocaleString([], { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }) : "–");

export const facts = (pairs) => h("dl", { class: "facts2" }, pairs.filter(Boolean).map(([name, value, whole]) => h("div", { key: name, class: whole ? "whole" : "" }, [h("dt", name), h("dd", value)])));

export function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
