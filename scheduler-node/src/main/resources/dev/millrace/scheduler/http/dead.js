// Dead letters: what failed for good, grouped by what looks alike; edited, redriven, or discarded.
import { h, ref, shallowRef } from "/dashboard/vue.js";
import { get, post } from "/dashboard/api.js";
import { actionButton, badge, clean, confirmReason, copyButton, Dialog, empty, jobLink, loading, openDialog, problemBox, runLink, tabs, toast, when } from "/dashboard/parts.js";
import { filterBar, filterQuery, pickFilter, searchFilter, table, textFilter, timeFilter, useList } from "/dashboard/table.js";
import { route, setQuery } from "/dashboard/route.js";

const KEYS = ["error", "job", "stage", "fingerprint", "since", "until"];
const NO_WORD = "No run starts again by itself.";

const oneLine = (letter) => clean(letter.error ?? letter.reason, 400);

/** Edits the parameters of a dead letter's run: changed ones make a new run, unchanged ones start the stage again. */
const LetterDialog = {
  props: { id: String, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const letter = shallowRef(null);
    const problem = shallowRef(null);
    const text = ref("");
    const before = ref("");
    const reason = ref("");
    const busy = ref(false);
    get(`/dead-letters/${encodeURIComponent(props.id)}`).then((found) => {
      letter.value = found;
      before.value = JSON.stringify(found.message?.params ?? {}, null, 2);
      text.value = before.value;
    }, (e) => { problem.value = e; });
    async function submit(event) {
      event.preventDefault();
      problem.value = null;
      let params;
      if (text.value.trim() !== before.value.trim()) {
        try {
          params = JSON.parse(text.value);
        } catch (e) {
          problem.value = { title: "The parameters are not JSON", detail: String(e.message), remedy: "Correct them, or take them back as they were." };
          return;
        }
      }
      busy.value = true;
      try {
        const answer = await post(`/dead-letters/${encodeURIComponent(props.id)}/redrive`, { ...(params ? { params } : {}), reason: reason.value || null });
        toast(params ? "A new run with other parameters has started" : "Its stage starts again", "good", { href: runLink(answer.newRun ?? answer.run ?? letter.value.run), text: "Open the run" });
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    const facts = (l) => h("dl", { class: "pairs" }, [
      ["Run", h("a", { class: "mono", href: runLink(l.run), onClick: () => emit("close") }, l.run)], ["Stage", `${clean(l.stage, 80)}, attempt ${l.attempt} of ${l.attempts}`],
      ["Job", h("a", { href: jobLink(l.job, l.namespace), onClick: () => emit("close") }, `${clean(l.job, 80)}, version ${l.version}`)], ["Handler", `${clean(l.handler, 60)} in pool ${clean(l.pool, 60)}`],
      ["Worker", clean(l.worker ?? "none", 80)], ["First failed", when(l.firstFailed)], ["Last failed", when(l.lastFailed)], ["Fingerprint", h("span", { class: "mono" }, l.fingerprint)],
      l.newRun ? ["New run", h("a", { class: "mono", href: runLink(l.newRun), onClick: () => emit("close") }, l.newRun)] : null,
      l.actor ? ["Ended by", `${clean(l.actor, 80)}${l.note ? `: ${clean(l.note, 300)}` : ""}`] : null,
    ].filter(Boolean).map(([name, value]) => [h("dt", name), h("dd", value)]));
    return () => {
      const l = letter.value;
      return h(Dialog, { title: l ? `${clean(l.job, 60)} / ${clean(l.stage, 60)}` : "Dead letter", wide: true, onClose: () => emit("close") }, () => !l ? h("div", { class: "dialog-body" }, problemBox(problem.value) ?? h("p", { class: "dim" }, "One moment…")) : h("form", { onSubmit: submit }, [
        h("div", { class: "title" }, [badge(l.state), h("span", { class: "tag" }, clean(l.reason, 60))]),
        h("pre", { class: "error", tabindex: 0, "aria-label": "Error" }, l.error ?? l.reason), facts(l),
        h("details", [h("summary", "The message as the worker got it"), h("pre", { tabindex: 0, "aria-label": "Message" }, JSON.stringify(l.message, null, 2)), copyButton(JSON.stringify(l.message, null, 2), "Copy the message")]),
        l.state === "OPEN" ? [
          h("label", ["Parameters of the run; change them to start a new run with them", h("textarea", { class: "mono", name: "params", rows: 6, spellcheck: false, maxlength: 200_000, value: text.value, onInput: (e) => { text.value = e.target.value; } })]),
          h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, onInput: (e) => { reason.value = e.target.value; } })]),
        ] : null,
        problemBox(problem.value),
        h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Close"),
          l.state === "OPEN" ? h("button", { class: "primary", disabled: busy.value }, text.value.trim() === before.value.trim() ? "Redrive" : "Start a new run") : null]),
      ]));
    };
  },
};

