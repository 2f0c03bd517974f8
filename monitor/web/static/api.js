// Asking the API.

/** What an answer that is no success has to say. */
export class Refusal extends Error {}

const UNREACHABLE = "The daemon does not answer. Is it running, and are you on its network?";

/** Get JSON. Refusal: with the words of the API; without a session the way leads to the sign-in. */
export async function getJson(path, parameters = {}) {
  const query = queryOf(parameters);
  let response;
  try {
    response = await fetch(query ? `${path}?${query}` : path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Refusal(UNREACHABLE);
  }
  if (response.status === 401) signIn();
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(errorOf(response.status, body));
  return body;
}

/** Make a query of those parameters that have a value. */
export const queryOf = (parameters) => new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "")).toString();

/** Say what went wrong. status: of HTTP, 0 for no answer. */
export function errorOf(status, body) {
  if (typeof body?.error === "string") return body.error;
  return status === 0 ? UNREACHABLE : `The daemon answered with status ${status}.`;
}

/** Go to the sign-in. */
export const signIn = () => location.assign("/login");

/** What a POST of the page carries. */
export const csrf = () => ({ "X-CSRF-Token": document.querySelector("meta[name=csrf]").content });
