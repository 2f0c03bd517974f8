// Labels as bars.
import { el, follow, setText } from "./dom.js";
import { percent } from "./words.js";

/** Make a list of labels with bars. digits: decimals of the percentages. update: takes [{label, score}], score 0..1, best first. */
export function bars(digits) {
  const node = el("ol", { class: "bars" });
  const bar = () => {
    const [label, share, fill] = ["bar-label", "bar-share", "bar-fill"].map((kind) => el("span", { class: kind }));
    return {
      node: el("li", null, label, share, el("span", { class: "bar", "aria-hidden": "true" }, fill)),
      update: (item) => {
        setText(label, item.label);
        setText(share, percent(item.score, digits));
        fill.style.inlineSize = percent(item.score, 1);
      },
    };
  };
  // By place and not by label: a bar that changes hands glides, and nothing is made anew twice a second.
  const update = (items) => follow(node, items.map((item, place) => ({ ...item, place })), (item) => item.place, bar);
  return { node, update };
}
