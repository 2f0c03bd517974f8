// Sightings with filters, and downloads of just these.
import { getJson, queryOf } from "./api.js";
import { byId, el, follow, say } from "./dom.js";
import { onShow } from "./tabs.js";
import { drawTimeline, startTimeline } from "./timeline.js";
import { clock, duration, exact, percent, place } from "./words.js";

const ROWS = 200;
const MOST = 1000; // what the API gives as JSON at most
let asked = 0;

/** What the form says, as the API takes it. */
function filters() {
  const form = byId("history-form").elements;
  const time = (field) => (field.value ? new Date(field.value).toISOString() : "");
  return { camera: form.camera.value, label: form.label.value.trim(), since: time(form.since), until: time(form.until) };
}

function row(sighting) {
  const [first, last] = [new Date(sighting.first), new Date(sighting.last)];
  const cell = (name, words, attributes) => el("td", { "data-name": name, ...attributes }, words);
  const node = el(
    "tr",
    null,
    cell("Seen", el("time", { datetime: sighting.first, title: exact(first) }, clock(first))),
    cell("Label", el("strong", null, sighting.label)),
    cell("Camera", place(sighting)),
    cell("For", duration((last - first) / 1000), { class: "number" }),
    cell("Best", percent(sighting.best_score), { class: "number" }),
    cell("Looks", String(sighting.looks), { class: "number" }),
  );
  return { node };
}

function draw(sightings) {
  const newest = sightings.map((sighting, number) => ({ ...sighting, number })).reverse();
  follow(byId("history-rows"), newest, (sighting) => JSON.stringify(sighting), row);
  const labels = [...new Set(sightings.map(({ label }) => label))].sort();
  byId("history-labels").replaceChildren(...labels.map((label) => el("option", { value: label })));
  byId("history-table").hidden = !sightings.length;
  byId("history-empty").hidden = sightings.length > 0;
  const count = sightings.length === 1 ? "1 sighting" : `${sightings.length} sightings`;
  const more = `The newest ${ROWS} sightings. Narrow the filters, or download them all.`;
  say(byId("history-note"), sightings.length && (sightings.length < ROWS ? count : more));
}

async function load() {
  const turn = (asked += 1);
  const wanted = filters();
  byId("history-csv").href = `/api/history.csv?${queryOf(wanted)}`;
  byId("history-json").href = `/api/history?${queryOf({ ...wanted, limit: MOST })}`;
  drawTimeline(wanted);
  try {
    const { sightings } = await getJson("/api/history", { ...wanted, limit: ROWS });
    if (turn !== asked) return; // a later question has been asked since
    say(byId("history-trouble"), null);
    draw(sightings);
  } catch (error) {
    say(byId("history-trouble"), error.message);
    draw([]);
    byId("history-empty").hidden = true;
  }
}

/** Load when the part comes into view, and whenever somebody asks. */
export function startHistory() {
  const form = byId("history-form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    load();
  });
  form.addEventListener("reset", () => setTimeout(load)); // the fields are empty only after this event
  startTimeline(() => drawTimeline(filters()));
  onShow("history", load);
}
