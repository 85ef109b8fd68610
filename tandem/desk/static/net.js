// Talking to the desk. Writes carry the CSRF token; every failure becomes an Error with words for the agent.
export class SignedOut extends Error {}

const TIMEOUT = 15_000;

async function request(address, options) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT), ...options });
  } catch {
    throw new Error("The desk cannot be reached. Nothing is lost; try again in a moment.");
  }
  if (response.status === 401) throw new SignedOut("You are signed out.");
  return response;
}

/** Do one step of a conversation. */
export const api = (id, step, values) => post(`/api/conversations/${encodeURIComponent(id)}/${step}`, values);

/** Change something through the API. */
export const post = (address, values) => send("POST", address, values);

/** The same with a method of one's own. */
export async function send(method, address, values = {}) {
  const response = await request(address, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf },
    body: JSON.stringify(values),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const detail = typeof answer.detail === "string" && answer.detail ? answer.detail : `error ${response.status}`;
    throw new Error(`That did not work: ${detail}.`);
  }
  return answer;
}

/** Fetch a piece of page made by the server, which has escaped all text in it; null if it is not there any more. */
export async function fragment(address) {
  const response = await request(address, { headers: { Accept: "text/html-fragment" } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`The desk answered with error ${response.status}.`);
  return new DOMParser().parseFromString(`<body>${await response.text()}</body>`, "text/html").body;
}
