// Who may stream: a browser has six connections to a host, and the daemon few seats.
import { onChange, shown } from "./tabs.js";

const MOST = 4;
let wishes = []; // players that want to stream, the favoured first

/** Wish for a stream, or no more. player: {play(), stop()}; both may be called again and again. */
export function wish(player, wanted) {
  if (wanted === wishes.includes(player)) return;
  wishes = wanted ? [...wishes, player] : wishes.filter((other) => other !== player);
  if (!wanted) player.stop();
  settle();
}

/** Have a player stream before all others. */
export function prefer(player) {
  wishes = [player, ...wishes.filter((other) => other !== player)];
  settle();
}

function settle() {
  const looking = !document.hidden && shown() === "live";
  const playing = looking ? wishes.slice(0, MOST) : [];
  for (const player of wishes) if (!playing.includes(player)) player.stop();
  for (const player of playing) player.play();
}

/** Stop all streams whenever nobody looks, and start them again when somebody does. */
export function startStreams() {
  document.addEventListener("visibilitychange", settle);
  onChange(settle);
}
