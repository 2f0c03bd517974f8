// One camera: its picture, what the model makes of it, and what the rules make of that.
import { bars } from "./bars.js";
import { chip, el, follow, say } from "./dom.js";
import { makeOverlay } from "./overlay.js";
import { makePicture } from "./picture.js";
import { makeRule } from "./rule.js";
import { OFFLINE, PROBLEM } from "./words.js";

const known = (words, reason) => words[reason] ?? reason ?? "";

/** Make the card of a camera. update: takes {name, live}, live as the API has it. */
export function makeCard({ name }) {
  const state = chip("calm", "");
  const picture = makePicture(name);
  const overlay = makeOverlay();
  const labels = bars(0);
  const [notice, gate, empty] = [el("p", { class: "trouble" }), el("p", { class: "gate" }), el("p", { class: "quiet" })];
  const rules = el("ul", { class: "rules" });
  const [labelTitle, ruleTitle] = [el("h4", null, "Labels"), el("h4", null, "Rules")];
  const facts = el("div", { class: "card-facts" }, notice, gate, labelTitle, labels.node, empty, ruleTitle, rules);
  picture.image.after(overlay.node);
  const node = el(
    "article",
    { class: "panel card", "aria-label": name },
    el("header", null, el("h3", null, name), state.node),
    el("div", { class: "card-body" }, picture.node, facts),
  );

  function update({ live }) {
    const online = live.state === "online";
    const offline = [known(OFFLINE, live.reason), live.detail].filter(Boolean).join("; ");
    state.update(...mood(live));
    picture.node.style.aspectRatio = online && live.size ? live.size.join(" / ") : "";
    picture.update(online, live.state === "offline" ? `Offline: ${offline}.` : "Connecting…");
    overlay.update(live);
    overlay.node.toggleAttribute("hidden", !online);
    say(notice, noticeOf(live));
    say(gate, online && live.gate ? `Gate: ${live.gate.words}` : "");
    labelTitle.hidden = !online;
    labels.update(online ? (live.labels ?? []) : []); // those of a camera that is away are of the past
    say(empty, online && !live.labels?.length ? "The model has not looked yet." : "");
    facts.hidden = !online && !live.rules?.length;
    ruleTitle.hidden = !live.rules?.length;
    follow(rules, live.rules ?? [], (rule) => `${rule.zone}\n${rule.rule}`, makeRule);
  }

  return { node, update, renew: picture.renew, drop: picture.drop };
}

function mood(live) {
  if (live.state !== "online") return live.state === "offline" ? ["bad", "offline"] : ["calm", live.state];
  if (live.problem) return ["warning", "problem"];
  return live.detect === false ? ["calm", "detection off"] : ["good", "online"];
}

function noticeOf(live) {
  if (live.state !== "online") return null;
  if (live.problem) return `Problem: ${[known(PROBLEM, live.problem), live.detail].filter(Boolean).join("; ")}.`;
  return live.detect === false ? "Detection is switched off: nobody looks at these pictures." : null;
}
