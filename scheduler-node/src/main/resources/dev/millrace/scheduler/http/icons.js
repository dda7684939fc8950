// Line icons, drawn with the colour of the text beside them.
import { h } from "/dashboard/vue.js";

const PATHS = {
  overview: "M3 12a9 9 0 1 1 18 0M12 12l4-4M5 19h14",
  jobs: "M5 4h14v5H5zM5 15h6v5H5zM15 15h4v5h-4zM12 9v3M8 15v-3h9v3",
  runs: "M6 4l13 8-13 8z",
  schedule: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
  bulk: "M4 6h16M4 12h16M4 18h9M17 16l2 2 3-4",
  dead: "M4 5h16v14H4zM4 6l8 7 8-7",
  alerts: "M6 16V11a6 6 0 1 1 12 0v5l2 2H4zM10 21h4",
  workers: "M4 5h16v6H4zM4 13h16v6H4zM7 8h.01M7 16h.01",
  pools: "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
  locks: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  audit: "M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3",
  tokens: "M8 15a4 4 0 1 1 3.700-5.500H21v3h-2v3h-3v-3h-4.300A4 4 0 0 1 8 15z",
  secrets: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM12 10v4",
  quotas: "M4 18a8 8 0 1 1 16 0M12 18l4-6",
  pauses: "M8 5v14M16 5v14",
  patterns: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.500 13v7M13 16.500h7",
  sets: "M3 7h6l2 2h10v10H3z",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M5 19l1.500-1.500M17.500 6.500L19 5",
  dark: "M20 14.500A8.500 8.500 0 1 1 9.500 4 7 7 0 0 0 20 14.500z",
  auto: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  more: "M4 7h16M4 12h16M4 17h16",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4 4-6 8-6s8 2 8 6",
  close: "M6 6l12 12M18 6L6 18",
  next: "M9 5l7 7-7 7",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  help: "M9 9a3 3 0 1 1 4.500 2.600c-1 .600-1.500 1.200-1.500 2.400M12 17.500h.01",
  filter: "M4 5h16l-6 8v6l-4-2v-4z",
  refresh: "M20 11a8 8 0 1 0-2.300 6M20 5v6h-6",
};

export const icon = (name, size = 16) =>
  h("svg", { class: "icon", width: size, height: size, viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }, h("path", { d: PATHS[name] ?? PATHS.help }));
