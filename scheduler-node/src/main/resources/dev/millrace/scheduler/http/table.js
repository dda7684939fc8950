// Tables that become cards on a phone, and lists whose filters and pages live in the address.
import { h, ref, watch } from "/dashboard/vue.js";
import { route, setQuery, stepQuery } from "/dashboard/route.js";
import { icon } from "/dashboard/icons.js";
import { useLive } from "/dashboard/parts.js";

/**
 * Columns are {title, cell(row), num, wide, whole, class}: `wide` ones are left out on a phone, a `whole` one gets a line of its card.
 * `chosen` is a Set of keys when rows can be chosen; `onChoose(keys)` gets the new one.
 */
export function table({ columns, rows, key, label, chosen, onChoose, foot, rowClass }) {
  const head = columns.map((c) => h("th", { scope: "col", class: { num: c.num, wide: c.wide, wider: c.wider } }, c.hidden ? h("span", { class: "hidden" }, c.title) : c.title));
  const all = chosen && rows.length > 0 && rows.every((row) => chosen.has(key(row)));
  if (chosen) head.unshift(h("th", { class: "pick", scope: "col" }, h("input", { type: "checkbox", "aria-label": "All on this page", checked: all, onChange: () => onChoose(all ? new Set() : new Set(rows.map(key))) })));
  const line = (row) => {
    const id = key(row);
    const cells = columns.map((c) => h("td", { class: [c.class, { num: c.num, wide: c.wide, wider: c.wider, whole: c.whole, bare: c.bare }], "data-label": c.hidden || c.bare ? undefined : c.title }, c.cell(row)));
    if (chosen) cells.unshift(h("td", { class: "pick" }, h("input", { type: "checkbox", "aria-label": `Choose ${id}`, checked: chosen.has(id), onChange: () => onChoose(toggled(chosen, id)) })));
    return h("tr", { key: id, class: [rowClass?.(row), { picked: chosen?.has(id) }] }, cells);
  };
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": label }, h("table", { class: "cards", "data-rows": "" }, [
    h("thead", h("tr", head)),
    h("tbody", rows.map(line)),
    foot ? h("tfoot", h("tr", h("td", { colspan: head.length }, foot))) : null,
  ]));
}

function toggled(set, key) {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** One page of a list; `path()` says what to load with the filters of the address, a page is asked for by `after`. */
export function useList(path, { limit = 50, load, get }) {
  const whole = () => `${path()}${path().includes("?") ? "&" : "?"}limit=${limit}${route.query.after ? `&after=${encodeURIComponent(route.query.after)}` : ""}`;
  const live = useLive(() => (load ? load(whole()) : get(whole())));
  watch(whole, live.refresh);
  return { ...live, pager: () => pager(live.value.value?.next) };
}

export function pager(next) {
  const after = route.query.after;
  if (!after && !next) return null;
  return h("nav", { class: "pager", "aria-label": "Pages" }, [
    after ? h("button", { type: "button", onClick: () => stepQuery({ after: null }) }, "First page") : null,
    after ? h("button", { type: "button", onClick: () => history.back() }, [icon("back", 14), "Back"]) : null,
    next ? h("button", { type: "button", onClick: () => stepQuery({ after: next }) }, ["Next page", icon("next", 14)]) : null,
  ]);
}

/** The given keys of the address's query, as a query for the API. */
export function filterQuery(keys) {
  const out = new URLSearchParams();
  for (const key of keys) for (const value of route.search.getAll(key)) if (value) out.append(key, value);
  const text = out.toString();
  return text ? `?${text}` : "";
}

const TYPING_MS = 350;

/** A filter that is typed; the address follows shortly after the last key. */
const TextFilter = {
  props: { name: String, label: String, placeholder: String, search: Boolean, list: Array },
  setup(props) {
    const text = ref(route.query[props.name] ?? "");
    let timer = null;
    watch(() => route.query[props.name], (value) => { if (timer === null) text.value = value ?? ""; });
    const now = () => { clearTimeout(timer); timer = null; setQuery({ [props.name]: text.value.trim(), after: null }); };
    return () => h("label", { class: ["filter", { search: props.search }] }, [
      h("span", { class: props.search ? "hidden" : "" }, props.label), props.search ? icon("search", 15) : null,
      h("input", { type: props.search ? "search" : "text", "data-search": props.search ? "" : undefined, value: text.value, placeholder: props.placeholder, maxlength: 300, spellcheck: false, autocomplete: "off",
        onInput: (e) => { text.value = e.target.value; clearTimeout(timer); timer = setTimeout(now, TYPING_MS); }, onChange: now }),
    ]);
  },
};

export const textFilter = (name, label, placeholder) => h(TextFilter, { key: name, name, label, placeholder });
export const searchFilter = (name, label, placeholder) => h(TextFilter, { key: name, name, label, placeholder, search: true });

/** Options are [value, text] or a word. */
export const pickFilter = (name, label, options, any = "any") => h("label", { key: name, class: "filter" }, [h("span", label),
  h("select", { value: route.query[name] ?? "", onChange: (e) => setQuery({ [name]: e.target.value, after: null }) },
    [h("option", { value: "" }, any), ...options.map((o) => (Array.isArray(o) ? h("option", { value: o[0] }, o[1]) : h("option", { value: o }, o.toLowerCase().replaceAll("_", " "))))])]);

/** Several of a few: each is a switch, together they are a list in the address. */
export function chipsFilter(name, label, options) {
  const on = new Set((route.query[name] ?? "").split(",").filter(Boolean));
  return h("div", { key: name, class: "chips", role: "group", "aria-label": label }, options.map(([value, text]) =>
    h("button", { key: value, type: "button", class: "chip", "aria-pressed": on.has(value) ? "true" : "false", onClick: () => setQuery({ [name]: [...toggled(on, value)].join(","), after: null }) }, text)));
}

/** What narrows a list, with a way to take all of it back. */
export function filterBar(keys, main, more = []) {
  const set = keys.filter((key) => route.query[key]);
  const hidden = more.length === 0 ? null : h("details", { class: "more", open: more.some((m) => route.query[m.key]) || undefined }, [h("summary", [icon("filter", 14), "More filters"]), h("div", { class: "filters" }, more)]);
  return h("div", { class: "filterbar", role: "search", "aria-label": "Filters" }, [
    h("div", { class: "filters" }, [...main, set.length ? h("button", { type: "button", class: "plain", onClick: () => setQuery(Object.fromEntries([...keys, "after"].map((key) => [key, null]))) }, "Clear filters") : null]),
    hidden,
  ]);
}

/** A time filter: instants that people choose in their own zone. */
export const timeFilter = (name, label) => {
  const at = route.query[name] ? new Date(route.query[name]) : null;
  const local = at && !Number.isNaN(at.getTime()) ? new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : "";
  return h("label", { key: name, class: "filter" }, [h("span", label), h("input", { type: "datetime-local", value: local, onChange: (e) => setQuery({ [name]: e.target.value ? new Date(e.target.value).toISOString() : null, after: null }) })]);
};
