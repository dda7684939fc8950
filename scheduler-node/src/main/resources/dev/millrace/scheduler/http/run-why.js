// Why a run does not move, or why it failed, and what can be done about it now.
import { h, onMounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get, session } from "/dashboard/api.js";
import { badge, empty, problemBox, when } from "/dashboard/parts.js";
import { plain } from "/dashboard/ansi.js";
import { duration, errorWords, firstLine, words } from "/dashboard/run-parts.js";
import { actionButton, RUN_ACTIONS, STAGE_ACTIONS } from "/dashboard/run-actions.js";
import { Tail } from "/dashboard/run-log.js";

// What only follows from something else is told last.
const FOLLOWS = ["NEEDS", "GROUP", "PHASE", "ITEMS", "NOT_ADMITTED", "EXECUTING"];
const minor = (r) => FOLLOWS.includes(r.reason);
const HINTS = {
  NO_WORKER: "Start a worker for that pool, or give the stage another pool.",
  LOCK_WAIT: "Wait for the holder, stop it, or raise the lock's capacity.",
  BACKING_OFF: "It is tried again by itself; “Start now” does not wait.",
  HELD: "Release it when it may go on.",
  WAIT_APPROVAL: "Approve or reject it.",
  PAUSED: "Resume what is paused.",
  WAIT_TIME: "“Complete by hand” does not wait.",
  WAIT_EVENT: "Send the event, or complete the stage by hand.",
};
const PERMANENT = { "exit:126": "The command is there but cannot be executed: is it executable?", "exit:127": "The command was not found: is it installed on the workers, and on their PATH?", "exit:137": "It was killed: out of memory, or by a signal.", timeout: "It took longer than its timeout: raise it, or make the work smaller.", config: "What the definition gives it cannot be used: correct the definition.", lost: "Its worker disappeared: look at the page of workers.", deadlock: "Runs waited for each other's locks: name several locks in one place." };

// A holder as the address of what it names.
function holderLink(name) {
  const [kind, rest] = [name.slice(0, name.indexOf(" ")), name.slice(name.indexOf(" ") + 1)];
  if (kind === "run") return h("a", { href: `#/runs/${rest.split("/")[0]}${rest.includes("/") ? `?stage=${encodeURIComponent(rest.slice(rest.indexOf("/") + 1))}` : ""}` }, name);
  if (kind === "job") return h("a", { href: `#/jobs/${encodeURIComponent(rest.split("/").at(-1))}` }, name);
  if (kind === "pool") return h("a", { href: "#/pools" }, name);
  if (kind === "lock") return h("a", { href: "#/locks" }, name);
  return name;
}

export function holds(items, choose) {
  if (items.length === 0) return empty("Nothing holds it", "Everything that can run is running.");
  return h("ul", { class: "holds" }, [...items].sort((a, b) => minor(a) - minor(b)).map((r, i) => h("li", { key: i, class: minor(r) ? "minor" : "" }, [
    h("span", { class: ["badge", minor(r) ? "calm" : "warn"] }, words(r.reason)),
    h("div", { class: "grow" }, [
      h("p", [r.stage ? h("a", { href: "#", onClick: (e) => { e.preventDefault(); choose(r.stage); } }, r.stage) : h("b", "the run"), `: ${plain(r.detail)}`]),
      h("p", { class: "dim small" }, [
        r.holders.length ? ["held by ", r.holders.slice(0, 5).map((name, n) => [n ? ", " : "", holderLink(name)]), r.holderCount > 5 ? ` and ${r.holderCount - 5} more` : ""] : null,
        r.until ? [r.holders.length ? " · " : "", "until about ", when(r.until)] : null]),
      HINTS[r.reason] ? h("p", { class: "small" }, HINTS[r.reason]) : null,
    ])])));
}

/** The stage that failed first: the others may only follow from it. */
export function firstFailed(run) {
  return run.stages.filter((s) => s.state === "FAILED").sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt))[0] ?? null;
}

/** The failure at the top of a failed run: what, why, and what can I do. */
export const Failure = {
  props: { run: Object, open: Function, choose: Function, edit: String, newer: Number },
  setup(props) {
    return () => {
      const { run } = props;
      const stage = firstFailed(run);
      if (!stage) return null;
      const others = run.stages.filter((s) => s.state === "FAILED" && s.id !== stage.id);
      const skipped = run.stages.filter((s) => s.state === "SKIPPED").length;
      const tries = stage.failures + stage.lost;
      const action = (list, key) => list.find((a) => a.key === key);
      const hint = PERMANENT[stage.errorClass];
      return h("section", { class: "finding bad", "aria-label": "Why it failed" }, [
        h("h2", [h("span", { class: "bigmark", "aria-hidden": "true" }, "✕"), h("span", [h("a", { href: "#", onClick: (e) => { e.preventDefault(); props.choose(stage.id); } }, stage.id), ` failed: ${errorWords(stage.errorClass, stage.exitCode)}`, tries > 1 ? h("small", ` after ${tries} attempts`) : null])]),
        stage.error ? h("p", { class: "errortext" }, firstLine(stage.error, 400)) : null,
        h(Tail, { run: run.id, stage: stage.id, at: stage.finishedAt, attempt: stage.attempt, max: 8 }),
        h("p", { class: "small" }, [hint ? `${hint} ` : null, others.length ? `${others.length} more failed: ${others.slice(0, 3).map((s) => s.id).join(", ")}${others.length > 3 ? "…" : ""}. ` : null, skipped ? `${skipped} ${skipped === 1 ? "stage was" : "stages were"} skipped because of it.` : null]),
        h("div", { class: "actions wrap" }, [
          props.newer ? null : actionButton(action(RUN_ACTIONS, "retry"), run, null, (a) => props.open(a)),
          actionButton({ ...action(STAGE_ACTIONS, "rerun"), primary: Boolean(props.newer), label: props.newer ? `Rerun ${stage.id} with version ${props.newer}` : `Rerun from ${stage.id}` }, run, stage, (a) => props.open(a, stage)),
          actionButton(action(STAGE_ACTIONS, "acknowledge"), run, stage, (a) => props.open(a, stage)),
          props.edit ? h("a", { class: "button", href: props.edit }, "Fix the definition") : null,
        ]),
      ]);
    };
  },
};

