// The frame: where we are, whether we are live, and the token when one is needed.
import { createApp, h, ref } from "/dashboard/vue.js";
import { followEvents, session, useNamespace, useToken } from "/dashboard/api.js";
import { Dialog } from "/dashboard/parts.js";
import { Overview, Workers } from "/dashboard/overview.js";
import { Job, Jobs, Runs } from "/dashboard/jobs.js";
import { Run } from "/dashboard/run.js";

const LINKS = [["#/", "Overview"], ["#/jobs", "Jobs"], ["#/runs", "Runs"], ["#/workers", "Workers"]];

function view(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  if (parts[0] === "jobs") return parts[1] ? h(Job, { id: parts[1], key: hash }) : h(Jobs);
  if (parts[0] === "runs") return parts[1] ? h(Run, { id: parts[1], key: hash }) : h(Runs, { job: new URLSearchParams(query).get("job") ?? undefined, key: hash });
  if (parts[0] === "workers") return h(Workers);
  return h(Overview);
}

const TokenDialog = {
  setup() {
    const token = ref("");
    return () => h(Dialog, { title: "Token" }, () => h("form", { onSubmit: (e) => { e.preventDefault(); useToken(token.value.trim()); } }, [
      h("p", session.tokenWrong ? "That token is not the right one." : "This node asks for its token. It is kept until you close this tab."),
      h("label", ["Token", h("input", { type: "password", autocomplete: "off", autofocus: true, required: true, value: token.value, onInput: (e) => { token.value = e.target.value; } })]),
      h("footer", [h("button", { class: "primary" }, "Go on")]),
    ]));
  },
};

const App = {
  setup() {
    const hash = ref(location.hash || "#/");
    window.addEventListener("hashchange", () => {
      hash.value = location.hash || "#/";
      window.scrollTo(0, 0);
    });
    return () => {
      const here = (href) => (href === "#/" ? hash.value === "#/" : hash.value.startsWith(href));
      return [
        h("a", { class: "skip", href: "#content", onClick: (e) => { e.preventDefault(); document.getElementById("content").focus(); } }, "Skip to the content"),
        h("header", { class: "top" }, h("div", { class: "inner" }, [
          h("a", { class: "brand", href: "#/" }, [h("img", { src: "/dashboard/icon.svg", alt: "", width: 22, height: 22 }), "Millrace"]),
          h("nav", { "aria-label": "Main" }, LINKS.map(([href, title]) => h("a", { href, "aria-current": here(href) ? "page" : undefined }, title))),
          h("label", { class: "space" }, [h("span", "namespace"), h("input", { "aria-label": "Namespace", value: session.namespace, size: 10, onChange: (e) => useNamespace(e.target.value.trim()) })]),
          h("span", { class: ["pulse", session.live ? "on" : "off"], role: "status" }, session.live ? "live" : "reconnecting"),
        ])),
        h("main", { id: "content", tabindex: -1 }, session.tokenNeeded ? null : [h("div", { key: session.namespace }, [view(hash.value)])]),
        session.tokenNeeded ? h(TokenDialog) : null,
      ];
    };
  },
};

createApp(App).mount("#app");
followEvents();
