// Alerts are not here yet: this says what will be, and what tells people now.
import { h } from "/dashboard/vue.js";
import { health, verdict } from "/dashboard/health.js";
import { panel } from "/dashboard/parts.js";

const NOW = [
  ["Grafana", "grafana/ has dashboards and alert rules: no leader, queue age, workers lost, missed ticks, dead letters, broker and database."],
  ["Prometheus", "/metrics has every number that they need; write rules of your own on it."],
  ["Webhooks and events", "GET /api/v1/events and the exchange millrace.events tell each failed run as it happens."],
  ["This page's neighbour", "The overview shows what is wrong now, with what to do about it."],
];
const LATER = ["rules per job: failed, late, missed tick, longer than p99, no worker for a pool", "channels: signed webhook, mail, Slack-compatible", "deduplicated, retried, resolved, and escalated after a time", "who has acknowledged what, here"];

export const Alerts = {
  setup: () => () => h("div", { class: "stack" }, [
    h("h1", "Alerts"),
    h("section", { class: ["health", verdict()] }, [h("div", { class: "grow" }, [h("strong", health.now?.problems.length ? `Right now ${health.now.problems.length} problems are shown on the overview` : "Right now there is nothing to tell"), h("p", "Millrace does not send alerts by itself yet. Until it does, use what is below.")]), h("a", { class: "button", href: "#/" }, "Overview")]),
    h("div", { class: "columns" }, [
      panel("What tells people now", null, h("dl", { class: "pairs" }, NOW.map(([name, what]) => [h("dt", name), h("dd", what)]))),
      panel("What will be here", null, h("ul", { class: "pad bullets" }, LATER.map((what) => h("li", { key: what }, what)))),
    ]),
  ]),
};
