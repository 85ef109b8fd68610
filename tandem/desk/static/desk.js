// The desk: opens conversations, keeps queue and conversation fresh, carries out the agent's steps.
import { at } from "./base.js";
import { api, fragment, get, post, SignedOut } from "./net.js";
import {
  freshFrom, isAbout, ownerInWords, showConversation, shownConversation, showOpening, tick,
} from "./conversation.js";
import { Composer } from "./composer.js";
import { alertWaiting, announce, markUnread, remind, setUpSound, toast } from "./alerts.js";
import { askBefore } from "./closing.js";
import { countDrafts, forgetDrafts, readDraft } from "./drafts.js";
import { setUpKeys } from "./keys.js";
import { markOpen, nameInQueue, queueVersion, setUpQueue, takeIn } from "./queue.js";
import { isSignedOut, showSignedOut, watchSession } from "./session.js";
import { listOrders, setUpOrders } from "./orders.js";
import { Live } from "./stream.js";

const body = document.body;
const RETRIES = [1, 2, 4, 8, 15];  // seconds
const SAFETY_NET = 45_000;  // milliseconds: whatever sign was missed, the page is not older than this
// `reading` ends what was asked about the conversation before; `opening` says that its first answer is still to come.
const state = { id: body.dataset.conversation || null, reading: new AbortController(), opening: false, busy: false };
const live = new Live(hear);
const composer = new Composer({ sent: () => { refreshQueue(); refreshConversation(); }, signedOut });
const address = (id) => at(id ? `/?c=${encodeURIComponent(id)}` : "/");

// -- keeping fresh ---------------------------------------------------------------------------------------------

/** What the page last heard from each way to the desk; it is reconnecting as long as one of them is down. */
const down = new Set();
function connected(way, up) {
  if (up) down.delete(way);
  else down.add(way);
  const words = down.size ? "Reconnecting…" : "";
  const place = document.getElementById("connection");
  if (place.textContent !== words) place.textContent = words;
  place.classList.toggle("bad", down.size > 0);
}

function signedOut(error) {
  live.close();
  for (const way of [...down]) connected(way, true);
  showSignedOut(error);
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Runs `work` at once, once more if asked again meanwhile, and again later if it failed: an answer must come. */
function refresher(way, work) {
  let running = null;
  let again = false;
  let failed = 0;
  return function run() {
    again = true;
    running ??= (async () => {
      await null;  // so that `running` is set before it can be over
      while (again && !isSignedOut()) {
        again = false;
        try {
          await work();
          failed = 0;
          connected(way, true);
        } catch (error) {
          if (error instanceof SignedOut) { signedOut(error); break; }
          connected(way, false);
          await pause(RETRIES[Math.min(failed++, RETRIES.length - 1)]);
          again = true;
        }
      }
      running = null;
    })();
    return running;
  };
}

const refreshQueue = refresher("queue", async () => {
  if (!takeIn(await get(`/desk/queue?since=${queueVersion()}`))) takeIn(await get("/desk/queue"));
});

const refreshConversation = refresher("conversation", async () => {
  const { id, reading } = state;
  if (!id || state.opening) return;
  let page;
  try {
    page = await fragment(`/desk/conversation?c=${encodeURIComponent(id)}&since=${freshFrom()}`, reading.signal);
  } catch (error) {
    if (reading.signal.aborted) return;  // another conversation is open by now
    throw error;
  }
  if (reading.signal.aborted) return;
  if (!page) { announce("This conversation has been erased."); open(null); return; }
  if (!isAbout(page, id)) throw new Error("The desk answered about another conversation.");
  showConversation(page, false);
  composer.update(ownerInWords());
  listOrders(act);
});

function refresh() { refreshQueue(); refreshConversation(); }

/** What the live stream says. */
function hear(name, data) {
  connected("stream", name !== "down");
  if (name === "hello") {
    refreshConversation();
    if (data.version !== queueVersion()) refreshQueue();
  } else if (name === "queue") {
    if (!takeIn(data)) refreshQueue();
  } else if (name === "stale" || name === "joined") refresh();
  else if (name === "conversation" && data.id === state.id) refreshConversation();
  else if (name === "signed-out") signedOut();
}

// -- opening ---------------------------------------------------------------------------------------------------

/** Show conversation `id`, or none. From here on nothing that belongs to the one before is shown, typed or sent. */
export function open(id, push = true) {
  state.reading.abort();
  state.reading = new AbortController();
  composer.leave();
  state.id = id || null;
  state.opening = Boolean(state.id);
  body.dataset.conversation = state.id || "";
  document.getElementById("open").hidden = !state.id;
  document.getElementById("nothing").hidden = Boolean(state.id);
  showOpening(state.id ? nameInQueue(state.id) || "…" : "");
  pane(state.id ? "conversation" : "queue");
  markOpen(state.id);
  if (push) history.pushState({ id: state.id }, "", address(state.id));
  live.follow(state.id);
  markUnread(state.id);
  return state.id ? load() : Promise.resolve();
}

async function load() {
  const { id, reading } = state;
  for (let tries = 0; !reading.signal.aborted; tries++) {
    try {
      const page = await fragment(`/desk/conversation?first=1&c=${encodeURIComponent(id)}`, reading.signal);
      if (reading.signal.aborted) return;
      if (!page) { toast("This conversation does not exist any more."); open(null); refreshQueue(); return; }
      if (!isAbout(page, id)) throw new Error("The desk answered about another conversation.");
      state.opening = false;
      showConversation(page, true);
      composer.enter(id);
      listOrders(act);
      return;
    } catch (error) {
      if (reading.signal.aborted) return;
      if (error instanceof SignedOut) { signedOut(error); return; }  // when that heals, `resume` opens it
      showOpening(nameInQueue(id) || "…", "It cannot be fetched just now. Trying again…");
      await pause(RETRIES[Math.min(tries, RETRIES.length - 1)]);
    }
  }
}

function resume() {
  live.follow(state.id);
  refreshQueue();
  if (state.opening) load();
  else refreshConversation();
}

function pane(name) { body.dataset.pane = name; }

window.addEventListener("popstate", () => open(new URLSearchParams(location.search).get("c"), false));

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const target = event.target.closest("a[data-conversation], [data-pane], [data-step], [data-retry], [data-order]");
  if (!target || target === body) return;
  const { conversation, pane: shown, step, retry, order } = target.dataset;
  if (target.matches("a[data-conversation]")) { event.preventDefault(); openByHand(conversation); }
  else if (step) take(step);
  else if (order) actOnOrder(order, target.dataset.do);
  else if (retry) act(`messages/${retry}/retry`, {});
  else if (shown) { event.preventDefault(); pane(shown); }
});