/** What holds an open run, in one line. */
export function heldLine(run, why, show) {
  if (run.finishedAt || !why.length) return null;
  const main = why.find((r) => !minor(r)) ?? why[0];
  if (minor(main) && run.stages.some((s) => s.state === "RUNNING")) return null;
  const more = why.filter((r) => !minor(r)).length - 1;
  return h("section", { class: "finding warn", "aria-label": "What it waits for" }, [
    h("p", [h("span", { class: "bigmark", "aria-hidden": "true" }, "!"), h("b", main.stage ?? "The run"), ` · ${words(main.reason)}: ${firstLine(main.detail, 220)}`, main.until ? [" · ", when(main.until)] : null]),
    h("button", { type: "button", class: "plain", onClick: show }, more > 0 ? `and ${more} more reasons` : "Why?")]);
}

/** Replays every move and compares with the tables, on demand. */
export const AuditBox = {
  props: { run: String },
  setup(props) {
    const result = shallowRef(null);
    const problem = shallowRef(null);
    const busy = ref(false);
    async function check() {
      busy.value = true;
      try {
        result.value = await get(`/runs/${props.run}/audit`);
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
      busy.value = false;
    }
    onMounted(check);
    watch(() => props.run, check);
    return () => h("div", { class: "audit" }, [
      problemBox(problem.value),
      result.value ? h("p", { class: result.value.equal ? "is-good" : "is-bad" }, [
        h("b", result.value.equal ? "✓ the history is whole" : "✕ the history and the tables differ"),
        h("span", { class: "dim" }, ` ${result.value.moves} moves replayed; they lead to ${words(result.value.state)}, ${result.value.equal ? "which is what the tables say." : "which is not what the tables say."} `),
        h("button", { type: "button", class: "plain", disabled: busy.value, onClick: check }, "check again")]) : null,
      result.value?.differences.length ? h("ul", result.value.differences.map((d) => h("li", plain(d)))) : null,
    ]);
  },
};

/** The reasons of a failed run, stage by stage with their attempts. */
export function failures(run, attempts, choose) {
  const failed = run.stages.filter((s) => ["FAILED", "CANCELLED"].includes(s.state) && (s.error || s.startedAt));
  if (failed.length === 0) return run.stopReason || run.state === "CANCELLED" ? empty("It was cancelled", run.stopReason ? `“${run.stopReason}”` : "Somebody, or a rule of its job, ended it; the history tells who.") : empty("It has ended", "Nothing holds it, and nothing in it failed.");
  return h("ul", { class: "holds" }, failed.map((s) => {
    const tries = [...attempts.filter((a) => a.stage === s.id), { attempt: s.attempt, outcome: s.state.toLowerCase(), worker: s.worker, startedAt: s.startedAt, finishedAt: s.finishedAt, exitCode: s.exitCode, errorClass: s.errorClass, error: s.error }];
    return h("li", { key: s.id }, [badge(s.state), h("div", { class: "grow" }, [
      h("p", [h("a", { href: "#", onClick: (e) => { e.preventDefault(); choose(s.id); } }, s.id), `: ${errorWords(s.errorClass, s.exitCode)}`]),
      PERMANENT[s.errorClass] ? h("p", { class: "small" }, PERMANENT[s.errorClass]) : null,
      h("ol", { class: "attempts" }, tries.map((t) => attemptLine(t)))])]);
  }));
}

export function attemptLine(t) {
  const ran = t.startedAt && t.finishedAt ? duration(Date.parse(t.finishedAt) - Date.parse(t.startedAt)) : t.startedAt && !t.finishedAt ? duration(session.nowMs - Date.parse(t.startedAt)) : null;
  return h("li", { key: t.attempt }, [h("span", { class: "small" }, [h("b", `attempt ${t.attempt}`), ` ${words(t.outcome)}`, ran ? ` after ${ran}` : "", t.worker ? h("span", { class: "dim" }, ` on ${t.worker}`) : null, t.finishedAt ? [" ", when(t.finishedAt)] : null]),
    t.error ? h("pre", { class: "error", tabindex: 0 }, plain(String(t.error).slice(0, 8_000))) : null]);
}
