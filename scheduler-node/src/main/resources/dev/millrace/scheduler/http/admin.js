// Who did what, who may call, which secrets there are, and the limits of namespaces.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { del, get, post, put, session } from "/dashboard/api.js";
import { meter } from "/dashboard/charts.js";
import { actionButton, clean, confirmReason, copyButton, Dialog, empty, loading, openDialog, panel, problemBox, since, toast, useLive, when } from "/dashboard/parts.js";
import { filterBar, filterQuery, searchFilter, table, textFilter, timeFilter, useList } from "/dashboard/table.js";
import { route } from "/dashboard/route.js";

const FOLLOWS_MS = 10_000;
const SOON_MS = 1_000;
const AUDIT = ["subject", "actor", "action", "since", "until"];
const statusTone = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : "good");

const AUDIT_COLUMNS = [
  { title: "What", whole: true, cell: (a) => [h("span", { class: "name" }, clean(a.action, 80)), a.subject ? h("span", ` ${clean(a.subject, 120)}`) : null, h("div", { class: "dim mono clip", title: clean(a.path, 400) }, `${a.method} ${clean(a.path, 200)}`)] },
  { title: "Outcome", bare: true, cell: (a) => (a.status == null ? h("span", { class: "tag", title: "It is being executed; or its node ended meanwhile, and it may or may not have been." }, "not known") : h("span", { class: ["tag", statusTone(a.status)] }, String(a.status))) },
  { title: "Who", cell: (a) => [clean(a.actor ?? "nobody", 80), h("span", { class: "dim" }, ` ${a.kind ?? ""}`)] },
  { title: "Reason", cell: (a) => h("span", { class: "clip short block", title: clean(a.reason ?? "") }, clean(a.reason ?? "–", 200)) },
  { title: "Namespace", wide: true, class: "dim", cell: (a) => clean(a.namespace ?? "", 60) },
  { title: "From", wide: true, class: "dim", cell: (a) => clean(a.ip ?? "", 60) },
  { title: "When", cell: (a) => when(a.at) },
];

export const Audit = {
  setup() {
    const list = useList(() => `/audit${filterQuery(AUDIT)}`, { get });
    // Status and reason follow a row within half a second, and no event tells of it.
    watch(list.value, (page) => {
      if (page?.items.some((a) => a.status == null && since(a.at) < FOLLOWS_MS)) setTimeout(list.refresh, SOON_MS);
    });
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [h("h1", "Audit"),
        filterBar(AUDIT, [searchFilter("subject", "Subject", "Subject: a job, a run, a token"), textFilter("actor", "Who", "a name"), textFilter("action", "Action", "as in the list")], [timeFilter("since", "Since"), timeFilter("until", "Until")]),
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 8) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (a) => a.id, columns: AUDIT_COLUMNS, label: "Audit" })
          : empty(AUDIT.some((key) => route.query[key]) ? "Nothing fits these filters" : "Nothing was changed yet", "Each change through the API is here, and each that was refused.")),
        list.pager()]);
    };
  },
};

const ROLES = [["viewer", "viewer: looks"], ["operator", "operator: starts, pauses, stops, redrives"], ["editor", "editor: changes definitions"], ["admin", "admin: tokens, quotas, secrets"]];
const EXPIRY = [["P1D", "in a day"], ["P30D", "in 30 days"], ["P90D", "in 90 days"], ["P365D", "in a year"], ["", "never"]];

const TokenDialog = {
  props: { done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const form = ref({ name: "", namespace: session.namespace, role: "operator", expiresIn: "P90D" });
    const made = shallowRef(null);
    const problem = shallowRef(null);
    const set = (key) => (e) => { form.value = { ...form.value, [key]: e.target.value }; };
    async function submit(event) {
      event.preventDefault();
      problem.value = null;
      try {
        const f = form.value;
        made.value = await post("/tokens", { name: f.name.trim(), roles: { [f.namespace.trim() || "default"]: f.role }, expiresIn: f.expiresIn || null });
        props.done();
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: made.value ? "The new token" : "New token", onClose: () => emit("close") }, () => made.value
      ? h("form", { onSubmit: (e) => { e.preventDefault(); emit("close"); } }, [
        h("p", "This is shown once and kept nowhere. Copy it now."),
        h("div", { class: "shown-once" }, [h("code", { "data-token": "" }, made.value.token), copyButton(made.value.token, "Copy")]),
        h("p", { class: "dim" }, "Use it as: Authorization: Bearer TOKEN, or by: millrace login."),
        h("footer", h("button", { class: "primary" }, "I have it"))])
      : h("form", { onSubmit: submit }, [
        h("label", ["Name", h("input", { name: "name", required: true, maxlength: 100, autofocus: true, autocomplete: "off", placeholder: "ci deploy", value: form.value.name, onInput: set("name") })]),
        h("label", ["Role", h("select", { name: "role", value: form.value.role, onChange: set("role") }, ROLES.map(([key, text]) => h("option", { value: key }, text)))]),
        h("label", ["In namespace; * is all", h("input", { name: "namespace", required: true, maxlength: 200, value: form.value.namespace, onInput: set("namespace") })]),
        h("label", ["Expires", h("select", { name: "expires", value: form.value.expiresIn, onChange: set("expiresIn") }, EXPIRY.map(([key, text]) => h("option", { value: key }, text)))]),
        problemBox(problem.value),
        h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Make the token")]),
      ]));
  },
};

