// How the daemon is, in groups of things with a chip each.
import { byId, chip, el, follow, setText } from "./dom.js";
import { on } from "./events.js";
import { judge } from "./judge.js";

const SIGNS = { good: "good", warning: "warning", bad: "bad", calm: "off" };

function fact([name]) {
  const value = el("dd");
  return { node: el("div", null, el("dt", null, name), value), update: ([, now]) => setText(value, String(now)) };
}

function thing({ name }) {
  const state = chip("calm", "");
  const words = el("p");
  const facts = el("dl");
  const update = (now) => {
    state.update(now.mood, SIGNS[now.mood]);
    setText(words, now.words);
    follow(facts, now.facts, ([key]) => key, fact);
    facts.hidden = !now.facts.length;
  };
  return { node: el("li", { class: "thing" }, el("header", null, el("h4", null, name), state.node), words, facts), update };
}

function group({ title }) {
  const list = el("ul");
  const node = el("section", { class: "panel group", "aria-label": title }, el("h3", null, title), list);
  return { node, update: ({ things }) => follow(list, things, ({ name }) => name, thing) };
}

function summary(groups) {
  const moods = groups.flatMap(({ things }) => things.map(({ mood }) => mood));
  const count = (mood) => moods.filter((other) => other === mood).length;
  const words = [[count("bad"), "bad"], [count("warning"), "to watch"]].filter(([many]) => many).map(([many, what]) => `${many} ${what}`);
  return words.length ? words.join(", ") : "All is well";
}

/** Follow the daemon. */
export function startHealth() {
  on("status", (status) => {
    const groups = judge(status);
    follow(byId("health-groups"), groups, ({ title }) => title, group);
    setText(byId("health-summary"), summary(groups));
    byId("health-empty").hidden = true;
  });
}