/** Open a conversation, and lead keyboard and screen reader to it. */
function openByHand(id) {
  open(id);
  document.getElementById("subject")?.focus({ preventScroll: true });
}

// -- steps -----------------------------------------------------------------------------------------------------

/** Do a step of the conversation that the page shows; `id` where the agent was asked about one before. */
async function act(step, values, id = shownConversation()) {
  if (!id) return false;
  state.busy = true;
  for (const button of document.querySelectorAll("#head [data-step]")) button.disabled = true;
  try {
    return await api(id, step, values, shownConversation() || "") || true;
  } catch (error) {
    if (error instanceof SignedOut) signedOut(error);
    else toast(error.message);
    return false;
  } finally {
    for (const button of document.querySelectorAll("#head [data-step]")) button.disabled = false;
    refreshQueue();
    await Promise.race([refreshConversation(), pause(5)]);
    state.busy = false;
  }
}

function actOnOrder(number, what) {
  const id = shownConversation();
  if (what === "cancel" && !window.confirm(`Cancel order ${number}? This cannot be undone.`)) return;
  act(`orders/${encodeURIComponent(number)}/${what}`, {}, id);
}

export async function take(step) {
  const button = document.querySelector(`#head [data-step="${step}"]`);
  const id = shownConversation();
  if (!button || button.disabled || !id) return;
  const values = await askBefore(step, button.dataset.flow, composer.unsent());
  if (!values || id !== shownConversation()) return;
  if (await act(step, values, id) && (step === "claim" || step === "take-over")) composer.focus("reply");
}

document.getElementById("sign-out").addEventListener("submit", (event) => {
  const drafts = countDrafts();
  const lose = drafts === 1 ? "A text that you have not sent is" : `${drafts} texts that you have not sent are`;
  if (drafts && !window.confirm(`${lose} lost if you sign out. Sign out?`)) { event.preventDefault(); return; }
  composer.leave();
  forgetDrafts();
});

const away = document.getElementById("away");
away.addEventListener("click", async () => {
  const now = away.getAttribute("aria-pressed") !== "true";
  try { await post("/api/me/presence", { away: now }); } catch (error) {
    if (error instanceof SignedOut) signedOut(error);
    else toast(error.message);
    return;
  }
  away.setAttribute("aria-pressed", String(now));
  away.textContent = now ? "Away" : "Available";
});

setUpQueue({
  arrived: alertWaiting,
  changed() { markOpen(state.id); markUnread(state.id); remind(); },
  lost(row) {
    const { conversation } = row.dataset;
    if (conversation === state.id || !readDraft(conversation, "reply").text.trim()) return;
    toast(`A colleague has ${nameInQueue(conversation)} now. What you had not sent is kept there.`);
  },
  behind: refreshQueue,
});
setUpSound();
setUpKeys({ open, take, composer, busy: () => state.busy || state.opening });
setUpOrders((error) => { if (error instanceof SignedOut) signedOut(error); }, () => refreshConversation());
watchSession(resume);
setInterval(() => { tick(); remind(); }, 10_000);
setInterval(() => { if (!document.hidden) refresh(); }, SAFETY_NET);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { refresh(); markUnread(state.id); } });
tick();
if (state.id) {
  composer.enter(state.id);
  listOrders(act);
}
live.follow(state.id);
// From here on steps and words are heard; before, buttons and field are out of reach.
body.dataset.ready = "1";
