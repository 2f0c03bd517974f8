// Values as people say them: times, sizes, shares, and the daemon's terms.
import { el } from "./dom.js";

const LOCALE = "en-GB";
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export const OFFLINE = {
  lost: "no connection",
  auth_failed: "the camera refuses the password",
  frozen: "it gives no new pictures",
  ended: "the video has ended",
};
export const PROBLEM = {
  frozen: "the same picture again and again",
  black: "nothing in the picture",
  covered: "the camera is covered",
  blurred: "the picture is blurred",
  moved: "the camera looks elsewhere than it did",
  slow: "far fewer pictures than it promises",
  clock: "its time stamps do not go with the time",
};
export const ENDED = {
  gone: "gone",
  camera_lost: "camera lost",
  camera_problem: "camera has a problem",
  detect_off: "detection switched off",
  rule_removed: "rule removed",
  restart: "restart",
};

/** Say where something was seen. */
export const place = ({ camera, zone }) => (zone === "frame" ? camera : `${camera}, ${zone}`);

/** Say a fraction as a percentage. */
export const percent = (fraction, digits = 0) => `${(fraction * 100).toFixed(digits)}%`;

/** Say a number of bytes. */
export function bytes(number) {
  if (number === null || number === undefined) return "unknown";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) [number, unit] = [number / 1000, unit + 1];
  return `${number.toFixed(number < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

/** Say seconds as a duration, in its two largest units. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  const parts = [[Math.floor(hours / 24), "d"], [hours % 24, "h"], [minutes % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([number]) => number);
  return parts.slice(first, first + 2).filter(([number]) => number).map((part) => part.join(" ")).join(" ");
}

/** Say how long ago a date was. */
export function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step ? RELATIVE.format(Math.round(seconds / step[1]), step[0]) : "just now";
}

/** Say a date to the second, in local time. */
export const exact = (date) => date.toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "medium" });

/** Say the time of day of a date; with the day where that is not today. */
export function clock(date) {
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? date.toLocaleTimeString(LOCALE)
    : date.toLocaleString(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** Make an element that says how long ago a time (ISO 8601) was, and exactly when in its title. */
export function since(iso) {
  const date = new Date(iso);
  return el("time", { datetime: iso, title: exact(date), class: "ago" }, ago(date));
}

/** Keep all of them true while the page is open. */
export function keepTimesFresh() {
  setInterval(() => {
    for (const node of document.querySelectorAll("time.ago")) node.textContent = ago(new Date(node.dateTime));
  }, 20_000);
}