const revoke = (token, done) => confirmReason({
  title: `Revoke ${clean(token.name, 80)}?`, text: "Whoever uses it is refused within five seconds, on every node. It cannot be taken back.", action: "Revoke", danger: true, done: `Revoked ${clean(token.name, 80)}`,
  run: async ({ reason }) => {
    await del(`/tokens/${encodeURIComponent(token.id)}${reason ? `?reason=${encodeURIComponent(reason)}` : ""}`);
    done();
  },
});

export const Tokens = {
  setup() {
    const list = useList(() => "/tokens", { get });
    const columns = [
      { title: "Token", whole: true, cell: (t) => [h("span", { class: "name" }, clean(t.name, 100)), h("div", { class: "dim" }, [`made by ${clean(t.createdBy ?? "–", 80)} `, when(t.createdAt)])] },
      { title: "State", bare: true, cell: (t) => (t.revokedAt ? h("span", { class: "tag bad", title: clean(t.revokedReason ?? "") }, "revoked") : t.ended ? h("span", { class: "tag warn" }, "expired") : h("span", { class: "tag good" }, "in use")) },
      { title: "Roles", cell: (t) => Object.entries(t.roles).map(([namespace, role]) => h("span", { key: namespace, class: "tag" }, `${role} of ${namespace === "*" ? "all" : clean(namespace, 60)}`)) },
      { title: "Expires", cell: (t) => (t.expiresAt ? when(t.expiresAt) : h("span", { class: "dim" }, "never")) },
      { title: "Last used", cell: (t) => (t.usedAt ? when(t.usedAt) : h("span", { class: "dim" }, "not yet")) },
      { title: "Actions", hidden: true, num: true, cell: (t) => (t.revokedAt || t.ended ? null : actionButton({ small: true, danger: true, role: "admin", label: "Revoke", onClick: () => revoke(t, list.refresh) })) },
    ];
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Tokens"), actionButton({ role: "admin", primary: true, label: "New token…", onClick: () => openDialog(TokenDialog, { done: list.refresh }) })]),
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 5) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (t) => t.id, columns, label: "Tokens" }) : empty("No tokens", "Make one for each program that calls this API, with the least role that does.")),
        list.pager()]);
    };
  },
};

const SecretDialog = {
  props: { name: String, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const name = ref(props.name ?? "");
    const value = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await put(`/secrets/${encodeURIComponent(name.value.trim())}`, { value: value.value });
        toast(`Secret ${name.value} is set`);
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: props.name ? `New value of ${clean(props.name, 80)}` : "New secret", onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      props.name ? null : h("label", ["Name", h("input", { name: "name", required: true, maxlength: 200, autofocus: true, autocomplete: "off", value: name.value, onInput: (e) => { name.value = e.target.value; } })]),
      h("label", ["Value, 6 characters at least; it is never shown again", h("input", { name: "value", type: "password", required: true, minlength: 6, maxlength: 32_768, autocomplete: "new-password", value: value.value, onInput: (e) => { value.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Set the secret")]),
    ]));
  },
};

export const Secrets = {
  setup() {
    const list = useList(() => "/secrets", { get });
    const remove = (s) => confirmReason({ title: `Remove ${clean(s.name, 80)}?`, text: "Runs that need it fail until it is set again.", action: "Remove", danger: true, done: `Removed ${clean(s.name, 80)}`, run: async ({ reason }) => { await del(`/secrets/${encodeURIComponent(s.name)}${reason ? `?reason=${encodeURIComponent(reason)}` : ""}`); list.refresh(); } });
    const columns = [
      { title: "Secret", whole: true, cell: (s) => [h("span", { class: "name mono" }, clean(s.name, 100)), h("div", { class: "dim mono" }, `\${secret:${clean(s.name, 100)}}`)] },
      { title: "Version", num: true, cell: (s) => s.version }, { title: "Key", wide: true, class: "mono dim", cell: (s) => clean(s.key ?? "", 40) }, { title: "Changed", cell: (s) => when(s.changedAt) }, { title: "By", cell: (s) => clean(s.changedBy ?? "", 80) },
      { title: "Actions", hidden: true, num: true, cell: (s) => h("span", { class: "actions" }, [actionButton({ small: true, role: "admin", label: "New value…", onClick: () => openDialog(SecretDialog, { name: s.name, done: list.refresh }) }), actionButton({ small: true, danger: true, role: "admin", label: "Remove", onClick: () => remove(s) })]) },
    ];
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, [h("h1", "Secrets"), actionButton({ role: "admin", primary: true, label: "New secret…", onClick: () => openDialog(SecretDialog, { done: list.refresh }) })]),
        h("p", { class: "lead" }, "Names only. Values are encrypted, given to workers when a stage needs them, and shown to nobody."),
        problemBox(page ? list.problem.value : null),
        !page ? loading(list, 4) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (s) => s.name, columns, label: "Secrets" }) : empty(`No secrets in ${session.namespace}`, "A job names one as ${secret:NAME}; its value may also come from the environment or a file of the node.")),
        list.pager()]);
    };
  },
};

