// The versions of a job: who changed what and why, what differs between two, and the way back.
import { h, ref, shallowRef, watch } from "/dashboard/vue.js";
import { allowed, get, post } from "/dashboard/api.js";
import { empty, problemBox, ReasonDialog, when } from "/dashboard/parts.js";
import { plain } from "/dashboard/ansi.js";
import { diffView } from "/dashboard/diff.js";

const NARROW = "(max-width: 760px)";

export const Versions = {
  props: { job: Object, refresh: Function },
  setup(props) {
    const items = shallowRef(null);
    const next = ref(null);
    const problem = shallowRef(null);
    const from = ref(null);
    const to = ref(null);
    const diff = shallowRef(null);
    const side = ref(!window.matchMedia(NARROW).matches);
    const back = ref(null);
    const ns = () => `namespace=${encodeURIComponent(props.job.namespace)}`;
    const path = () => `/jobs/${encodeURIComponent(props.job.id)}`;
    async function read(more) {
      try {
        const page = await get(`${path()}/versions?limit=50&${ns()}${more ? `&after=${next.value}` : ""}`);
        items.value = more ? [...items.value, ...page.items] : page.items;
        next.value = page.next;
        problem.value = null;
        if (!more) {
          to.value = items.value[0]?.version ?? null;
          from.value = items.value[1]?.version ?? null;
        }
      } catch (e) {
        problem.value = e;
      }
    }
    watch(() => props.job.version, () => read(false), { immediate: true });
    watch([from, to], async () => {
      diff.value = null;
      if (!from.value || !to.value || from.value === to.value) return;
      try {
        const [a, b] = [Math.min(from.value, to.value), Math.max(from.value, to.value)];
        diff.value = await get(`${path()}/diff?from=${a}&to=${b}&${ns()}`);
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
    }, { immediate: true });
    function row(v) {
      const now = v.version === props.job.version;
      const not = now ? "This version is in force." : props.job.state === "ARCHIVED" ? "The job is archived." : allowed("editor", props.job.namespace);
      const pick = (target, label) => h("input", { type: "radio", name: label, "aria-label": `${label} version ${v.version}`, checked: target.value === v.version, onChange: () => { target.value = v.version; } });
      return h("li", { key: v.version }, [
        h("span", { class: "versionpicks" }, [pick(from, "from"), pick(to, "to")]),
        h("div", { class: "grow" }, [h("p", [h("b", `Version ${v.version}`), now ? h("span", { class: "badge good" }, "in force") : null, v.restored ? h("span", { class: "dim" }, ` brought back ${v.restored}`) : null]),
          h("p", { class: "dim small" }, [v.actor, " · ", when(v.createdAt), v.source ? ` · ${v.source}` : "", v.reason ? ` · “${plain(v.reason)}”` : ""])]),
        h("button", { type: "button", disabled: Boolean(not), title: not ?? `Make what version ${v.version} said the newest version`, onClick: () => { back.value = v.version; } }, "Roll back"),
      ]);
    }
    return () => {
      if (!items.value) return problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…");
      const two = diff.value;
      return h("div", { class: "versions" }, [
        back.value ? h(ReasonDialog, { title: `Roll back to version ${back.value}?`, text: `What it said becomes version ${props.job.version + 1}. Runs that are under way keep their version.`, action: "Roll back", onClose: () => { back.value = null; },
          run: async (asked) => { await post(`${path()}/rollback?${ns()}`, { version: back.value, reason: asked.reason }); await props.refresh(); } }) : null,
        h("div", { class: "versionlist" }, [h("p", { class: "small dim pad" }, "from · to"), h("ol", { class: "rows" }, items.value.map(row)), next.value ? h("button", { type: "button", class: "more", onClick: () => read(true) }, "Older versions") : null]),
        h("div", { class: "versiondiff" }, [
          problemBox(problem.value),
          two ? [h("div", { class: "tools" }, [h("b", { class: "grow" }, `Version ${two.from} → ${two.to}`), h("button", { type: "button", "aria-pressed": side.value, onClick: () => { side.value = !side.value; } }, side.value ? "Unified" : "Side by side")]),
            two.changes.length ? h("p", { class: "small pad" }, ["Changed: ", two.changes.slice(0, 12).map((c, i) => [i ? ", " : "", h("code", c.path)]), two.changes.length > 12 ? ` and ${two.changes.length - 12} more` : ""]) : null,
            diffView(two.unified, side.value)]
            : empty(items.value.length < 2 ? "One version so far" : "Choose two versions", items.value.length < 2 ? "Each change makes a new one; what differs is shown here." : "The circles on the left: from, and to."),
        ]),
      ]);
    };
  },
};
