// The server's events: one connection while somebody looks, none while the page is hidden.
import { getJson } from "./api.js";
import { byId, chip } from "./dom.js";

const AGAIN = 5000; // milliseconds until the next attempt after a refusal: the seats are few
const listeners = { live: [], status: [], alert: [], open: [] };
let source = null;
let timer = null;

/** Call `run` with each event of a kind: live, status, alert; or open: connected (again), so what came between may be missing. */
export const on = (kind, run) => listeners[kind].push(run);

const tell = (kind, value) => listeners[kind].forEach((run) => run(value));

function open(state) {
  clearTimeout(timer);
  source = new EventSource("/api/events");
  source.onopen = () => {
    state("good", "live");
    tell("open");
  };
  for (const kind of ["live", "status", "alert"]) source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
  source.onerror = () => {
    state("warning", "reconnecting");
    // The browser goes on by itself unless it was refused: for want of a session, or of a seat.
    if (source?.readyState === EventSource.CLOSED) {
      timer = setTimeout(() => open(state), AGAIN);
      getJson("/api/status").then(() => state("warning", "too many viewers"), () => null);
    }
  };
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** Connect, and stay so while the page is visible. */
export function connect() {
  const { node, update } = chip("calm", "connecting");
  byId("connection").replaceWith(node);
  node.id = "connection";
  node.setAttribute("role", "status");
  const follow = () => {
    close();
    if (document.hidden) update("calm", "paused");
    else open(update);
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && follow());
  follow();
}
