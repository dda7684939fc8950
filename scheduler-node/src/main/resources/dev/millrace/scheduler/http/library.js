// Patterns that jobs are made of, and sets that own jobs.
import { h } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { badge, clean, copyButton, empty, jobLink, loading, panel, problemBox, useLive, when } from "/dashboard/parts.js";
import { table, useList } from "/dashboard/table.js";

const PATTERN_COLUMNS = [
  { title: "Pattern", whole: true, cell: (p) => [h("a", { class: "name", "data-main": "", href: `#/patterns/${encodeURIComponent(p.name)}${p.namespace === session.chosen ? "" : `?ns=${encodeURIComponent(p.namespace)}`}` }, clean(p.name, 100))] },
  { title: "Version", num: true, cell: (p) => p.version },
  { title: "Used by", num: true, cell: (p) => `${p.users} ${p.users === 1 ? "job" : "jobs"}` },
  { title: "Behind", num: true, cell: (p) => (p.behind ? h("span", { class: "is-warn", title: "Jobs that still use an older version" }, p.behind) : h("span", { class: "dim" }, "none")) },
  { title: "Defined by", wide: true, class: "dim", cell: (p) => clean(p.source, 100) },
  { title: "Changed", cell: (p) => when(p.updatedAt) },
];
const EXAMPLE = "pattern: greet\nparams:\n  whom: {type: string, default: world}\nstages:\n  - {id: hello, run: command, with: {shell: \"echo hello ${{ params.whom }}\"}}";

export const Patterns = {
  setup() {
    const list = useList(() => "/patterns", { get });
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [h("h1", "Patterns"), problemBox(page ? list.problem.value : null),
        !page ? loading(list, 5) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (p) => p.name, columns: PATTERN_COLUMNS, label: "Patterns" })
          : empty("No patterns here", "A pattern is a template with parameters that jobs use by `uses: name@version`. Register one by `millrace pattern put`:", h("pre", EXAMPLE))),
        list.pager()]);
    };
  },
};

export const Pattern = {
  props: { id: String },
  setup(props) {
    const live = useLive(() => get(`/patterns/${encodeURIComponent(props.id)}`));
    return () => {
      const p = live.value.value;
      if (!p) return loading(live, 6);
      const users = p.users ?? p.usedBy ?? [];
      return h("div", { class: "stack" }, [
        h("div", { class: "title" }, h("h1", [clean(p.name, 100), h("span", { class: "tag" }, `version ${p.version}`)])), p.description ? h("p", { class: "lead" }, clean(p.description, 600)) : null, problemBox(live.problem.value),
        panel("Used by", null, Array.isArray(users) && users.length ? h("ul", { class: "rows", "data-rows": "" }, users.map((u) => h("li", { key: `${u.namespace}/${u.job}` }, [h("a", { class: "name grow", href: jobLink(u.job, u.namespace) }, clean(u.job, 100)), h("span", { class: u.behind ? "is-warn" : "dim" }, `version ${u.version}${u.behind ? ", behind" : ""}`)]))) : empty("No job uses it", `Name it in a job: uses: ${clean(p.name, 60)}@${p.version}`)),
        panel("Parameters", null, (p.params ?? []).length ? table({ rows: p.params, key: (x) => x.name, label: "Parameters", columns: [
          { title: "Name", whole: true, cell: (x) => h("span", { class: "name" }, clean(x.name, 80)) }, { title: "Type", cell: (x) => x.type }, { title: "Needed", cell: (x) => (x.required ? "yes" : "no") },
          { title: "Default", cell: (x) => h("span", { class: "mono clip short block" }, x.secret ? "secret" : x.default == null ? "" : clean(JSON.stringify(x.default), 120)) }, { title: "Read when", wide: true, cell: (x) => (x.read === "load" ? "the job is loaded" : "a run starts") }] }) : empty("It has none", "")),
        panel("As it was written", copyButton(p.text ?? "", "Copy"), h("pre", { tabindex: 0, "aria-label": "Definition" }, p.text ?? "")),
      ]);
    };
  },
};

export const Sets = {
  setup() {
    const list = useList(() => "/sets", { get });
    const columns = [{ title: "Set", whole: true, cell: (s) => h("a", { class: "name", "data-main": "", href: `#/sets/${encodeURIComponent(s.set)}` }, clean(s.set, 100)) }, { title: "Jobs", num: true, cell: (s) => s.jobs }, { title: "Changed", cell: (s) => when(s.changedAt) }];
    return () => {
      const page = list.value.value;
      return h("div", { class: "stack" }, [h("h1", "Sets"), problemBox(page ? list.problem.value : null),
        !page ? loading(list, 4) : h("section", { class: "panel" }, page.items.length ? table({ rows: page.items, key: (s) => s.set, columns, label: "Sets" })
          : empty("No sets yet", "A set owns the jobs of a folder, so that what is taken out of the folder goes from here too:", h("pre", "millrace plan ./jobs --set team-a\nmillrace apply ./jobs --set team-a --prune"))),
        list.pager()]);
    };
  },
};

export const OneSet = {
  props: { id: String },
  setup(props) {
    const live = useLive(() => get(`/sets/${encodeURIComponent(props.id)}`));
    const columns = [
      { title: "Job", whole: true, cell: (j) => [h("a", { class: "name", "data-main": "", href: jobLink(j.job, j.namespace) }, clean(j.job, 100)), h("span", { class: "dim" }, ` ${clean(j.namespace, 60)}`)] },
      { title: "State", bare: true, cell: (j) => badge(j.state) }, { title: "Version", num: true, cell: (j) => j.version }, { title: "File", wide: true, class: "mono dim", cell: (j) => clean(j.file ?? "", 120) }];
    return () => {
      const s = live.value.value;
      if (!s) return loading(live, 5);
      const jobs = s.jobs ?? s.items ?? [];
      return h("div", { class: "stack" }, [h("h1", clean(s.set ?? props.id, 100)), problemBox(live.problem.value), h("section", { class: "panel" }, jobs.length ? table({ rows: jobs, key: (j) => `${j.namespace}/${j.job}`, columns, label: "Jobs of the set" }) : empty("It owns no jobs", ""))]);
    };
  },
};
