// The alerts of one day: a line for each rule, a bar for each episode.
import { getJson } from "./api.js";
import { byId, el, svg } from "./dom.js";
import { endOf, gather, newestFirst, startOf } from "./episodes.js";
import { duration, place } from "./words.js";

const SECOND = 1000; // milliseconds; the strip is drawn in seconds, as browsers cannot place what is 33,554,432 units away
const THINNEST = 216; // seconds: a bar that can still be seen, 1/400 of a day
const HOURS = [0, 6, 12, 18, 24];
const MOST = 1000;
let asked = 0;

/** The day as <input type=date> says it, in local time. */
function dateWords(date) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const time = (moment) => new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Draw the day that is chosen. filters: camera and label, as the API takes them. */
export async function drawTimeline({ camera, label }) {
  const turn = (asked += 1);
  const box = byId("timeline");
  const from = new Date(`${byId("day").value}T00:00`);
  if (Number.isNaN(from.getTime())) return;
  const until = new Date(from.getFullYear(), from.getMonth(), from.getDate() + 1); // not always 24 hours later
  try {
    const day = { since: from.toISOString(), until: until.toISOString() };
    const { alerts } = await getJson("/api/alerts", { camera, label, ...day, limit: MOST });
    if (turn === asked) box.replaceChildren(...lines(newestFirst(gather(new Map(), alerts)), from.getTime(), until.getTime()));
  } catch (error) {
    box.replaceChildren(el("p", { class: "trouble", role: "alert" }, error.message));
  }
}

function lines(episodes, from, until) {
  if (!episodes.length) return [el("p", { class: "quiet" }, "No alert on this day.")];
  const rules = new Map();
  for (const episode of episodes) {
    const name = `${episode.rule} · ${place(episode)}`;
    rules.set(name, [...(rules.get(name) ?? []), episode]);
  }
  const drawn = [...rules].sort(([a], [b]) => a.localeCompare(b)).map(([name, own]) => line(name, own, from, until));
  const hours = HOURS.map((hour) => el("span", null, `${hour}`.padStart(2, "0")));
  return [...drawn, el("div", { class: "hours", "aria-hidden": "true" }, ...hours)];
}

function line(name, episodes, from, until) {
  const spans = episodes.map((episode) => {
    const start = Math.max(startOf(episode), from);
    const end = Math.min(episode.ended ? endOf(episode) : Math.max(Date.now(), start), until);
    return { start, end, words: `${episode.label}, ${time(start)}, ${episode.ended ? duration(episode.duration) : "still there"}` };
  });
  const count = spans.length === 1 ? "1 alert" : `${spans.length} alerts`;
  const bar = ({ start, end, words }) => {
    const width = Math.max((end - start) / SECOND, THINNEST);
    return svg("rect", { x: (start - from) / SECOND, y: 0, width, height: 10 }, svg("title", null, words));
  };
  const told = `${count}: ${spans.map(({ words }) => words).join("; ")}`;
  const viewBox = `0 0 ${(until - from) / SECOND} 10`;
  const strip = svg("svg", { viewBox, preserveAspectRatio: "none", role: "img", "aria-label": told }, ...spans.map(bar));
  return el("div", { class: "line" }, el("p", null, name, " ", el("span", { class: "quiet" }, count)), strip);
}

/** Choose today, and call `change` whenever another day is chosen. */
export function startTimeline(change) {
  const day = byId("day");
  const move = (days) => {
    const date = new Date(`${day.value || dateWords(new Date())}T12:00`);
    date.setDate(date.getDate() + days);
    day.value = dateWords(date);
    change();
  };
  day.value = dateWords(new Date());
  day.addEventListener("change", change);
  byId("day-before").addEventListener("click", () => move(-1));
  byId("day-after").addEventListener("click", () => move(1));
}
