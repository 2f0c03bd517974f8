// The list of alerts, newest first; new ones come by themselves.
import { getJson } from "./api.js";
import { announce, byId, follow, say, setText } from "./dom.js";
import { makeEpisode } from "./episode.js";
import { gather, newestFirst } from "./episodes.js";
import { on } from "./events.js";
import { onShow, shown } from "./tabs.js";

const PAGE = 100; // messages asked for at first; an episode has two and more
const MOST = 1000; // what the API gives at most
const episodes = new Map();
let limit = PAGE;
let unseen = 0;

function draw() {
  follow(byId("alerts-list"), newestFirst(episodes), (episode) => episode.id, makeEpisode);
  byId("alerts-empty").hidden = episodes.size > 0 || !byId("alerts-trouble").hidden;
  const count = byId("alerts-new");
  setText(count, unseen ? `${unseen} new` : "");
  count.hidden = !unseen;
}

async function load() {
  try {
    const { alerts } = await getJson("/api/alerts", { limit });
    gather(episodes, alerts);
    byId("alerts-older").hidden = alerts.length < limit || limit === MOST;
    say(byId("alerts-trouble"), null);
  } catch (error) {
    say(byId("alerts-trouble"), error.message);
  }
  draw();
}

function hear(message) {
  const isNew = !episodes.has(message.id);
  gather(episodes, [message]);
  if (isNew) {
    announce(`New alert: ${message.label} on ${message.camera}, rule ${message.rule}`);
    if (shown() !== "alerts") unseen += 1;
  }
  draw();
}

/** Follow the daemon. */
export function startAlerts() {
  on("open", load);
  on("alert", hear);
  byId("alerts-older").addEventListener("click", () => {
    limit = MOST;
    load();
  });
  onShow("alerts", () => {
    unseen = 0;
    draw();
  });
}
