// Sending one picture. XMLHttpRequest, as fetch does not tell how far an upload is.
import { csrf, errorOf, Refusal, signIn } from "./api.js";

/** Ask what a picture shows. progress: called with 0..1. Gives {predictions, model, elapsed_ms}. Refusal: in the words of the API. */
export function askAbout(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/predict");
    for (const [name, value] of Object.entries(csrf())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status === 200) resolve(request.response);
      else reject(new Refusal(errorOf(request.status, request.response)));
      if (request.status === 401) signIn();
    });
    request.addEventListener("error", () => reject(new Refusal(errorOf(0))));
    const form = new FormData();
    form.append("file", file, file.name || "picture");
    request.send(form);
  });
}
