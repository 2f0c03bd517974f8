// One alert in the list: its picture, what it was, and its clip on demand.
import { chip, el, say, setText } from "./dom.js";
import { clipUrl } from "./episodes.js";
import { clock, duration, ENDED, exact, percent, place, since } from "./words.js";

const KEEPS_CLIPS = document.querySelector("meta[name=clips]") !== null;

/** Make the entry of an episode. update: takes the episode. */
export function makeEpisode({ id, camera, rule, zone, started_at: started }) {
  const date = new Date(started);
  const label = el("h3");
  const state = chip("calm", "");
  const facts = el("p", { class: "quiet" });
  const thumb = el("div", { class: "thumb" });
  const clip = el("div", { class: "clip" });
  let pictured = null;

  function update(episode) {
    setText(label, `${episode.label} ${percent(episode.score)}`);
    const ended = ENDED[episode.reason] ?? episode.reason ?? "ended";
    state.update(episode.ended ? "calm" : "good", episode.ended ? ended : "still there");
    say(facts, factsOf(episode));
    if (episode.snapshot && episode.snapshot !== pictured) {
      pictured = episode.snapshot;
      thumb.replaceChildren(snapshot(episode));
    }
  }

  thumb.append(el("span", null, "no picture"));
  if (KEEPS_CLIPS) clip.append(clipButton(id, clip, `of ${rule} on ${camera}, ${exact(date)}`));
  const text = el(
    "div",
    { class: "episode-text" },
    el("header", null, label, state.node),
    el("p", null, `${place({ camera, zone })} · rule ${rule}`),
    el("p", { class: "when" }, el("span", null, clock(date)), " · ", since(started)),
    facts,
    clip,
  );
  return { node: el("li", { class: "panel episode" }, thumb, text), update };
}

function factsOf(episode) {
  const words = [];
  if (episode.ended) words.push(`lasted ${duration(episode.duration)}`);
  else if (episode.duration > 0) words.push(`there for ${duration(episode.duration)} at the last news`);
  if (episode.severity === "notice") words.push("a notice");
  if (["unsynchronised", "unset"].includes(episode.time_quality)) words.push("the time is not certain");
  return words.join(" · ");
}

function snapshot({ snapshot: address, label, camera }) {
  const image = el("img", { src: address, alt: `Snapshot: ${label} on ${camera}`, loading: "lazy", width: 160, height: 90 });
  const link = el("a", { href: address, target: "_blank", rel: "noopener" }, image);
  image.addEventListener("error", () => link.replaceWith(el("span", null, "picture no longer kept")));
  return link;
}

function clipButton(id, box, words) {
  const play = () => {
    const video = el("video", { src: clipUrl(id), controls: true, autoplay: true, playsinline: true, "aria-label": `Clip ${words}` });
    const missing = el("p", { class: "quiet", role: "status" }, "There is no clip of this alert.");
    video.addEventListener("error", () => box.replaceChildren(missing));
    box.replaceChildren(video);
    video.focus();
  };
  return el("button", { type: "button", "aria-label": `Play clip ${words}`, onclick: play }, "Play clip");
}
