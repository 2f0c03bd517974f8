// Try a picture: chosen, dropped or pasted; asked about one after the other.
import { bars } from "./bars.js";
import { announce, byId, el, say, setText } from "./dom.js";
import { shown } from "./tabs.js";
import { askAbout } from "./upload.js";
import { duration, percent } from "./words.js";

const LARGEST = 8_000_000; // bytes; the daemon would refuse it too, after the whole upload
let queue = Promise.resolve();

function makeResult(file) {
  const address = URL.createObjectURL(file);
  const name = file.name || "pasted picture";
  const image = el("img", { src: address, alt: "" });
  const progress = el("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const [words, trouble] = [el("p", { class: "quiet" }, "Waits"), el("p", { class: "trouble", hidden: true })];
  const labels = bars(2);
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  image.addEventListener("error", () => image.replaceWith(el("span", null, "no preview")));
  const thumb = el("div", { class: "thumb" }, image);
  const node = el("li", { class: "panel result" }, thumb, el("div", null, el("h3", null, name), progress, trouble, labels.node, words));

  return {
    node,
    sent(share) {
      progress.value = share;
      setText(words, share < 1 ? `Sending: ${percent(share)}` : "The model looks…");
    },
    answered({ predictions, model, elapsed_ms: elapsed }) {
      progress.remove();
      labels.update(predictions.map(({ label, probability }) => ({ label, score: probability / 100 })));
      setText(words, `${model}, ${duration(elapsed / 1000)}`.replace(/, 0\.0 s$/, `, ${Math.round(elapsed)} ms`));
      announce(`${name}: ${predictions.map(({ label, probability }) => `${label} ${probability.toFixed(0)}%`).join(", ")}`);
    },
    refused(error) {
      progress.remove();
      words.remove();
      say(trouble, error.message);
      announce(`${name}: ${error.message}`);
    },
  };
}

async function ask(file, result) {
  if (file.size > LARGEST) {
    result.refused(new Error("This picture is larger than 8 MB. Make it smaller and try again."));
    return;
  }
  try {
    result.answered(await askAbout(file, result.sent));
  } catch (error) {
    result.refused(error);
  }
}

function take(files) {
  for (const file of files) {
    const result = makeResult(file);
    byId("results").prepend(result.node);
    // One at a time: the daemon answers few at once, and has cameras to look after.
    queue = queue.then(() => ask(file, result));
  }
}

const filesOf = (transfer) => [...(transfer?.files ?? [])];

/** Take pictures in every way there is. */
export function startPredict() {
  const [drop, input, part] = [byId("drop"), byId("file"), byId("try")];
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // so that the same picture can be chosen again
  });
  const over = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover");
  };
  for (const kind of ["dragover", "dragleave", "drop"]) part.addEventListener(kind, over);
  part.addEventListener("drop", (event) => take(filesOf(event.dataTransfer)));
  document.addEventListener("paste", (event) => shown() === "try" && take(filesOf(event.clipboardData)));
  // A picture dropped beside the field must not replace the page.
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
}
