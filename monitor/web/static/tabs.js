// One part of the page at a time, by the hash of the address.
import { byId } from "./dom.js";

const FIRST = "live";
const links = [...document.querySelectorAll("header nav a")];
const names = links.map((link) => link.hash.slice(1));

/** The name of the part that is shown. */
export const shown = () => (names.includes(location.hash.slice(1)) ? location.hash.slice(1) : FIRST);

/** Call `run` whenever a part comes into view. */
export const onShow = (name, run) => byId(name).addEventListener("shown", run);

function show() {
  const name = shown();
  for (const link of links) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const other of names) byId(other).hidden = other !== name;
  document.title = `${byId(`${name}-title`).textContent} · ${byId("node").textContent} · monitor`;
  byId(name).dispatchEvent(new Event("shown"));
}

/** Show the part that the address names, now and whenever it changes. */
export function startTabs() {
  addEventListener("hashchange", () => {
    if (!names.includes(location.hash.slice(1))) return; // the link that skips to the content
    show();
    scrollTo(0, 0);
    byId(shown()).focus({ preventScroll: true });
  });
  show();
}
