// How the daemon is, judged from its status: for each thing a mood (good, warning, bad), words, and facts.
import { bytes, duration, OFFLINE, PROBLEM } from "./words.js";

const number = (value, digits = 1) => (value === null || value === undefined ? null : value.toFixed(digits));
const facts = (entries) => entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
const thing = (name, mood, words, entries = []) => ({ name, mood, words, facts: facts(entries) });

const SMALL = 0.1; // of a disk: free room that deserves a word
const LATE = 30; // seconds that the broker has not acknowledged anything
const HOT = 80; // degrees: a Raspberry Pi slows down there

function camera([name, now]) {
  const offline = now.state !== "online";
  const because = (words, reason) => [words[reason] ?? reason, now.detail].filter(Boolean).join("; ");
  const words = offline
    ? now.state === "offline"
      ? `Offline: ${because(OFFLINE, now.reason)}`
      : "Connecting"
    : now.problem
      ? `Problem: ${because(PROBLEM, now.problem)}`
      : "Pictures come and are looked at";
  return thing(name, offline ? "bad" : now.problem ? "warning" : "good", words, [
    ["Pictures", offline ? null : withUnit(now.camera_fps, "a second")],
    ["Looks", offline ? null : withUnit(now.look_fps, "a second")],
    ["Time for a look", offline ? null : withUnit(now.inference_ms, "ms")],
    ["Age of a picture when judged", offline ? null : withUnit(now.frame_age_ms, "ms")],
    ["Reconnects", now.reconnects],
    ["Pictures dropped", now.dropped],
    ["Left out, as nothing moved", now.gated],
  ]);
}

const withUnit = (value, unit) => (number(value) === null ? null : `${number(value)} ${unit}`);

function broker(now) {
  if (!now) return thing("Broker", "calm", "MQTT is not in use");
  if (!now.connected) return thing("Broker", "bad", `Not connected${now.detail ? `: ${now.detail}` : ""}`);
  const late = now.acknowledged_seconds > LATE;
  return thing("Broker", late ? "warning" : "good", late ? `Nothing acknowledged for ${duration(now.acknowledged_seconds)}` : "Connected");
}

function outbox(now) {
  const lost = now.lost_alerts + now.lost_notices;
  const mood = now.lost_alerts || now.poison ? "bad" : lost || now.rejected || now.waiting ? "warning" : "good";
  const words = now.waiting ? `${now.waiting} wait for the broker` : "Everything is sent";
  return thing("Outbox", mood, words, [
    ["Oldest", now.oldest_seconds === null ? null : duration(now.oldest_seconds)],
    ["Refused by the broker", now.rejected || null],
    ["Set aside", now.poison || null],
    ["Lost alerts", now.lost_alerts || null],
    ["Lost notices", now.lost_notices || null],
    ["Size", now.size ? bytes(now.size) : null],
  ]);
}

function queue([name, { depth, size, dropped }]) {
  const full = depth >= size && size > 2; // a queue of pictures is meant to be full at times
  return thing(name, full ? "warning" : "good", full ? "Full" : `${depth} of ${size}`, [["Dropped", dropped || null]]);
}

function disk({ path, total, free }) {
  const low = free < total * SMALL;
  return thing(path, low ? "warning" : "good", `${bytes(free)} of ${bytes(total)} free`);
}

function storage({ trouble, written_per_day: written }) {
  const words = trouble || "Is being written";
  return thing("History", trouble ? "bad" : "good", words, [["Written a day", written === null ? null : bytes(written)]]);
}

function board({ temperature, throttled, duty }) {
  const hot = temperature > HOT;
  const words = throttled ? "The board slows itself down" : hot ? "Hot" : temperature === null ? "No temperature to be had" : "Cool enough";
  return thing("Board", throttled || hot ? "warning" : "good", words, [
    ["Temperature", withUnit(temperature, "°C")],
    ["Share of time the model may work", duty === null || duty === undefined ? null : `${Math.round(duty * 100)}%`],
  ]);
}

function model({ name, engine, precision, fallback_reason: fallback }) {
  const words = fallback ? `The fallback has taken over: ${fallback}` : "As configured";
  return thing(name ?? "Model", fallback ? "warning" : "good", words, [["Engine", engine], ["Precision", precision]]);
}

function process({ process: own, version, stuck }) {
  const hangs = stuck?.length > 0;
  return thing("Daemon", hangs ? "bad" : "good", hangs ? `Stuck: ${stuck.join(", ")}` : `Runs for ${duration(own.uptime)}`, [
    ["Version", version],
    ["Memory", bytes(own.rss)],
    ["Threads", own.threads],
    ["Open files", own.descriptors],
  ]);
}

/** Judge a status: groups of things, each {title, things}; parts that it lacks are left out. */
export function judge(status) {
  const one = (part, look) => (status[part] ? [look(status[part])] : []);
  return [
    { title: "Cameras", things: Object.entries(status.cameras ?? {}).map(camera) },
    { title: "Sending", things: [broker(status.broker), ...one("outbox", outbox)] },
    { title: "Keeping", things: [...one("storage", storage), ...(status.disks ?? []).map(disk)] },
    { title: "Working", things: [...one("model", model), ...(status.process ? [process(status)] : []), ...one("board", board)] },
    { title: "Queues", things: Object.entries(status.queues ?? {}).map(queue) },
  ].filter(({ things }) => things.length);
}
