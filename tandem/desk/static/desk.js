// The desk: opens conversations, keeps queue and conversation fresh, carries out the agent's steps.
import { api, fragment, post, SignedOut } from "./net.js";
import { applyConversation, applyQueue, tick } from "./parts.js";
import { Composer } from "./composer.js";
import { alertWaiting, announce, remind, setUpSound, toast } from "./alerts.js";
import { setUpKeys } from "./keys.js";

const body = document.body;
const state = { id: body.dataset.conversation || null, stream: null, retry: 0, busy: false };
const query = () => (state.id ? `?c=${encodeURIComponent(state.id)}` : "");
const composer = new Composer(body.dataset.agent, () => state.id, () => refreshConversation());

// -- keeping fresh ---------------------------------------------------------------------------------------------

function trouble(error) {
  if (error instanceof SignedOut) showSignedOut();
  else connection("Reconnecting…", true);
}

/** Runs `work` at once, and once more if asked again meanwhile: bursts of signs cost two requests, not twenty. */
function coalesced(work) {
  let running = null;
  let again = false;
  return async function run() {
    if (running) { again = true; return running; }
    running = (async () => {
      do { again = false; await work().catch(trouble); } while (again);
    })();
    try { await running; } finally { running = null; }
  };
}

const refreshQueue = coalesced(async () => {
  applyQueue(await fragment(`/desk/queue${query()}`));
  alertWaiting();
  remind();
});

const refreshConversation = coalesced(async () => {
  const id = state.id;
  if (!id) return;
  const page = await fragment(`/desk/conversation${query()}`);
  if (id !== state.id) return;
  if (page) applyConversation(page, false);
  else { announce("This conversation has been erased."); await open(null); }
  composer.update();
});

function connection(text, bad = false) {
  const place = document.getElementById("connection");
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("bad", bad);
}

function showSignedOut() {
  state.stream?.close();
  connection("You are signed out. What you typed is kept.", true);
  if (!document.getElementById("sign-in-again")) {
    const link = Object.assign(document.createElement("a"), { id: "sign-in-again", href: "/sign-in", textContent: "Sign in" });
    document.getElementById("connection").append(" ", link);
  }
}

function listen() {
  state.stream?.close();
  const stream = new EventSource(`/desk/events${query()}`);
  state.stream = stream;
  stream.addEventListener("hello", () => {
    state.retry = 0;
    connection("");
    refreshQueue();
    refreshConversation();
  });
  stream.addEventListener("queue", refreshQueue);
  stream.addEventListener("conversation", refreshConversation);
  stream.addEventListener("signed-out", showSignedOut);
  stream.onerror = () => {
    connection("Reconnecting…", true);
    if (stream.readyState !== EventSource.CLOSED || stream !== state.stream) return;
    // The browser gives up on an error answer; the desk does not.
    state.retry = Math.min(state.retry + 1, 5);
    setTimeout(() => { if (stream === state.stream) { refreshQueue(); listen(); } }, 500 * 2 ** state.retry);
  };
}

// -- opening ---------------------------------------------------------------------------------------------------

export async function open(id, push = true) {
  if (id) {
    let page;
    try { page = await fragment(`/desk/conversation?first=1&c=${encodeURIComponent(id)}`); } catch (error) { trouble(error); return; }
    if (!page) { toast("This conversation does not exist any more."); refreshQueue(); return; }
    composer.leave();
    state.id = id;
    applyConversation(page, true);
  } else {
    composer.leave();
    state.id = null;
  }
  body.dataset.conversation = state.id || "";
  document.getElementById("open").hidden = !state.id;
  document.getElementById("nothing").hidden = Boolean(state.id);
  if (!state.id) document.getElementById("context-body").replaceChildren();
  pane(state.id ? "conversation" : "queue");
  for (const row of document.querySelectorAll("#queue [data-conversation]")) {
    if (row.dataset.conversation === state.id) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
  }
  if (push) history.pushState({ id: state.id }, "", state.id ? `/${query()}` : "/");
  composer.enter();
  listen();
}

function pane(name) { body.dataset.pane = name; }

window.addEventListener("popstate", () => open(new URLSearchParams(location.search).get("c"), false));

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const target = event.target.closest("a[data-conversation], [data-pane], [data-step], [data-retry], [data-order]");
  if (!target || target === body) return;
  const { conversation, pane: shown, step, retry, order } = target.dataset;
  if (target.matches("a[data-conversation]")) { event.preventDefault(); open(conversation); }
  else if (step) take(step);
  else if (order) actOnOrder(order, target.dataset.do);
  else if (retry) act(`messages/${retry}/retry`, {});
  else if (shown) { event.preventDefault(); pane(shown); }
});

// -- steps -----------------------------------------------------------------------------------------------------

async function act(step, values) {
  const id = state.id;
  state.busy = true;
  for (const button of document.querySelectorAll("#head [data-step]")) button.disabled = true;
  try {
    await api(id, step, values);
    return true;
  } catch (error) {
    if (error instanceof SignedOut) showSignedOut();
    else toast(error.message);
    return false;
  } finally {
    for (const button of document.querySelectorAll("#head [data-step]")) button.disabled = false;
    refreshQueue();
    await refreshConversation();
    state.busy = false;
  }
}

function actOnOrder(number, what) {
  if (what === "cancel" && !window.confirm(`Cancel order ${number}? This cannot be undone.`)) return;
  act(`orders/${encodeURIComponent(number)}/${what}`, {});
}

const CLOSING = {
  "hand-back": ["Hand back to the bot", "The bot answers the customer's next message.", "Hand back"],
  resolve: ["Resolve the conversation", "The customer is told that it is closed. If they write again, the bot answers.", "Resolve"],
};

export async function take(step) {
  const button = document.querySelector(`#head [data-step="${step}"]`);
  if (!button || button.disabled) return;
  if (!CLOSING[step]) {
    if (await act(step, {}) && (step === "claim" || step === "take-over")) composer.focus("reply");
    return;
  }
  const dialog = document.getElementById("closing");
  const note = document.getElementById("closing-note");
  [["closing-title", 0], ["closing-text", 1], ["closing-yes", 2]].forEach(([id, part]) => {
    document.getElementById(id).textContent = CLOSING[step][part];
  });
  const next = document.getElementById("closing-next");
  next.hidden = !button.dataset.flow;
  document.getElementById("closing-flow").textContent = button.dataset.flow || "";
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  note.focus();
  const id = state.id;
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes" || id !== state.id) return;
    const resume = !next.hidden && next.querySelector("[value=resume]").checked;
    act(step, { note_for_bot: note.value.trim(), ...(step === "hand-back" ? { resume } : {}) });
  };
}

document.getElementById("closing-note").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); document.getElementById("closing-yes").click(); }
});
document.getElementById("sign-out").addEventListener("submit", () => composer.forget());

const away = document.getElementById("away");
away.addEventListener("click", async () => {
  const now = away.getAttribute("aria-pressed") !== "true";
  try { await post("/api/me/presence", { away: now }); } catch (error) { toast(error.message); return; }
  away.setAttribute("aria-pressed", String(now));
  away.textContent = now ? "Away" : "Available";
});

setUpSound();
setUpKeys({ open, take, composer, busy: () => state.busy });
setInterval(() => { tick(); remind(); }, 10_000);
tick();
alertWaiting();
composer.enter();
listen();
