// The configuration in force, as a tree that opens and closes.
import { getJson } from "./api.js";
import { byId, el, say } from "./dom.js";
import { onShow } from "./tabs.js";

const isObject = (value) => value !== null && typeof value === "object";

/** Whether a value has something to open; a list of plain values is a line. */
const isBranch = (value) => isObject(value) && Object.keys(value).length > 0 && !(Array.isArray(value) && !value.some(isObject));

function leafWords(value) {
  if (value === null) return "not set";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(leafWords).join(", ") || "none";
  return typeof value === "object" ? "none" : String(value);
}

/** Make the tree of a value: objects and lists open, all else is a line. */
function tree(value) {
  const rows = Object.entries(value).map(([key, inner]) => {
    const name = Array.isArray(value) ? String(Number(key) + 1) : key;
    return el("li", null, isBranch(inner) ? branch(name, inner) : leaf(name, inner));
  });
  return el("ul", null, ...rows);
}

const key = (name) => el("span", { class: "key-name" }, name);

const leaf = (name, value) => el("p", null, key(name), " ", el("code", value === null ? { class: "quiet" } : null, leafWords(value)));

function branch(name, value) {
  const count = Object.keys(value).length;
  const words = Array.isArray(value) ? `${count} ${count === 1 ? "entry" : "entries"}` : "";
  return el("details", null, el("summary", null, key(name), " ", el("span", { class: "quiet" }, words)), tree(value));
}

async function load() {
  try {
    const config = await getJson("/api/config");
    byId("settings-tree").replaceChildren(tree(config));
    say(byId("settings-trouble"), null);
  } catch (error) {
    say(byId("settings-trouble"), error.message);
  }
}

/** Load when the part comes into view: a reload of the daemon may have changed it. */
export function startSettings() {
  const all = (open) => () => byId("settings-tree").querySelectorAll("details").forEach((node) => (node.open = open));
  byId("settings-open").addEventListener("click", all(true));
  byId("settings-close").addEventListener("click", all(false));
  onShow("settings", load);
}
