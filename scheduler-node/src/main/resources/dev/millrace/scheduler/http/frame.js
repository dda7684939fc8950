// What is round every page: the rail, the bar above, the dock of a phone, the theme, and whether we are live.
import { h, ref } from "/dashboard/vue.js";
import { logout, session, useNamespace } from "/dashboard/api.js";
import { icon } from "/dashboard/icons.js";
import { health, verdict } from "/dashboard/health.js";
import { route, setQuery } from "/dashboard/route.js";
import { openHelp, openPalette } from "/dashboard/palette.js";

/** The pages: address, icon, title, the letter after `g`, and what it is for. */
export const GROUPS = [
  [null, [["#/", "overview", "Overview", "o", "is all well, and what is not"]]],
  ["Work", [
    ["#/jobs", "jobs", "Jobs", "j", "what there is to run"],
    ["#/runs", "runs", "Runs", "r", "what ran, runs and waits"],
    ["#/schedule", "schedule", "Schedule", "s", "coming ticks and their load"],
    ["#/dead", "dead", "Dead letters", "d", "what failed for good: edit and redrive"],
    ["#/bulk", "bulk", "Bulk operations", "b", "one action on many runs or jobs"],
    ["#/alerts", "alerts", "Alerts", "a", "who is told when"],
  ]],
  ["Fleet", [
    ["#/workers", "workers", "Workers", "w", "who executes"],
    ["#/pools", "pools", "Pools", "p", "backlog, slots and rates"],
    ["#/locks", "locks", "Locks", "l", "who holds and who waits"],
    ["#/pauses", "pauses", "Pauses", "u", "what is kept from starting"],
  ]],
  ["Library", [
    ["#/patterns", "patterns", "Patterns", "n", "templates that jobs use"],
    ["#/sets", "sets", "Sets", "e", "who owns which jobs"],
  ]],
  ["Admin", [
    ["#/audit", "audit", "Audit", "i", "who did what"],
    ["#/tokens", "tokens", "Tokens", "t", "who may call"],
    ["#/secrets", "secrets", "Secrets", "x", "names of secrets, never values"],
    ["#/quotas", "quotas", "Quotas", "q", "limits of namespaces"],
  ]],
];
export const PAGES = GROUPS.flatMap(([, pages]) => pages);
const DOCK = ["#/", "#/jobs", "#/runs", "#/dead"];

const here = (href) => (href === "#/" ? route.path.length === 0 : `#/${route.path[0]}` === href);

function mark(href) {
  if (href === "#/dead") {
    const open = health.now?.deadLetters?.open;
    return open ? h("span", { class: "count bad", title: `${open} open` }, open > 999 ? "999+" : String(open)) : null;
  }
  if (href === "#/" && health.now && verdict() !== "good") {
    const n = health.now.problems.length || "!";
    return h("span", { class: ["count", verdict()], title: `${n} problems` }, String(n));
  }
  return null;
}

const link = ([href, name, title, key], phone) =>
  h("a", { key: href, href, class: "navlink", title: phone ? undefined : `${title} (g ${key})`, "aria-current": here(href) ? "page" : undefined }, [icon(name, phone ? 20 : 17), h("span", title), mark(href)]);

export const Rail = {
  setup: () => () => h("nav", { class: "rail", "aria-label": "Main" }, [
    h("a", { class: "brand", href: "#/" }, [h("img", { src: "/dashboard/icon.svg", alt: "", width: 22, height: 22 }), "Millrace"]),
    h("div", { class: "links" }, GROUPS.map(([title, pages]) => [title ? h("p", { class: "group", id: `group-${title}` }, title) : null, ...pages.map((page) => link(page, false))])),
    h("p", { class: "rail-foot dim" }, health.status ? [h("span", { title: "The node that answers" }, health.status.node), h("span", { title: "Its version" }, health.status.version)] : null),
  ]),
};

