// The end of a session: says so, and heals by itself once the agent has signed in again, in whatever tab.
import { at } from "./base.js";
import { OtherAgent, renewSession, SignedOut } from "./net.js";

const banner = document.getElementById("signed-out");
const words = document.getElementById("signed-out-words");
const link = document.getElementById("signed-out-link");
const EVERY = 10_000;
const SOON = 1_000;  // the answer that said so may be older than a new sign-in
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("tandem-desk") : null;
let healed = () => {};
let looking = false;

export const isSignedOut = () => !banner.hidden;

/** Call `whenHealed` each time when the session is back after it was over. */
export function watchSession(whenHealed) {
  healed = whenHealed;
  tabs?.postMessage("signed in");
  tabs?.addEventListener("message", look);
  window.addEventListener("focus", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  setInterval(look, EVERY);
}

/** Show that the session is over. What is typed is kept, and nothing more is shown or sent until it is back. */
export function showSignedOut(error = new SignedOut()) {
  const other = error instanceof OtherAgent;
  words.textContent = other ? `${error.message} What you typed is kept for you.` : `${error.message} What you typed is kept.`;
  link.textContent = other ? "Go on as they" : "Sign in";
  link.href = at(other ? "/" : `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  banner.hidden = false;
  document.body.classList.add("over");
  document.title = document.title.replace(/^.*Desk/, "Signed out");
  if (!looking) setTimeout(look, SOON);
}

async function look() {
  if (!isSignedOut() || looking) return;
  looking = true;
  try {
    await renewSession();
    banner.hidden = true;
    document.body.classList.remove("over");
    document.title = document.title.replace(/^Signed out/, "Desk");
    healed();
  } catch (error) {
    if (error instanceof SignedOut) showSignedOut(error);  // by now it may be another agent's
  } finally {
    looking = false;
  }
}
