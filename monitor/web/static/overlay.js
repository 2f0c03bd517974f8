// What the model sees, drawn over the picture.
import { svg } from "./dom.js";

/** Make the drawing. update: takes what the API says of a camera; places are fractions of the picture. */
export function makeOverlay() {
  const node = svg("svg", { class: "overlay", "aria-hidden": "true" });
  let drawn = "";

  function update({ size, zones, squares, gate }) {
    const now = JSON.stringify([size, zones, squares, gate?.movement]);
    if (now === drawn) return;
    drawn = now;
    const [width, height] = size ?? [1280, 720];
    const box = (kind, [x, y, w, h]) =>
      svg("rect", { class: kind, x: x * width, y: y * height, width: w * width, height: h * height, rx: width / 200 });
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    node.replaceChildren(
      ...Object.entries(zones ?? {}).map(([name, corners]) => zone(name, corners.map(([x, y]) => [x * width, y * height]), width)),
      ...(squares ?? []).map((square) => box("square", square)),
      ...(gate?.movement ? [box("movement", gate.movement)] : []),
    );
  }

  return { node, update };
}

function zone(name, corners, width) {
  const [x, y] = corners.reduce((highest, corner) => (corner[1] < highest[1] ? corner : highest));
  const size = width / 32;
  return svg(
    "g",
    { class: "zone" },
    svg("polygon", { points: corners.map((corner) => corner.join(",")).join(" ") }),
    svg("text", { x: x + size / 2, y: y + size * 1.3, "font-size": size }, name),
  );
}
