// The palette: pages, jobs, runs and actions by a few letters; and the page of keyboard shortcuts.
import { h, nextTick, ref, shallowRef } from "/dashboard/vue.js";
import { allowed, get, post, session } from "/dashboard/api.js";
import { confirmReason, Dialog, openDialog } from "/dashboard/dialogs.js";
import { PAGES, setTheme } from "/dashboard/frame.js";
import { icon } from "/dashboard/icons.js";
import { clean, jobLink, runLink } from "/dashboard/parts.js";
import { navigate } from "/dashboard/route.js";

const TYPING_MS = 120;
const JOBS_FIRST = 200;
const JOBS_MAX = 12;
const SHOWN_MAX = 30;
const RUN_ID = /^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{13}$/;

/** How well letters fit a text: all in order or not at all (0); starts of words and neighbours count more. */
export function fits(letters, text) {
  const wanted = letters.toLowerCase().replace(/\s+/g, "");
  const given = text.toLowerCase();
  if (!wanted) return 1;
  const whole = given.indexOf(letters.toLowerCase().trim());
  if (whole >= 0) return 100 - Math.min(40, whole) + (whole === 0 ? 20 : 0);
  let at = -1;
  let score = 0;
  for (const letter of wanted) {
    const next = given.indexOf(letter, at + 1);
    if (next < 0) return 0;
    score += next === at + 1 ? 3 : /[\s\-_.]/.test(given[next - 1] ?? " ") ? 4 : 1;
    at = next;
  }
  return score / wanted.length;
}

function pause(scope, what, verb) {
  return () => confirmReason({
    title: `${verb === "pause" ? "Pause" : "Resume"} ${what}?`, action: verb === "pause" ? "Pause" : "Resume", danger: verb === "pause", done: `${what} ${verb}d`,
    text: verb === "pause" ? "Attempts in flight finish; nothing new starts until it is resumed." : "What is due starts again.",
    run: ({ reason }) => post(verb === "pause" ? "/pauses" : "/pauses/resume", { scope, name: scope === "namespace" ? session.namespace : "", reason: reason ?? undefined }),
  });
}

function actions() {
  const all = [
    ["New job", "editor", "plus", () => navigate("#/new")],
    ["Failed runs", null, "runs", () => navigate("#/runs?state=FAILED")],
    ["Open runs", null, "runs", () => navigate("#/runs?open=true")],
    ["Pause everything…", "admin", "pauses", pause("all", "Everything", "pause")],
    ["Resume everything…", "admin", "pauses", pause("all", "Everything", "resume")],
    [`Pause the namespace ${session.namespace}…`, "operator", "pauses", pause("namespace", `Namespace ${session.namespace}`, "pause")],
    [`Resume the namespace ${session.namespace}…`, "operator", "pauses", pause("namespace", `Namespace ${session.namespace}`, "resume")],
    ["Theme: light", null, "light", () => setTheme("light")],
    ["Theme: dark", null, "dark", () => setTheme("dark")],
    ["Theme: as the system", null, "auto", () => setTheme("auto")],
    ["Keyboard shortcuts", null, "help", () => openHelp()],
  ];
  return all.filter(([, role]) => !role || !allowed(role)).map(([title, , name, act]) => ({ key: title, kind: "action", title, icon: name, act }));
}