const LIMITS = [["jobs", "Jobs"], ["queued", "Runs that wait"], ["running", "Runs at once"], ["runsPerDay", "Runs a day"], ["payloadBytes", "Bytes of parameters"]];

const QuotaDialog = {
  props: { namespace: String, quota: Object, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const form = ref({ ...props.quota, reason: "" });
    const problem = shallowRef(null);
    const set = (key) => (e) => { form.value = { ...form.value, [key]: e.target.value }; };
    async function submit(event) {
      event.preventDefault();
      try {
        const f = form.value;
        const numbers = Object.fromEntries(LIMITS.map(([key]) => [key, f[key] === "" || f[key] == null ? null : Number(f[key])]));
        await put(`/namespaces/${encodeURIComponent(props.namespace)}/quota`, { ...numbers, minInterval: f.minInterval || null, whenOver: f.whenOver, reason: f.reason || null });
        toast(`The quota of ${props.namespace} is set`);
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: `Quota of ${clean(props.namespace, 60)}`, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", { class: "dim" }, "An empty field has no limit."),
      ...LIMITS.map(([key, text]) => h("label", { key }, [text, h("input", { type: "number", min: 0, name: key, value: form.value[key] ?? "", onInput: set(key) })])),
      h("label", ["Shortest interval of a trigger", h("input", { name: "minInterval", placeholder: "PT1M", value: form.value.minInterval ?? "", onInput: set("minInterval") })]),
      h("label", ["What is over it", h("select", { value: form.value.whenOver, onChange: set("whenOver") }, [h("option", { value: "reject" }, "is refused (429)"), h("option", { value: "wait" }, "waits")])]),
      h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: form.value.reason, maxlength: 1000, onInput: set("reason") })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, "Set the quota")]),
    ]));
  },
};

/** The quota of the chosen namespace; with * of those that this browser knows. */
export const Quotas = {
  setup() {
    const live = useLive(async () => {
      const names = session.namespace === "*" ? session.known.filter((name) => name !== "*") : [session.namespace];
      return Promise.all(names.slice(0, 20).map((name) => get(`/namespaces/${encodeURIComponent(name)}/quota`)));
    });
    const row = (quota, [key, text]) => {
      const limit = quota[key];
      const used = quota.used?.[key];
      return [h("dt", text), h("dd", limit == null ? h("span", { class: "dim" }, `no limit${used == null ? "" : `, ${used.toLocaleString("en")} now`}`)
        : [used == null ? null : [meter(used, limit, `${used} of ${limit}`, used >= limit ? "bad" : used > 0.8 * limit ? "warn" : "good"), ` ${used.toLocaleString("en")} of `], limit.toLocaleString("en")])];
    };
    return () => {
      const quotas = live.value.value;
      if (!quotas) return h("div", { class: "stack" }, [h("h1", "Quotas"), loading(live, 5)]);
      return h("div", { class: "stack" }, [h("h1", "Quotas"), problemBox(live.problem.value),
        quotas.map((quota) => panel(clean(quota.namespace, 80), actionButton({ small: true, role: "admin", namespace: "*", label: "Change…", onClick: () => openDialog(QuotaDialog, { namespace: quota.namespace, quota, done: live.refresh }) }), h("dl", { class: "pairs" }, [
          ...LIMITS.map((limit) => row(quota, limit)), h("dt", "Shortest interval"), h("dd", quota.minInterval ?? h("span", { class: "dim" }, "no limit")), h("dt", "What is over it"), h("dd", quota.whenOver === "wait" ? "waits" : "is refused")]))),
        session.namespace === "*" ? h("p", { class: "dim" }, "Of the namespaces that this browser has opened. Choose one above to see another.") : null]);
    };
  },
};
