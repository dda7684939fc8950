// One stage of a run, beside the page: what it was given, what became of it, and what can be done with it.
import { h, nextTick, onMounted, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get } from "/dashboard/api.js";
import { badge, bar, problemBox, when } from "/dashboard/parts.js";
import { plain } from "/dashboard/ansi.js";
import { clock, duration, errorWords, facts, json, runHref, session_now, words } from "/dashboard/run-parts.js";
import { actionButton, Menu, refusal, STAGE_ACTIONS } from "/dashboard/run-actions.js";
import { attemptLine, holds } from "/dashboard/run-why.js";
import { Tail } from "/dashboard/run-log.js";

const ITEMS_PAGE = 100;
const FIRST = ["approve", "reject", "rerun", "acknowledge", "release", "run", "hold", "kill"];

const block = (title, body, open = true) => h("details", { class: "part", open }, [h("summary", title), body]);
const code = (value) => h("pre", { tabindex: 0 }, plain(String(json(value)).slice(0, 70_000)));

/** The items of a fan-out; failed ones first by a filter. */
export const Items = {
  props: { run: Object, stage: Object },
  setup(props) {
    const state = ref("");
    const pages = shallowRef([]);
    const next = ref(null);
    const problem = shallowRef(null);
    async function read(more) {
      try {
        const page = await get(`/runs/${props.run.id}/stages/${encodeURIComponent(props.stage.id)}/items?limit=${ITEMS_PAGE}${state.value ? `&state=${state.value}` : ""}${more ? `&after=${encodeURIComponent(next.value)}` : ""}`);
        pages.value = more ? [...pages.value, ...page.items] : page.items;
        next.value = page.next;
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
    }
    watch([state, () => props.stage.id], () => read(false), { immediate: true });
    watch(() => JSON.stringify(props.stage.fan), () => { if (pages.value.length <= ITEMS_PAGE) read(false); });
    return () => {
      const { fan } = props.stage;
      return h("div", [
        fan ? h("p", { class: "fan", role: "img", "aria-label": `${fan.completed} completed, ${fan.failed} failed of ${fan.items}` }, [["good", fan.completed], ["bad", fan.failed], ["idle", fan.cancelled], ["busy", fan.started - fan.completed - fan.failed - fan.cancelled]].filter(([, n]) => n > 0).map(([kind, n]) => h("span", { class: kind, style: { flexGrow: n } }, n))) : null,
        h("label", { class: "inline" }, ["Show ", h("select", { value: state.value, onChange: (e) => { state.value = e.target.value; } }, [["", "all items"], ["FAILED", "failed"], ["RUNNING", "running"], ["COMPLETED", "completed"], ["CANCELLED", "cancelled"]].map(([v, t]) => h("option", { value: v }, t)))]),
        problemBox(problem.value),
        h("ul", { class: "rows" }, pages.value.map((item) => h("li", { key: item.id ?? item.run ?? item.item }, [badge(item.state), h("a", { class: "grow clip", href: runHref(item.id ?? item.run) }, [`#${item.item ?? item.parent?.item} `, h("span", { class: "mono dim" }, plain(JSON.stringify(item.value ?? item.parent?.value ?? null).slice(0, 120)))]), item.error ? h("span", { class: "dim clip" }, plain(item.error)) : null]))),
        pages.value.length ? null : h("p", { class: "dim small" }, "None."),
        next.value ? h("button", { type: "button", onClick: () => read(true) }, "More") : null,
      ]);
    };
  },
};

export const StageDrawer = {
  props: { run: Object, stage: Object, definition: Object, attempts: Array, artifacts: Array, why: Array, open: Function, close: Function, showLog: Function, choose: Function },
  setup(props) {
    const box = ref(null);
    const head = ref(null);
    const before = document.activeElement;
    const keys = (e) => {
      if (e.key === "Escape" && !document.querySelector("dialog[open]")) props.close();
    };
    onMounted(() => {
      document.addEventListener("keydown", keys);
      nextTick(() => head.value?.focus());
    });
    onUnmounted(() => {
      document.removeEventListener("keydown", keys);
      document.getElementById(`node-${props.stage?.id}`)?.focus?.({ preventScroll: true });
      if (document.activeElement === document.body) before?.focus?.({ preventScroll: true });
    });
    watch(() => props.stage.id, () => { if (box.value) box.value.scrollTop = 0; });
    const buttons = (run, stage) => {
      const can = STAGE_ACTIONS.filter((a) => !a.can(run, stage));
      const first = FIRST.map((key) => can.find((a) => a.key === key)).filter(Boolean).slice(0, 3);
      const rest = STAGE_ACTIONS.filter((a) => !first.includes(a));
      return h("div", { class: "actions wrap" }, [first.map((a) => actionButton(a, run, stage, (x) => props.open(x, stage))),
        h(Menu, { label: "More", items: rest.map((a) => ({ label: a.label, danger: a.danger, not: refusal(a, run, stage), act: () => props.open(a, stage) })) })]);
    };
    return () => {
      const { run, stage, definition } = props;
      const tries = [...props.attempts.filter((a) => a.stage === stage.id), ...(stage.startedAt || stage.error ? [{ attempt: stage.attempt, outcome: stage.state, worker: stage.worker, startedAt: stage.startedAt, finishedAt: stage.finishedAt, error: stage.error }] : [])];
      const held = props.why.filter((w) => w.stage === stage.id);
      const ran = stage.startedAt ? (stage.finishedAt ? Date.parse(stage.finishedAt) : session_now()) - Date.parse(stage.startedAt) : null;
      const artifacts = props.artifacts.filter((a) => a.stage === stage.id);
      return h("aside", { class: "stagepane", ref: box, "aria-label": `Stage ${stage.id}` }, [
        h("header", [h("h2", { tabindex: -1, ref: head }, [h("span", { class: "dim" }, "stage "), stage.id]), h("button", { type: "button", class: "plain", "aria-label": "Close", onClick: props.close }, "✕")]),
        h("div", { class: "stagepanebody" }, [
          h("p", { class: "facts" }, [badge(stage.state), ran == null ? null : h("span", duration(ran)), stage.attempt > 1 ? h("span", `attempt ${stage.attempt}`) : null, stage.dueAt && !stage.finishedAt ? h("span", ["due ", when(stage.dueAt)]) : null, stage.marks.map((m) => h("span", { class: "badge calm" }, m.replace(/([A-Z])/g, " $1").toLowerCase()))]),
          stage.progress && !stage.finishedAt ? h("p", { class: "facts" }, [stage.progress.percent == null ? null : bar(stage.progress.percent, "progress"), h("span", `${stage.progress.percent == null ? "" : `${stage.progress.percent} % `}${plain(stage.progress.message ?? "")}`)]) : null,
          buttons(run, stage),
          stage.error ? h("div", { class: "problem" }, [h("strong", errorWords(stage.errorClass, stage.exitCode)), h("pre", { tabindex: 0 }, plain(stage.error.slice(0, 8_000)))]) : null,
          held.length ? block(`Why it does not move (${held.length})`, holds(held, props.choose)) : null,
          stage.startedAt && !stage.fan && stage.handler !== "group" ? block("Last lines of its log", [h(Tail, { run: run.id, stage: stage.id, at: `${stage.finishedAt}${stage.attempt}`, max: 15 }), h("button", { type: "button", onClick: () => props.showLog(stage.id) }, "Whole log of this stage")]) : null,
          stage.fan || definition?.["for-each"] ? block(`Items${stage.fan ? ` (${stage.fan.items})` : ""}`, h(Items, { run, stage })) : null,
          tries.length > 1 ? block(`Attempts (${tries.length})`, h("ol", { class: "attempts" }, tries.map(attemptLine))) : null,
          stage.output == null ? null : block("Output", code(stage.output)),
          artifacts.length ? block(`Artifacts (${artifacts.length})`, artifactList(artifacts)) : null,
          definition?.with ? block("With", code(definition.with), !stage.error) : null,
          block("Facts", facts([["handler", stage.handler], ["pool", stage.pool ?? "–"], ["worker", stage.worker ?? "–"], ["needs", stage.needsTree ? h("code", JSON.stringify(stage.needsTree)) : stage.needs.join(", ") || "nothing", true], definition?.if ? ["if", h("code", definition.if), true] : null, definition?.timeout ? ["timeout", definition.timeout] : null, ["ready", clock(stage.readyAt)], ["queued", clock(stage.queuedAt)], ["started", clock(stage.startedAt)], ["ended", clock(stage.finishedAt)], ["failures", `${stage.failures}${stage.lost ? `, ${stage.lost} lost` : ""}`], stage.rest ? ["rest of its timer", stage.rest] : null, stage.phase && stage.phase !== "MAIN" ? ["phase", words(stage.phase)] : null]), false),
        ]),
      ]);
    };
  },
};

const size = (bytes) => (bytes < 1024 ? `${bytes} B` : bytes < 1_048_576 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`);

export const artifactList = (items) => h("ul", { class: "rows" }, items.map((a) => h("li", { key: a.artifact }, [h("a", { class: "grow clip", href: `/api/v1/artifacts/${a.artifact}`, download: a.name }, a.name), h("span", { class: "dim" }, `${a.stage} · ${a.mediaType} · ${size(a.size)}`), h("span", { class: "dim" }, ["kept until ", when(a.expiresAt)])])));