const Palette = {
  emits: ["close"],
  setup(props, { emit }) {
    const text = ref("");
    const at = ref(0);
    const jobs = shallowRef([]);
    const pages = PAGES.map(([href, name, title, key, what]) => ({ key: href, kind: "page", title, note: what, hint: `g ${key}`, icon: name, act: () => navigate(href) }));
    const doable = actions();
    let timer = null;
    let turn = 0;
    const unique = (list) => [...new Map(list.map((job) => [`${job.namespace}/${job.id}`, job])).values()];
    async function search(query) {
      const mine = ++turn;
      try {
        const found = await get(`/jobs${query}`);
        if (mine === turn) jobs.value = unique([...jobs.value, ...found.items]);
      } catch {
        // what is found so far is still of use
      }
    }
    search(`?limit=${JOBS_FIRST}`);
    const typed = () => { if (text.value.trim() && jobs.value.length >= JOBS_FIRST) search(`?limit=${JOBS_MAX}&q=${encodeURIComponent(text.value.trim())}`); };
    function entries() {
      const asked = text.value.trim();
      const shown = [];
      if (RUN_ID.test(asked)) shown.push({ key: "run", kind: "run", title: `Run ${asked.toUpperCase()}`, icon: "runs", score: 999, act: () => navigate(runLink(asked.toUpperCase())) });
      for (const entry of [...pages, ...doable]) {
        const score = fits(asked, entry.title) || (asked ? fits(asked, entry.note ?? "") / 4 : 0);
        if (score > 0) shown.push({ ...entry, score: asked ? score : entry.kind === "page" ? 3 : 1 });
      }
      for (const job of jobs.value) {
        const score = Math.max(fits(asked, job.id), fits(asked, job.description ?? "") / 2);
        if (asked && score > 0) shown.push({ key: `job ${job.namespace} ${job.id}`, kind: "job", title: clean(job.id, 120), note: clean(job.description, 90), icon: "jobs", score: score + 5, act: () => navigate(jobLink(job.id, job.namespace)) });
      }
      if (asked) shown.push({ key: "find", kind: "search", title: `Jobs with “${asked}”`, icon: "search", score: 0.2, act: () => navigate(`#/jobs?q=${encodeURIComponent(asked)}`) }, { key: "error", kind: "search", title: `Runs whose error has “${asked}”`, icon: "search", score: 0.1, act: () => navigate(`#/runs?error=${encodeURIComponent(asked)}`) });
      return shown.sort((a, b) => b.score - a.score).slice(0, SHOWN_MAX);
    }
    function choose(entry) {
      emit("close");
      if (entry) nextTick(entry.act);
    }
    function onKey(event, list) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        at.value = (at.value + step + list.length) % Math.max(1, list.length);
        nextTick(() => document.getElementById(`pick-${at.value}`)?.scrollIntoView({ block: "nearest" }));
      } else if (event.key === "Enter") {
        event.preventDefault();
        choose(list[at.value]);
      }
    }
    return () => {
      const list = entries();
      return h(Dialog, { title: "Search, jump or act", class: "palette", onClose: () => emit("close") }, () => [
        h("div", { class: "palette-ask" }, [icon("search", 17), h("input", { type: "text", autofocus: true, value: text.value, role: "combobox", "aria-expanded": "true", "aria-controls": "picks", "aria-activedescendant": list.length ? `pick-${at.value}` : undefined, "aria-label": "Search, jump or act", placeholder: "A page, a job, a run's id, an action…", spellcheck: false, autocomplete: "off", maxlength: 200,
          onKeydown: (e) => onKey(e, list),
          onInput: (e) => { text.value = e.target.value; at.value = 0; clearTimeout(timer); timer = setTimeout(typed, TYPING_MS); } })]),
        h("ul", { id: "picks", class: "picks", role: "listbox", "aria-label": "Found" }, list.map((entry, i) => h("li", { key: entry.key, id: `pick-${i}`, role: "option", "aria-selected": i === at.value ? "true" : "false", onClick: () => choose(entry), onMousemove: () => { at.value = i; } }, [
          icon(entry.icon), h("span", { class: "pick-title" }, entry.title), h("span", { class: "dim clip grow" }, entry.note ?? ""), h("kbd", entry.hint ?? entry.kind)]))),
        list.length ? null : h("p", { class: "pad dim" }, "Nothing fits."),
      ]);
    };
  },
};

const KEYS = [
  ["Anywhere", [["Ctrl K or ⌘ K", "search, jump or act"], ["/", "to the search of the page"], ["?", "this page"], ["Esc", "close what is open"]]],
  ["In lists", [["j and k", "next and last row"], ["Enter", "open the row"], ["x", "choose the row"], ["n", "next page"]]],
  ["Go to", pageKeys],
];

function pageKeys() {
  return PAGES.map(([, , title, key]) => [`g ${key}`, title]);
}

const Help = {
  emits: ["close"],
  setup: (props, { emit }) => () => h(Dialog, { title: "Keyboard shortcuts", wide: true, onClose: () => emit("close") }, () => h("div", { class: "keys" }, KEYS.map(([title, keys]) =>
    h("section", { key: title }, [h("h3", title), h("dl", (typeof keys === "function" ? keys() : keys).map(([key, what]) => [h("dt", h("kbd", key)), h("dd", what)]))])))),
};

export const openPalette = () => openDialog(Palette, {});
export const openHelp = () => openDialog(Help, {});

let awaited = null;
const typesIn = (element) => element?.closest?.("input, select, textarea, [contenteditable]");

function moveRow(step) {
  const rows = [...document.querySelectorAll("main table[data-rows] tbody tr, main [data-rows] > li")].filter((row) => row.querySelector("a, button, input"));
  if (rows.length === 0) return;
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step))];
  (row.querySelector("a[data-main]") ?? row.querySelector("a, button, input")).focus();
  row.scrollIntoView({ block: "nearest" });
}

const SINGLE = {
  "/": () => (document.querySelector("main [data-search]") ? document.querySelector("main [data-search]").focus() : openPalette()),
  "?": openHelp,
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => document.activeElement?.closest("tr")?.querySelector("td.pick input")?.click(),
  n: () => document.querySelector(".pager button:last-child")?.click(),
};

/** Keys work everywhere but where somebody types, and never over a dialog. */
export function followKeys() {
  window.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!session.loginNeeded && !document.querySelector("dialog[open]")) openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || session.loginNeeded || typesIn(event.target) || document.querySelector("dialog[open]")) return;
    const page = awaited && PAGES.find(([, , , key]) => key === event.key);
    awaited = null;
    if (page) {
      event.preventDefault();
      navigate(page[0]);
    } else if (event.key === "g") {
      awaited = setTimeout(() => { awaited = null; }, 1_200);
    } else if (SINGLE[event.key]) {
      event.preventDefault();
      SINGLE[event.key]();
    }
  });
}
