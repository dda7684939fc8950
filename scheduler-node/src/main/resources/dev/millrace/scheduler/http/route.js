// Where we are: the hash is the address of a page and of its filters, so that every view can be sent to somebody.
import { reactive } from "/dashboard/vue.js";

export const route = reactive({ hash: "", path: [], query: {}, search: new URLSearchParams() });

const readers = new Set();

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function read() {
  const hash = location.hash || "#/";
  const cut = hash.indexOf("?");
  route.hash = hash;
  route.path = hash.slice(1, cut < 0 ? undefined : cut).split("/").filter(Boolean).map(decoded);
  route.search = new URLSearchParams(cut < 0 ? "" : hash.slice(cut + 1));
  route.query = Object.fromEntries(route.search);
  for (const reader of readers) reader();
}

/** Tells of each change of the address, before the page is drawn. */
export function onRoute(reader) {
  readers.add(reader);
  reader();
}

export const navigate = (hash) => { location.hash = hash; };

/** The address with some of its query changed; null or "" takes a key out, a list gives it several times. */
export function withQuery(changes) {
  const search = new URLSearchParams(route.search);
  for (const [key, value] of Object.entries(changes)) {
    search.delete(key);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one != null && one !== "" && one !== false) search.append(key, one);
    }
  }
  const query = search.toString();
  return `#/${route.path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** Changes filters without a step in the browser's history. */
export function setQuery(changes) {
  history.replaceState(null, "", withQuery(changes));
  read();
}

/** As setQuery, but Back leads to where we were: for pages of a list. */
export const stepQuery = (changes) => navigate(withQuery(changes));

window.addEventListener("hashchange", read);
read();