const RedriveDialog = {
  props: { title: String, filter: Object, count: Number, done: Function },
  emits: ["close"],
  setup(props, { emit }) {
    const rate = ref("10");
    const reason = ref("");
    const problem = shallowRef(null);
    async function submit(event) {
      event.preventDefault();
      try {
        await post("/dead-letters/redrive", { filter: props.filter, rate: Number(rate.value), reason: reason.value || null });
        toast("The redrive goes on in the background", "good", { href: "#/dead?view=redrives", text: "Watch it" });
        props.done();
        emit("close");
      } catch (e) {
        problem.value = e;
      }
    }
    return () => h(Dialog, { title: props.title, onClose: () => emit("close") }, () => h("form", { onSubmit: submit }, [
      h("p", "Their stages start again, each letter once, at a rate that the pool can bear."),
      h("label", ["Letters a second", h("input", { type: "number", min: 1, max: 1000, required: true, value: rate.value, onInput: (e) => { rate.value = e.target.value; } })]),
      h("label", ["Reason (kept in the history)", h("input", { name: "reason", value: reason.value, maxlength: 1000, autofocus: true, onInput: (e) => { reason.value = e.target.value; } })]),
      problemBox(problem.value),
      h("footer", [h("button", { type: "button", onClick: () => emit("close") }, "Cancel"), h("button", { class: "primary" }, props.count ? `Redrive ${props.count}` : "Redrive all that fit")]),
    ]));
  },
};

const discard = (body, what, done) => confirmReason({
  title: `Discard ${what}?`, text: `They are closed and stay readable. ${NO_WORD}`, action: "Discard", danger: true, done: `Discarded ${what}`,
  run: async ({ reason }) => {
    await post("/dead-letters/discard", { ...body, reason });
    done();
  },
});

const Groups = {
  setup() {
    const list = useList(() => `/dead-letters/groups${filterQuery(KEYS)}`, { get });
    const columns = [
      { title: "What failed", whole: true, cell: (g) => [
        h("button", { type: "button", class: "linkish name", onClick: () => setQuery({ view: "letters", fingerprint: g.fingerprint, after: null }) }, `${clean(g.job, 80)} / ${clean(g.stage, 60)}`),
        h("div", { class: "dim clip", title: oneLine(g.newest) }, oneLine(g.newest))] },
      { title: "Letters", num: true, cell: (g) => h("strong", g.count.toLocaleString("en")) },
      { title: "Reason", cell: (g) => h("span", { class: "tag" }, clean(g.reason, 60)) },
      { title: "First", wide: true, cell: (g) => when(g.firstFailed) },
      { title: "Last", cell: (g) => when(g.lastFailed) },
      { title: "Actions", hidden: true, num: true, cell: (g) => h("span", { class: "actions" }, [
        h("button", { type: "button", class: "small", onClick: () => openDialog(LetterDialog, { id: g.newest.id, done: list.refresh }) }, "Look"),
        actionButton({ small: true, label: "Redrive…", onClick: () => openDialog(RedriveDialog, { title: `Redrive ${g.count} of ${clean(g.job, 60)}?`, filter: { fingerprint: g.fingerprint }, count: g.count, done: list.refresh }) }),
        actionButton({ small: true, danger: true, label: "Discard…", onClick: () => discard({ filter: { fingerprint: g.fingerprint } }, `${g.count} of ${clean(g.job, 60)}`, list.refresh) })]) },
    ];
    return () => {
      const page = list.value.value;
      if (!page) return loading(list, 5);
      return h("div", { class: "stack" }, [problemBox(list.problem.value), h("section", { class: "panel" }, page.items.length
        ? table({ rows: page.items, key: (g) => g.fingerprint, columns, label: "Groups of dead letters" })
        : empty(KEYS.some((key) => route.query[key]) ? "No open dead letter fits these filters" : "No dead letters", "A stage that fails for good after its retries comes here, with its message and its error.")), list.pager()]);
    };
  },
};

