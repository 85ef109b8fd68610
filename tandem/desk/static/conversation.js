// The conversation and its context card on the page: puts fresh pieces in, touching only what changed.
import { morph } from "./morph.js";

const byId = (id) => document.getElementById(id);
const scroller = byId("scroll");

/** The conversation that the page shows; null while one is being opened. */
export const shownConversation = () => byId("head").dataset.conversation || null;

/** Whether the agent holds the conversation that is shown. */
export const alreadyHolds = () => Boolean(byId("composer-state").dataset.canReply);

/** What the page says about who has the conversation now. */
export const ownerInWords = () => byId("head").querySelector(".owner")?.textContent.trim().replace(/\s+/g, " ") || "";

/** Show that a conversation is being opened; nothing of the one before stays. */
export function showOpening(name, words = "Opening…") {
  const head = byId("head");
  delete head.dataset.conversation;
  head.querySelector(".steps")?.remove();
  if (!head.querySelector(".subject")) {
    const subject = Object.assign(document.createElement("div"), { className: "subject" });
    subject.append(Object.assign(document.createElement("h2"), { id: "subject", tabIndex: -1 }), document.createElement("p"));
    head.append(subject);
  }
  head.querySelector("h2").textContent = name;
  head.querySelector(".subject p").textContent = words;
  byId("composer-state").replaceChildren();
  delete byId("composer-state").dataset.canReply;
  for (const id of ["lines", "typing", "context-body"]) byId(id).replaceChildren();
  byId("earlier").hidden = byId("newer").hidden = true;
}

/** Whether a fragment shows this conversation, and no other. */
export const isAbout = (page, id) => page.querySelector("#head")?.dataset.conversation === id;

/** Put a conversation's pieces in; `first` when it is opened, else the latest lines are merged into those shown. */
export function showConversation(page, first) {
  for (const name of ["head", "typing", "composer", "context"]) {
    morph(document.querySelector(`[data-part="${name}"]`), page.querySelector(`[data-part="${name}"]`));
  }
  const lines = page.querySelector('[data-part="lines"]');
  const atEnd = isAtEnd();
  if (first || lines.dataset.gap) {
    fill(lines);
    if (first) byId("context").scrollTop = 0;
    if (first || atEnd) toEnd();
  } else if (merge(lines) && !atEnd) byId("newer").hidden = false;
  else if (atEnd) toEnd();
  fadeTyping();
  tick();
}

function fill(lines) {
  const place = byId("lines");
  // Two hundred lines at once are not news to be read out.
  place.setAttribute("aria-live", "off");
  place.replaceChildren(...lines.children);
  setTimeout(() => place.setAttribute("aria-live", "polite"), 500);
  const earlier = byId("earlier");
  earlier.hidden = lines.dataset.earlier === "0";
  earlier.querySelector("a").setAttribute("href", `?c=${encodeURIComponent(shownConversation())}&all=1`);
}

/** Whether there were new ones among them. */
function merge(fresh) {
  const place = byId("lines");
  let last = null;
  let added = false;
  for (const line of [...fresh.children]) {
    const known = line.id && byId(line.id);
    if (known) morph(known, line);
    else if (last) last.after(line);
    else if (!place.querySelector("[data-seq]") || Number(line.dataset.seq) > lastSeq()) place.append(line);
    else continue;  // what stands before the first line that is shown
    added ||= !known;
    last = known || line;
  }
  return added;
}

const sequence = (lines) => [...lines].map((one) => Number(one.dataset.seq));
const lastSeq = () => Math.max(0, ...sequence(byId("lines").querySelectorAll("[data-seq]")));

/** From which message on the page must look again: the last it knows, or the first whose delivery may still move. */
export function freshFrom() {
  const unsettled = byId("lines").querySelectorAll(".delivery.pending, .delivery.waiting, .delivery.doubt");
  return Math.min(lastSeq(), ...sequence([...unsettled].map((one) => one.closest("[data-seq]")).filter(Boolean)));
}

const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;

export function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
  byId("newer").hidden = true;
}

byId("newer").addEventListener("click", toEnd);
scroller.addEventListener("scroll", () => { if (isAtEnd()) byId("newer").hidden = true; }, { passive: true });
new ResizeObserver(() => { if (byId("newer").hidden) scroller.scrollTop = scroller.scrollHeight; }).observe(scroller);
toEnd();

// A link to a message moves the transcript alone: the browser would move the page's panes, too.
document.addEventListener("click", (event) => {
  const target = event.target.closest('a[href^="#m"]');
  if (!target) return;
  event.preventDefault();
  const line = byId(target.getAttribute("href").slice(1));
  if (!line) { byId("earlier").querySelector("a").click(); return; }
  scroller.scrollTop += line.getBoundingClientRect().top - scroller.getBoundingClientRect().top - scroller.clientHeight / 3;
  document.querySelector(".line.pointed")?.classList.remove("pointed");
  line.classList.add("pointed");
});

let fading = 0;
function fadeTyping() {
  clearTimeout(fading);
  const typing = byId("typing");
  if (typing.textContent.trim()) {
    fading = setTimeout(() => typing.replaceChildren(), 6500);
    if (isAtEnd()) toEnd();
  }
}

/** Waiting times go on by themselves. The words are those of the server's pages (rendering.span). */
export function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000));
    const hours = Math.floor(minutes / 60);
    const text = minutes < 1 ? "now" : minutes < 60 ? `${minutes} min`
      : hours < 24 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${Math.floor(hours / 24)} d`;
    if (time.textContent !== text) time.textContent = text;
  }
}
