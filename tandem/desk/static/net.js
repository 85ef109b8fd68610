// Talking to the desk. Writes carry the CSRF token and the conversation that the page shows; every failure becomes an
// Error with words for the agent.

import { at } from "./base.js";

/** Nobody is signed in any more. */
export class SignedOut extends Error {
  constructor(words = "You are signed out.") { super(words); }
}

/** The browser's session belongs to another agent than the one whose page this is. */
export class OtherAgent extends SignedOut {
  constructor(name) { super(`${name} has signed in in another tab.`); this.agent = name; }
}

const TIMEOUT = 15_000;
const body = document.body;

async function request(address, options = {}) {
  const stop = new AbortController();
  const { signal } = options;
  const abort = () => stop.abort();
  const timer = setTimeout(abort, TIMEOUT);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const response = await fetch(at(address), { credentials: "same-origin", redirect: "manual", ...options, signal: stop.signal });
    // A redirect can only lead to a sign-in page, ours or that of a proxy before us.
    if (response.status === 401 || response.type === "opaqueredirect") throw new SignedOut();
    return { response, text: await response.text() };
  } catch (error) {
    if (error instanceof SignedOut) throw error;
    throw new Error("The desk cannot be reached. Nothing is lost; try again in a moment.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** Get JSON. */
export async function get(address, options) {
  const { response, text } = await request(address, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw new Error(`The desk answered with error ${response.status}.`);
  try { return JSON.parse(text); } catch { throw new Error("The desk's answer cannot be read."); }
}

/**
 * See that the browser's session is still this page's agent's, and take its CSRF token, which is new after signing in
 * again in another tab.
 */
export async function renewSession() {
  const session = await get("/desk/session");
  if (session.agent !== body.dataset.agent) throw new OtherAgent(session.name);
  body.dataset.csrf = session.csrf_token;
}

/** Do one step of a conversation. The desk refuses it if the page shows another one (`shown`). */
export const api = (id, step, values, shown = id) => post(
  `/api/conversations/${encodeURIComponent(id)}/${step}`, values, { "X-Shown-Conversation": encodeURIComponent(shown) });

/** Change something through the API. */
export const post = (address, values, headers) => send("POST", address, values, headers);

/** The same with a method of one's own. */
export async function send(method, address, values = {}, headers = {}) {
  const used = body.dataset.csrf;
  const ask = () => request(address, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": body.dataset.csrf, ...headers },
    body: JSON.stringify(values),
  });
  let { response, text } = await ask();
  // Nothing was done. After signing in again in another tab the page's token is an old one.
  if (response.status === 403) {
    await renewSession();
    if (body.dataset.csrf !== used) ({ response, text } = await ask());
  }
  let answer = {};
  try { answer = JSON.parse(text); } catch { /* a 204, or a proxy's page */ }
  if (!response.ok) {
    const detail = typeof answer.detail === "string" && answer.detail ? answer.detail : `error ${response.status}`;
    throw new Error(`That did not work: ${detail}.`);
  }
  return answer;
}

/** Fetch a piece of page made by the server, which has escaped all text in it; null if it is not there any more. */
export async function fragment(address, signal) {
  const { response, text } = await request(address, { headers: { Accept: "text/html-fragment" }, signal });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`The desk answered with error ${response.status}.`);
  const agent = response.headers.get("X-Desk-Agent");
  if (agent !== null && decodeURIComponent(agent) !== body.dataset.agent) {
    await renewSession();  // throws, and knows their name
    throw new SignedOut();
  }
  return new DOMParser().parseFromString(`<body>${text}</body>`, "text/html").body;
}