export const Dock = {
  setup() {
    const open = ref(false);
    const close = () => { open.value = false; };
    return () => [
      h("nav", { class: "dock", "aria-label": "Main, short" }, [
        ...PAGES.filter(([href]) => DOCK.includes(href)).map((page) => link(page, true)),
        h("button", { type: "button", class: "navlink", "aria-expanded": open.value ? "true" : "false", onClick: () => { open.value = !open.value; } }, [icon("more", 20), h("span", "More")]),
      ]),
      open.value ? h("div", { class: "drawer", role: "dialog", "aria-modal": "true", "aria-label": "All pages", onClick: close, onKeydown: (e) => { if (e.key === "Escape") close(); } }, h("div", { class: "sheet" }, [
        GROUPS.map(([title, pages]) => [title ? h("p", { class: "group" }, title) : null, h("div", { class: "sheet-links" }, pages.map((page) => link(page, true)))]),
        h("div", { class: "sheet-foot" }, [h(Theme), h(User)]),
      ])) : null,
    ];
  },
};

const THEMES = [["auto", "as the system"], ["light", "light"], ["dark", "dark"]];
const chosenTheme = ref(document.documentElement.dataset.theme ?? "auto");

export function setTheme(name) {
  chosenTheme.value = name;
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem("millrace.theme", name);
  } catch {
    // a browser that keeps nothing forgets it with the tab
  }
  window.dispatchEvent(new Event("millrace-theme"));
}

const Theme = {
  setup: () => () => h("div", { class: "switch", role: "group", "aria-label": "Theme" }, THEMES.map(([name, title]) =>
    h("button", { key: name, type: "button", class: "plain square", "aria-label": `Theme: ${title}`, title: `Theme: ${title}`, "aria-pressed": chosenTheme.value === name ? "true" : "false", onClick: () => setTheme(name) }, icon(name)))),
};

const User = {
  setup: () => () => {
    const user = session.user;
    if (!user?.authenticated) return null;
    if (user.kind === "local") return h("span", { class: "who dim", title: "Opened on this machine without a login: admin of everything" }, [icon("user", 15), "local"]);
    return h("span", { class: "who" }, [icon("user", 15), h("span", { title: Object.entries(user.roles ?? {}).map(([space, role]) => `${role} of ${space === "*" ? "everything" : space}`).join(", ") }, user.name), h("button", { type: "button", class: "plain", onClick: logout }, "Log out")]);
  },
};

const Spaces = {
  setup() {
    const typing = ref(null);
    function choose(event) {
      const name = event.target.value.trim() || "default";
      typing.value = null;
      if (!/^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,127})$/.test(name)) return;
      setQuery({ ns: null, namespace: null, after: null });
      useNamespace(name);
      event.target.blur();
    }
    return () => {
      const names = [...new Set(["default", ...Object.keys(session.user?.roles ?? {}).filter((n) => n !== "*"), ...session.known, "*"])];
      return h("label", { class: "space", title: "Namespace; * is all you may see" }, [
        h("span", "Namespace"),
        h("input", { "aria-label": "Namespace", list: "namespaces", value: typing.value ?? session.namespace, size: 11, spellcheck: false, autocapitalize: "off", autocomplete: "off",
          onFocus: (e) => e.target.select(), onInput: (e) => { typing.value = e.target.value; }, onChange: choose, onKeydown: (e) => { if (e.key === "Enter") choose(e); } }),
        h("datalist", { id: "namespaces" }, names.map((name) => h("option", { key: name, value: name }, name === "*" ? "all namespaces" : undefined))),
      ]);
    };
  },
};

const Pulse = {
  setup: () => () => {
    const [kind, text, title] = session.live ? ["on", "Live", "What happens is shown within a second"]
      : session.away ? ["off", "Away", "This node does not answer; the page tries again by itself"]
        : ["wait", "Connecting", "Waiting for the stream of events; pages are asked every 10 s"];
    return h("span", { class: ["pulse", kind], role: "status", title }, text);
  },
};

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export const TopBar = {
  setup: () => () => h("header", { class: "top" }, [
    h("a", { class: "brand phone", href: "#/", "aria-label": "Millrace: overview" }, h("img", { src: "/dashboard/icon.svg", alt: "", width: 24, height: 24 })),
    h("button", { type: "button", class: "jump", onClick: openPalette, "aria-label": "Search, jump or act" }, [icon("search", 15), h("span", "Search or jump to…"), h("kbd", mac ? "⌘ K" : "Ctrl K")]),
    h("span", { class: "grow" }),
    h(Spaces), h(Pulse), h("span", { class: "desk" }, h(Theme)), h("span", { class: "desk" }, h(User)),
    h("button", { type: "button", class: "plain square desk", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", onClick: openHelp }, icon("help", 18)),
  ]),
};
