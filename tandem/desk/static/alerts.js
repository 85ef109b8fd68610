// Signs that somebody new waits or that one's own customer has written: the title, marks on the rows, a soft sound if
// wanted, and words for screen readers.
import { rowsOf, waitingCount } from "./queue.js";

const SOUND = "tandem:sound";
const SEEN = `tandem:seen:${document.body.dataset.agent}`;  // conversation id: when its customer had written last
let audio = null;

const TOGETHER = 1500;  // milliseconds: what is said so soon after something else would take its place unheard
let said = 0;

export function announce(words) {
  const place = document.getElementById("announce");
  place.textContent = Date.now() - said < TOGETHER && place.textContent ? `${place.textContent}. ${words}` : words;
  said = Date.now();
}

export function toast(words) {
  const place = document.getElementById("toasts");
  const one = document.createElement("p");
  one.textContent = words;
  place.append(one);
  setTimeout(() => one.remove(), 8000);
}

const name = (row) => row.querySelector(".who").textContent;

/** Somebody new waits. */
export function alertWaiting(rows) {
  if (!rows.length) return;
  const why = rows[0].querySelector(".why")?.textContent || "";
  announce(`${rows.length === 1 ? "A customer waits" : `${rows.length} customers wait`}: ${why}`);
  if (wanted()) chime();
}

// -- one's own customers --

let seen = read();
let unread = new Set();

function read() { try { return JSON.parse(localStorage.getItem(SEEN)) || {}; } catch { return {}; } }

/** Mark customers of this agent who have written since the agent last looked; `open` is looked at now. */
export function markUnread(open) {
  const rows = rowsOf("mine");
  const before = unread;
  unread = new Set();
  seen = { ...read() };
  const kept = {};
  for (const row of rows) {
    const { conversation, written = "" } = row.dataset;
    const looking = conversation === open && !document.hidden;
    kept[conversation] = looking || !(conversation in seen) ? written : seen[conversation];
    const isNew = written > kept[conversation];
    row.querySelector(".unread").hidden = !isNew;
    row.classList.toggle("new", isNew);
    if (isNew) unread.add(conversation);
  }
  seen = kept;
  try { localStorage.setItem(SEEN, JSON.stringify(seen)); } catch { /* marks last as long as the page, then */ }
  const fresh = rows.filter((row) => unread.has(row.dataset.conversation) && !before.has(row.dataset.conversation));
  if (fresh.length) {
    announce(`${name(fresh[0])} has written`);
    if (wanted()) chime();
  }
  showTitle();
}

// Customers whom this agent has left without an answer for too long: a sign on their row, in the title and, each minute,
// the sound.
let late = 0;
let reminded = 0;

export function remind() {
  const limit = Number(document.getElementById("queue-state")?.dataset.remind || 0) * 1000;
  late = 0;
  for (const row of rowsOf("mine")) {
    const since = row.dataset.unanswered;
    const waits = limit > 0 && since && Date.now() - Date.parse(since) >= limit;
    row.querySelector(".late").hidden = !waits;
    if (waits) late += 1;
  }
  showTitle();
  if (!late || Date.now() - reminded < 60_000) return;
  reminded = Date.now();
  announce(late === 1 ? "A customer waits for your answer" : `${late} customers wait for your answer`);
  if (wanted()) chime();
}

function showTitle() {
  if (document.body.classList.contains("over")) return;
  const title = document.title.replace(/^(! )?(● )?(\(\d+\) )?/, "");
  const waiting = waitingCount();
  document.title = `${late ? "! " : ""}${unread.size ? "● " : ""}${waiting ? `(${waiting}) ` : ""}${title}`;
}

const wanted = () => { try { return localStorage.getItem(SOUND) === "on"; } catch { return false; } };

function chime() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume().catch(() => {});
  [[523.25, 0], [783.99, 0.14]].forEach(([pitch, after]) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + after;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.08, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  });
}

export function setUpSound() {
  const button = document.getElementById("sound");
  const show = () => {
    button.setAttribute("aria-pressed", String(wanted()));
    button.querySelector("span").textContent = wanted() ? "on" : "off";
  };
  button.addEventListener("click", () => {
    try { localStorage.setItem(SOUND, wanted() ? "off" : "on"); } catch { return; }
    show();
    if (wanted()) chime();
  });
  show();
}
