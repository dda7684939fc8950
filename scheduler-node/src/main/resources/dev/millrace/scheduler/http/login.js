// The way in: a token, or the company's login when one is set up. After it one is where one was.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { login, session } from "/dashboard/api.js";
import { problemBox } from "/dashboard/parts.js";

export const Login = {
  setup() {
    const token = ref("");
    const busy = ref(false);
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      busy.value = true;
      problem.value = null;
      try {
        await login(token.value.trim());
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    return () => {
      const oidc = session.user?.login?.oidc;
      return h("main", { id: "content", class: "login", tabindex: -1 }, h("div", { class: "panel login-box" }, [
        h("div", { class: "brand" }, [h("img", { src: "/dashboard/icon.svg", alt: "", width: 30, height: 30 }), h("h1", "Millrace")]),
        oidc ? h("a", { class: "button primary", href: `${oidc.url}?to=${encodeURIComponent(`/${location.hash}`)}` }, `Log in with ${oidc.name}`) : null,
        oidc ? h("p", { class: "or dim" }, h("span", "or")) : null,
        h("form", { onSubmit: submit }, [
          h("label", ["Token", h("input", { type: "password", name: "token", autocomplete: "current-password", autofocus: !oidc, required: true, maxlength: 4096, value: token.value, placeholder: "mlr_…", onInput: (e) => { token.value = e.target.value; } })]),
          problemBox(problem.value),
          h("button", { class: oidc ? "" : "primary", disabled: busy.value }, busy.value ? "One moment…" : "Log in"),
        ]),
        h("p", { class: "dim" }, ["The first start of a node prints an admin token once. More are made on the page Tokens or by ", h("code", "millrace token create"), "."]),
      ]));
    };
  },
};
