// Who may stream: a browser has six connections to a host, and the daemon few seats.
const MOST = 4;
let wishes = []; // players that want to stream, the first first
let favours = 0;

/** Wish for a stream, or no more. player: {node, favour, play(), stop()}; both may be called again and again. */
export function wish(player, wanted) {
  if (wanted === wishes.includes(player)) return;
  wishes = wanted ? [...wishes, player] : wishes.filter((other) => other !== player);
  if (!wanted) player.stop();
  settle();
}

/** Have a player stream before all others. */
export function prefer(player) {
  player.favour = favours += 1;
  settle();
}

/** The order of players: the one asked for last, then as they stand on the page. */
function order(a, b) {
  const follows = a.node.compareDocumentPosition(b.node) & Node.DOCUMENT_POSITION_FOLLOWING;
  return b.favour - a.favour || (follows ? -1 : 1);
}

function settle() {
  wishes.sort(order);
  const playing = document.hidden ? [] : wishes.slice(0, MOST);
  for (const player of wishes) if (!playing.includes(player)) player.stop();
  for (const player of playing) player.play();
}

/** Stop all streams while the page is hidden, and start them again when it is not. */
export const startStreams = () => document.addEventListener("visibilitychange", settle);
