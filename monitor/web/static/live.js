// The cameras as they are right now.
import { makeCard } from "./card.js";
import { byId, follow, say } from "./dom.js";
import { on } from "./events.js";
import { startStreams } from "./streams.js";

const cards = new Map();

function card(camera) {
  const made = makeCard(camera);
  cards.set(camera.name, made);
  const drop = () => {
    cards.delete(camera.name);
    made.drop();
  };
  return { ...made, drop };
}

function draw(live) {
  const names = Object.keys(live.cameras);
  byId("live-empty").hidden = names.length > 0;
  byId("live-cards").classList.toggle("single", names.length === 1);
  const cameras = names.map((name) => ({ name, live: live.cameras[name] }));
  follow(byId("live-cards"), cameras, (camera) => camera.name, card);
}

/** Follow the daemon. */
export function startLive() {
  startStreams();
  on("live", draw);
  on("status", ({ model }) => {
    const reason = model?.fallback_reason;
    say(byId("live-warning"), reason ? `${model.name} stands in for the model that was asked for: ${reason}.` : "");
  });
  let again = false;
  on("open", () => {
    if (again) for (const made of cards.values()) made.renew();
    again = true;
  });
  const toggle = byId("overlay-toggle");
  const show = () => {
    byId("live").classList.toggle("drawn", toggle.checked);
    byId("overlay-legend").hidden = !toggle.checked;
  };
  toggle.addEventListener("change", show);
  show();
}
