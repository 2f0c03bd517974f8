// A rule on a card: its state, and why.
import { chip, el, setText, say } from "./dom.js";
import { percent } from "./words.js";

const STATES = { ON: ["good", "ON"], OFF: ["calm", "OFF"] };
const UNKNOWN = ["warning", "unknown"];

/** Make the line of a rule. update: takes what the API says of it. */
export function makeRule({ rule, zone }) {
  const state = chip(...UNKNOWN);
  const [words, label] = [el("p", { class: "rule-words" }), el("p", { class: "quiet" })];
  const name = el("p", { class: "rule-name" }, el("strong", null, rule), zone === "frame" ? "" : ` in ${zone}`);
  const update = (now) => {
    state.update(...(STATES[now.state] ?? UNKNOWN));
    setText(words, now.words ?? "");
    say(label, now.label && typeof now.score === "number" ? `Best: ${now.label}, ${percent(now.score)}` : "");
  };
  return { node: el("li", null, state.node, el("div", null, name, words, label)), update };
}
