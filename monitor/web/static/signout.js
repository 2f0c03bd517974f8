// The button that ends a session; there is none where nobody signs in.
import { csrf, signIn } from "./api.js";
import { byId } from "./dom.js";

/** Make the button work. */
export function startSignOut() {
  byId("sign-out")?.addEventListener("click", async () => {
    await fetch("/logout", { method: "POST", headers: csrf() }).catch(() => null);
    signIn();
  });
}
