// What programs write for terminals, as pieces of text with classes. Colours and weight are kept; everything
// else that a terminal would obey is dropped. Whatever the input, the work and the result are bounded.
const PIECES_MAX = 200;
const PARAMETERS_MAX = 32;
export const LINE_CHARS_MAX = 4_000;

// An escape that a worker could not send on stands as U+FFFD; one before a colour code is still a colour code.
const ESCAPES = "\u001b\u009b\ufffd";
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The nearest of the eight colours, bright or not: themes decide how each looks. */
function nearest(r, g, b) {
  const most = Math.max(r, g, b);
  if (most < 48) return "black";
  const cut = most * 0.55;
  const name = NAMES[(r > cut ? 1 : 0) + (g > cut ? 2 : 0) + (b > cut ? 4 : 0)];
  return most > 190 && name !== "white" ? `bright-${name}` : name;
}

function indexed(n) {
  if (n < 8) return NAMES[n];
  if (n < 16) return `bright-${NAMES[n - 8]}`;
  if (n > 231) return n < 240 ? "bright-black" : "white";
  const level = (v) => [0, 95, 135, 175, 215, 255][v];
  const at = n - 16;
  return nearest(level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6));
}

function extended(codes, i) {
  if (codes[i + 1] === 5) return [indexed(Math.min(255, codes[i + 2] || 0)), i + 2];
  if (codes[i + 1] === 2) return [nearest(...[2, 3, 4].map((d) => Math.min(255, codes[i + d] || 0))), i + 4];
  return [null, i + 1];
}

function restyled(style, parameters) {
  const codes = parameters.split(/[;:]/, PARAMETERS_MAX).map((p) => Math.min(999, Number(p.slice(0, 3)) || 0));
  let next = { ...style };
  for (let i = 0; i < codes.length; i += 1) {
    const c = codes[i];
    if (c === 0) next = {};
    else if (c === 1) next.weight = "bold";
    else if (c === 2) next.weight = "faint";
    else if (c === 3) next.italic = "italic";
    else if (c === 4) next.under = "under";
    else if (c === 9) next.strike = "strike";
    else if (c === 22) delete next.weight;
    else if (c === 23) delete next.italic;
    else if (c === 24) delete next.under;
    else if (c === 29) delete next.strike;
    else if (c >= 30 && c < 38) next.front = `fg-${NAMES[c - 30]}`;
    else if (c >= 90 && c < 98) next.front = `fg-bright-${NAMES[c - 90]}`;
    else if (c >= 40 && c < 48) next.back = `bg-${NAMES[c - 40]}`;
    else if (c >= 100 && c < 108) next.back = `bg-bright-${NAMES[c - 100]}`;
    else if (c === 39) delete next.front;
    else if (c === 49) delete next.back;
    else if (c === 38 || c === 48) {
      const [name, at] = extended(codes, i);
      if (name) next[c === 38 ? "front" : "back"] = `${c === 38 ? "fg" : "bg"}-${name}`;
      i = at;
    }
  }
  return next;
}

// Where the sequence that begins at `at` ends, and the parameters of a colour code.
function sequence(text, at) {
  const lead = text[at];
  const next = text[at + 1];
  if (lead !== "\u009b" && "]P_^X".includes(next ?? " ")) {
    if (lead === "\ufffd") return { end: at + 1, keep: "\ufffd" };
    // A title, a link, a device string: up to its end, or, without one, to the end of the line.
    for (let i = at + 2; i < text.length; i += 1) {
      if (text[i] === "\u0007" || text[i] === "\u009c") return { end: i + 1 };
      if ((text[i] === "\u001b" || text[i] === "\ufffd") && text[i + 1] === "\\") return { end: i + 2 };
    }
    return { end: text.length };
  }
  if (lead === "\u009b" || next === "[") {
    const from = lead === "\u009b" ? at + 1 : at + 2;
    let i = from;
    while (i < text.length && text[i] >= " " && text[i] <= "?") i += 1;
    const last = text[i];
    if (last === undefined) return { end: text.length };
    const plain = last >= "@" && last <= "~";
    return { end: plain ? i + 1 : i, colours: last === "m" && i - from < 128 ? text.slice(from, i) : null };
  }
  if (lead === "\ufffd") return { end: at + 1, keep: "\ufffd" };
  return { end: Math.min(text.length, at + (next && "()*+#% ".includes(next) ? 3 : 2)) };
}

const classes = (style) => Object.values(style).map((name) => `ansi-${name}`).join(" ");

/** One line as [{text, kind}], kind being classes or "". Colours do not go on into the next line. */
export function pieces(line) {
  // A progress bar rewrites its line: what stands last is what a person would see.
  const trimmed = line.replace(/\r+$/, "");
  const text = trimmed.slice(trimmed.lastIndexOf("\r") + 1).slice(0, LINE_CHARS_MAX * 2);
  const found = [];
  let style = {};
  let plain = "";
  let chars = 0;
  const flush = () => {
    const shown = plain.replace(HIDDEN, "").slice(0, LINE_CHARS_MAX - chars);
    if (shown) found.push({ text: shown, kind: classes(style) });
    chars += shown.length;
    plain = "";
  };
  let at = 0;
  while (at < text.length && chars < LINE_CHARS_MAX) {
    if (!ESCAPES.includes(text[at])) {
      plain += text[at];
      at += 1;
      continue;
    }
    const { end, keep, colours } = sequence(text, at);
    if (keep) plain += keep;
    if (colours != null && found.length < PIECES_MAX) {
      flush();
      style = restyled(style, colours);
    }
    at = end;
  }
  flush();
  if (text.length < trimmed.length - trimmed.lastIndexOf("\r") - 1 || chars >= LINE_CHARS_MAX) found.push({ text: " … cut here", kind: "ansi-faint" });
  return found;
}

/** The same without any style. */
export const plain = (text) => String(text ?? "").split("\n").map((line) => pieces(line).map((p) => p.text).join("")).join("\n");