const Letters = {
  setup() {
    const list = useList(() => `/dead-letters${filterQuery([...KEYS, "state"])}`, { get });
    const chosen = shallowRef(new Set());
    const done = () => { chosen.value = new Set(); list.refresh(); };
    const columns = [
      { title: "Letter", whole: true, cell: (l) => [
        h("button", { type: "button", class: "linkish name", "data-main": "", onClick: () => openDialog(LetterDialog, { id: l.id, done }) }, `${clean(l.job, 80)} / ${clean(l.stage, 60)}`), h("div", { class: "dim clip", title: oneLine(l) }, oneLine(l))] },
      { title: "State", bare: true, cell: (l) => badge(l.state) },
      { title: "Reason", cell: (l) => h("span", { class: "tag" }, clean(l.reason, 60)) },
      { title: "Attempts", num: true, cell: (l) => l.attempts },
      { title: "Failed", cell: (l) => when(l.lastFailed) },
      { title: "Worker", wide: true, class: "dim", cell: (l) => clean(l.worker ?? "", 60) },
      { title: "Run", cell: (l) => h("a", { class: "mono", href: runLink(l.newRun ?? l.run) }, l.newRun ?? l.run) },
    ];
    async function redrive({ reason }) {
      const answer = await post("/dead-letters/redrive", { ids: [...chosen.value], reason });
      const refused = (answer.items ?? []).filter((item) => item.refused || item.problem || item.detail);
      if (refused.length) toast(`${refused.length} were refused: ${clean(refused[0].detail ?? refused[0].problem ?? refused[0].refused, 200)}`, "bad");
      done();
    }
    return () => {
      const page = list.value.value;
      if (!page) return loading(list, 5);
      const n = chosen.value.size;
      return h("div", { class: "stack" }, [
        problemBox(list.problem.value),
        n ? h("div", { class: "bulkbar", role: "toolbar", "aria-label": "Actions on what is chosen" }, [h("strong", { role: "status" }, `${n} chosen`),
          actionButton({ small: true, primary: true, label: "Redrive", onClick: () => confirmReason({ title: `Redrive ${n}?`, text: "Their stages start again, each letter once.", action: "Redrive", done: `${n} redriven`, run: redrive }) }),
          actionButton({ small: true, danger: true, label: "Discard", onClick: () => discard({ ids: [...chosen.value] }, `${n} letters`, done) })]) : null,
        h("section", { class: "panel" }, page.items.length
          ? table({ rows: page.items, key: (l) => l.id, columns, label: "Dead letters", chosen: chosen.value, onChoose: (set) => { chosen.value = set; } })
          : empty("No dead letter fits", "Take a filter back, or choose another state.")), list.pager()]);
    };
  },
};

const Redrives = {
  setup() {
    const list = useList(() => "/dead-letters/redrives", { get });
    const columns = [
      { title: "Redrive", whole: true, cell: (r) => [h("span", { class: "name" }, Object.entries(r.filter).map(([key, value]) => `${key} ${clean(value, 60)}`).join(", ") || "all"), r.reason ? h("div", { class: "dim clip" }, clean(r.reason, 200)) : null] },
      { title: "State", bare: true, cell: (r) => badge(r.state) },
      { title: "Progress", cell: (r) => [h("progress", { max: Math.max(1, r.total), value: r.redriven + r.refused, "aria-label": `${r.redriven} of ${r.total} redriven` }), ` ${r.redriven} of ${r.total}`, r.refused ? h("span", { class: "is-bad-text" }, `, ${r.refused} refused`) : null] },
      { title: "Rate", num: true, cell: (r) => `${r.rate}/s` },
      { title: "By", cell: (r) => clean(r.actor, 80) },
      { title: "Started", cell: (r) => when(r.createdAt) },
      { title: "Actions", hidden: true, num: true, cell: (r) => (r.endedAt ? null : actionButton({ small: true, danger: true, label: "Cancel", onClick: () => confirmReason({ title: "End this redrive?", text: "What is redriven stays so.", action: "End it", danger: true, done: "The redrive has ended", run: async (body) => { await post(`/dead-letters/redrives/${r.id}/cancel`, body); list.refresh(); } }) })) },
    ];
    return () => {
      const page = list.value.value;
      if (!page) return loading(list, 4);
      return h("div", { class: "stack" }, [problemBox(list.problem.value), h("section", { class: "panel" }, page.items.length
        ? table({ rows: page.items, key: (r) => r.id, columns, label: "Redrives" }) : empty("Nothing was redriven by filter yet", "Choose a group and press Redrive; how far it is shows here.")), list.pager()]);
    };
  },
};

const VIEWS = [["", "Groups"], ["letters", "Letters"], ["redrives", "Redrives"]];

export const Dead = {
  setup: () => () => {
    const view = route.query.view ?? "";
    const filters = [searchFilter("error", "Search errors", "Search in errors"), textFilter("job", "Job", "id of a job"),
      view === "letters" ? pickFilter("state", "State", ["OPEN", "REDRIVEN", "DISCARDED", "ALL"], "open") : null,
      route.query.fingerprint ? h("span", { key: "fp", class: "tag" }, `alike: ${clean(route.query.fingerprint, 24)}`) : null].filter(Boolean);
    return h("div", { class: "stack" }, [
      h("div", { class: "title" }, [h("h1", "Dead letters"), view === "redrives" ? null : actionButton({ label: "Redrive all that fit…", onClick: () => openDialog(RedriveDialog, { title: "Redrive all that fit the filters?", filter: Object.fromEntries(KEYS.filter((key) => route.query[key]).map((key) => [key, route.query[key]])), done: () => setQuery({ view: "redrives" }) }) })]),
      h("div", { class: "panel bare" }, tabs(VIEWS, view, (key) => setQuery({ view: key, after: null }), "Views of dead letters")),
      view === "redrives" ? null : filterBar([...KEYS, "state"], filters, [textFilter("stage", "Stage", "id of a stage"), timeFilter("since", "Failed since"), timeFilter("until", "Failed until")]),
      view === "letters" ? h(Letters) : view === "redrives" ? h(Redrives) : h(Groups),
    ]);
  },
};
