// The frame and the router. A page is loaded when it is first opened.
import { createApp, defineAsyncComponent, h, onErrorCaptured, shallowRef, watchEffect } from "/dashboard/vue.js";
import { followEvents, loadSession, session } from "/dashboard/api.js";
import { Over } from "/dashboard/dialogs.js";
import { Dock, PAGES, Rail, TopBar } from "/dashboard/frame.js";
import { verdict, watchHealth } from "/dashboard/health.js";
import { Login } from "/dashboard/login.js";
import { followKeys } from "/dashboard/palette.js";
import { empty, problemBox, skeleton } from "/dashboard/parts.js";
import { route } from "/dashboard/route.js";

const page = (file, name) => defineAsyncComponent({
  loader: () => import(`/dashboard/${file}.js`).then((module) => module[name]),
  loadingComponent: { render: () => skeleton(6) },
  delay: 120,
  errorComponent: { render: () => problemBox({ title: "This page could not be loaded", detail: `/dashboard/${file}.js did not come.`, remedy: "Is the node running? Reload the page." }) },
});

const SIMPLE = {
  jobs: page("list-jobs", "Jobs"), runs: page("list-runs", "Runs"), schedule: page("schedule", "Schedule"), dead: page("dead", "Dead"), bulk: page("bulk", "Bulk"),
  alerts: page("alerts", "Alerts"), workers: page("fleet", "Workers"), pools: page("fleet", "Pools"), locks: page("locks", "Locks"), pauses: page("locks", "Pauses"),
  patterns: page("library", "Patterns"), sets: page("library", "Sets"), audit: page("admin", "Audit"), tokens: page("admin", "Tokens"), secrets: page("admin", "Secrets"), quotas: page("admin", "Quotas"),
};
const Overview = page("overview", "Overview");
const Job = page("job", "Job");
const Run = page("run", "Run");
const Editor = page("editor", "Editor");
const Pattern = page("library", "Pattern");
const OneSet = page("library", "OneSet");

const Missing = { render: () => h("section", { class: "panel" }, empty("There is no such page", `Nothing is at ${route.hash.slice(0, 200)}.`, h("p", h("a", { href: "#/" }, "To the overview")))) };

function view() {
  const [first, id, tab] = route.path;
  const props = { id, tab: tab ?? "", query: route.search };
  if (first === undefined) return h(Overview);
  if (first === "new") return h(Editor, { id: null, key: "new" });
  if (first === "jobs" && id && tab === "edit") return h(Editor, { id, key: `edit ${id}` });
  if (first === "jobs" && id) return h(Job, { ...props, key: `job ${id}` });
  if (first === "runs" && id) return h(Run, { ...props, key: `run ${id}` });
  if (first === "patterns" && id) return h(Pattern, { id, key: `pattern ${id}` });
  if (first === "sets" && id) return h(OneSet, { id, key: `set ${id}` });
  return SIMPLE[first] ? h(SIMPLE[first], { key: first, id }) : h(Missing);
}

const NAMES = new Map(PAGES.map(([href, , title]) => [href.slice(2), title]));

function title() {
  const [first, id] = route.path;
  const where = first === "new" ? "New job" : id ? `${id.slice(0, 80)}` : NAMES.get(first ?? "") ?? "Not found";
  const sign = { good: "", warn: "! ", bad: "✕ " }[verdict()];
  return `${session.loginNeeded ? "Log in" : sign + where} · Millrace`;
}

const App = {
  setup() {
    const fault = shallowRef(null);
    onErrorCaptured((error) => {
      console.error(error);
      fault.value = { of: route.hash, title: "This page has a fault", detail: String(error?.message ?? error), remedy: "Reload it. If it comes again, tell us what was shown here." };
      return false;
    });
    watchEffect(() => { document.title = title(); });
    return () => {
      if (session.loginNeeded) return [h(Login), h(Over)];
      const broken = fault.value?.of === route.hash ? fault.value : null;
      return h("div", { class: "shell" }, [
        h("a", { class: "skip", href: "#content", onClick: (e) => { e.preventDefault(); document.getElementById("content").focus(); } }, "Skip to the content"),
        h(Rail), h(TopBar),
        h("main", { id: "content", tabindex: -1 }, h("div", { class: "page", key: session.namespace }, [broken ? problemBox(broken) : view()])),
        h(Dock), h(Over),
      ]);
    };
  },
};

let shown = null;
window.addEventListener("hashchange", () => {
  const now = route.path.join("/");
  if (now !== shown) window.scrollTo(0, 0);
  shown = now;
});

followKeys();
await loadSession();
createApp(App).mount("#app");
watchHealth();
followEvents();
