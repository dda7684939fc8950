// How a job has been doing: success, how long runs take, and which stages are slow or fail.
import { h, nextTick, onMounted, onUnmounted, ref, shallowRef, watch } from "/dashboard/vue.js";
import { get } from "/dashboard/api.js";
import { empty, problemBox } from "/dashboard/parts.js";
import { library } from "/dashboard/graph.js";
import { duration } from "/dashboard/run-parts.js";

const DAYS = [7, 30, 90];

const colour = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const TrendChart = {
  props: { days: Array },
  setup(props) {
    const durations = ref(null);
    const counts = ref(null);
    let charts = [];
    async function draw() {
      const Chart = await library("chart.js", "Chart");
      await nextTick();
      if (!durations.value) return;
      charts.forEach((c) => c.destroy());
      const [text, line, busy, warn, good, bad] = ["dim", "line", "busy", "warn", "good", "bad"].map(colour);
      const labels = props.days.map((d) => d.date.slice(5));
      const base = (ticks) => ({ responsive: true, maintainAspectRatio: false, animation: false, interaction: { mode: "index", intersect: false }, plugins: { legend: { labels: { color: text, boxWidth: 14, boxHeight: 2 } }, tooltip: { callbacks: { label: (c) => `${c.dataset.label}: ${ticks(c.parsed.y)}` } } }, scales: { x: { ticks: { color: text, maxRotation: 0, autoSkipPadding: 14 }, grid: { display: false } }, y: { beginAtZero: true, ticks: { color: text, callback: ticks, maxTicksLimit: 6 }, grid: { color: line } } } });
      const series = (label, key, stroke, dash) => ({ label, data: props.days.map((d) => (d.runs ? d[key] : null)), borderColor: stroke, backgroundColor: stroke, borderDash: dash, borderWidth: 2, pointRadius: props.days.length > 31 ? 0 : 2.5, spanGaps: true, tension: 0.25 });
      charts = [
        new Chart(durations.value, { type: "line", data: { labels, datasets: [series("p50", "p50Millis", busy), series("p95", "p95Millis", warn, [6, 4])] }, options: base((v) => duration(v)) }),
        new Chart(counts.value, { type: "bar", data: { labels, datasets: [{ label: "completed", data: props.days.map((d) => d.completed), backgroundColor: good, stack: "runs" }, { label: "failed", data: props.days.map((d) => d.failed), backgroundColor: bad, stack: "runs" }] }, options: base((v) => (Number.isInteger(v) ? v : "")) }),
      ];
    }
    const redraw = () => { draw().catch(() => {}); };
    const media = window.matchMedia("(prefers-color-scheme: dark)");
    onMounted(() => { redraw(); window.addEventListener("millrace-theme", redraw); media.addEventListener("change", redraw); });
    watch(() => props.days, redraw);
    onUnmounted(() => { charts.forEach((c) => c.destroy()); window.removeEventListener("millrace-theme", redraw); media.removeEventListener("change", redraw); });
    const last = () => props.days.filter((d) => d.runs).at(-1);
    return () => h("div", { class: "charts" }, [
      h("figure", [h("figcaption", "How long runs took"), h("div", { class: "plot" }, h("canvas", { ref: durations, role: "img", "aria-label": `Duration by day; last p50 ${duration(last()?.p50Millis)}, p95 ${duration(last()?.p95Millis)}` }))]),
      h("figure", [h("figcaption", "Runs by day"), h("div", { class: "plot" }, h("canvas", { ref: counts, role: "img", "aria-label": `${props.days.reduce((n, d) => n + d.runs, 0)} runs, ${props.days.reduce((n, d) => n + d.failed, 0)} failed` }))]),
    ]);
  },
};

const tile = (label, value, note, kind) => h("div", { class: "tile" }, [h("span", { class: "label" }, label), h("strong", { class: kind }, value), h("span", { class: "note" }, note || "\u00a0")]);

export const Stats = {
  props: { job: Object },
  setup(props) {
    const days = ref(30);
    const stats = shallowRef(null);
    const problem = shallowRef(null);
    async function read() {
      try {
        stats.value = await get(`/jobs/${encodeURIComponent(props.job.id)}/stats?days=${days.value}&namespace=${encodeURIComponent(props.job.namespace)}`);
        problem.value = null;
      } catch (e) {
        problem.value = e;
      }
    }
    watch([days, () => props.job.lastRun?.id, () => props.job.lastRun?.state], read, { immediate: true });
    return () => {
      const s = stats.value;
      const pick = h("div", { class: "tools" }, [h("label", { class: "inline" }, ["Days ", h("select", { value: days.value, onChange: (e) => { days.value = Number(e.target.value); } }, DAYS.map((d) => h("option", { key: d, value: d }, d)))])]);
      if (!s) return h("div", [pick, problemBox(problem.value) ?? h("p", { class: "boot" }, "Loading…")]);
      const runs = s.days.reduce((n, d) => n + d.runs, 0);
      if (runs === 0) return h("div", [pick, problemBox(problem.value), empty("No run has ended in this time", "Figures appear with the first run that ends.")]);
      const failed = s.days.reduce((n, d) => n + d.failed, 0);
      const lastDay = s.days.filter((d) => d.runs).at(-1);
      const rate = s.successRate == null ? null : s.successRate * 100;
      const slow = [...s.stages].sort((a, b) => (b.p95Millis ?? 0) - (a.p95Millis ?? 0));
      const most = Math.max(1, ...slow.map((x) => x.p95Millis ?? 0));
      return h("div", [
        pick, problemBox(problem.value),
        h("div", { class: "tiles inpanel" }, [
          tile("Completed", rate == null ? "–" : `${rate.toFixed(rate === 100 ? 0 : 1)} %`, `${runs.toLocaleString("en")} ${runs === 1 ? "run" : "runs"}`, rate < 90 ? "is-bad" : rate < 99 ? "is-warn" : "is-good"),
          tile("Failed", failed.toLocaleString("en"), `in ${days.value} days`, failed ? "is-bad" : ""),
          tile("p50", duration(lastDay.p50Millis), `on ${lastDay.date}`), tile("p95", duration(lastDay.p95Millis), `on ${lastDay.date}`), tile("Waited, p95", duration(lastDay.waitP95Millis), "until the first start")]),
        h(TrendChart, { days: s.days }),
        s.stages.length ? h("div", { class: "scroll" }, h("table", [
          h("caption", { class: "small dim" }, "Stages, slowest first"),
          h("thead", h("tr", [h("th", "Stage"), h("th", { class: "num" }, "Runs"), h("th", { class: "num" }, "Failed"), h("th", { class: "num" }, "p50"), h("th", { class: "num" }, "p95"), h("th", { class: "wide" }, "")])),
          h("tbody", slow.map((x) => h("tr", { key: x.stage }, [h("td", { class: "name" }, x.stage), h("td", { class: "num" }, x.runs.toLocaleString("en")), h("td", { class: ["num", x.failed ? "is-bad" : ""] }, x.failed ? `${x.failed} (${Math.round((100 * x.failed) / Math.max(1, x.runs))} %)` : "0"), h("td", { class: "num" }, duration(x.p50Millis)), h("td", { class: "num" }, duration(x.p95Millis)), h("td", { class: "wide" }, h("progress", { max: most, value: x.p95Millis ?? 0, "aria-hidden": "true" }))])))])) : null,
      ]);
    };
  },
};
