// The picture of one camera: a stream, or a still one with a button.
import { el, say, setText } from "./dom.js";
import { prefer, wish } from "./streams.js";

const AGAIN = 5000; // milliseconds until a picture that did not come is asked for again
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Make the picture. update(online): whether the camera has pictures at all. */
export function makePicture(camera) {
  const url = `/api/cameras/${encodeURIComponent(camera)}`;
  const image = el("img", { alt: `Picture of ${camera}`, hidden: true });
  const button = el("button", { type: "button", class: "watch" }, "Watch");
  const words = el("p", { class: "picture-words" });
  const node = el("div", { class: "picture" }, image, words, button);
  let mode = "none"; // none, still or stream: what the image shows
  let online = false;
  let visible = false;
  let paused = calm.matches;
  let turn = 0;
  let timer = null;

  function load(next) {
    clearTimeout(timer);
    mode = next;
    image.hidden = next === "none";
    if (next === "none") image.removeAttribute("src");
    else image.src = `${url}/${next === "stream" ? "stream.mjpg" : "frame.jpg"}?${++turn}`;
    setText(button, next === "stream" ? "Pause" : "Watch");
    button.setAttribute("aria-label", `${button.textContent} ${camera}`);
  }

  const player = {
    node,
    favour: 0,
    play: () => mode !== "stream" && load("stream"),
    stop: () => mode === "stream" && load(online && visible && !document.hidden ? "still" : "none"),
  };

  function settle() {
    button.hidden = !online;
    wish(player, online && visible && !paused);
    if (!online) load("none");
    else if (visible && mode === "none") load("still");
  }

  image.addEventListener("load", () => say(words, ""));
  image.addEventListener("error", () => {
    if (mode === "none") return;
    say(words, "No picture just now: the camera has none yet, or too many people watch. Trying again.");
    image.hidden = true;
    timer = setTimeout(() => mode !== "none" && load(mode), AGAIN);
  });
  button.addEventListener("click", () => {
    paused = mode === "stream";
    if (!paused) prefer(player);
    settle();
  });
  const observer = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    settle();
  });
  observer.observe(node);

  return {
    node,
    image,
    /** The camera has pictures, or why it has none. */
    update(nowOnline, why) {
      if (!nowOnline) say(words, why);
      else if (!online) say(words, "");
      if (nowOnline !== online) {
        online = nowOnline;
        settle();
      }
    },
    /** The connection was lost: a stream may hang, so it is made anew. */
    renew: () => mode === "stream" && load("stream"),
    drop() {
      observer.disconnect();
      wish(player, false);
      load("none");
    },
  };
}
