// Making elements. Foreign text only ever becomes text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

/** Make an HTML element. attributes: null and false are left out, functions become listeners ("onclick"). children: nodes or strings. */
export const el = (tag, attributes, ...children) => dress(document.createElement(tag), attributes, children);

/** Make an SVG element, in the same way. */
export const svg = (tag, attributes, ...children) => dress(document.createElementNS(SVG, tag), attributes, children);

function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set a text only where it changed, so that a selection or a screen reader is not disturbed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a sentence in an element that is hidden while there is none. */
export function say(node, text) {
  setText(node, text || "");
  node.hidden = !text;
}

const kept = new WeakMap();

/**
 * Make the children of `parent` follow `items`, keeping the nodes of those that stay.
 * keyOf(item): what tells items apart. make(item): {node, update(item)}; update is called at once too. Those that go: drop().
 */
export function follow(parent, items, keyOf, make) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const part = before.get(key) ?? make(item);
    before.delete(key);
    after.set(key, part);
    if (part.node === place) place = place.nextSibling;
    else parent.insertBefore(part.node, place);
    part.update?.(item);
  }
  for (const part of before.values()) {
    part.node.remove();
    part.drop?.();
  }
  kept.set(parent, after);
}

/** Make a chip. mood: good, warning, bad or calm; each has a sign of its own, so that colour is never alone. */
export function chip(mood, words) {
  const text = el("span", null, words);
  const node = el("span", { class: "chip", "data-mood": mood }, text);
  const update = (nextMood, nextWords) => {
    node.dataset.mood = nextMood;
    setText(text, nextWords);
  };
  return { node, update };
}

/** Tell people who listen instead of looking. */
export function announce(text) {
  byId("announcer").textContent = text;
}
