// Puts fresh pieces of page in place of old ones, touching only what changed: focus, scroll and selection stay.

/** Replace `old` by `fresh` if they differ, keeping open details open and the focus where it was. */
function swap(old, fresh) {
  if (old.dataset.was === fresh.outerHTML) return;
  const focused = old.contains(document.activeElement) ? marker(document.activeElement) : null;
  const folded = new Map([...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  const was = fresh.outerHTML;
  for (const one of fresh.querySelectorAll("details[id]")) if (folded.has(one.id)) one.open = folded.get(one.id);
  fresh.dataset.was = was;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

function marker(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.step) return `[data-step="${element.dataset.step}"]`;
  if (element.tagName === "SUMMARY") return `#${CSS.escape(element.parentElement.id)} > summary`;
  return null;
}

export function applyQueue(page) {
  if (!page) return;
  const place = document.getElementById("queue");
  const top = place.scrollTop;
  swap(document.getElementById("queue-state"), page.querySelector("#queue-state"));
  place.scrollTop = top;
  tick();
}

export function applyConversation(page, first) {
  const { conversation } = page.querySelector("#head").dataset;
  for (const name of ["head", "typing", "composer", "context"]) {
    const old = document.querySelector(`[data-part="${name}"]`);
    const fresh = page.querySelector(`[data-part="${name}"]`);
    if (old && fresh) swap(old, fresh);
  }
  const lines = page.querySelector('[data-part="lines"]');
  if (first) {
    document.getElementById("lines").replaceChildren(...lines.children);
    const earlier = document.getElementById("earlier");
    earlier.hidden = lines.dataset.earlier === "0";
    earlier.querySelector("a").setAttribute("href", `/?c=${encodeURIComponent(conversation)}&all=1`);
    document.getElementById("context").scrollTop = 0;
    toEnd();
  } else merge(lines);
  fadeTyping();
  tick();
}

function merge(fresh) {
  const place = document.getElementById("lines");
  const atEnd = isAtEnd();
  let last = null;
  let added = false;
  for (const line of [...fresh.children]) {
    const known = document.getElementById(line.id);
    if (known) {
      if (known.outerHTML !== line.outerHTML) known.replaceWith(line);
      last = document.getElementById(line.id);
    } else {
      // What the page does not know yet follows what it knows, except for the first lines of a shorter window.
      if (last) last.after(line);
      else if (place.childElementCount === 0 || !place.querySelector("[data-seq]")) place.append(line);
      else if (line.dataset.seq && Number(line.dataset.seq) > lastSeq(place)) place.append(line);
      else continue;
      last = line;
      added = true;
    }
  }
  if (atEnd) toEnd();
  else if (added) document.getElementById("newer").hidden = false;
}

const lastSeq = (place) => Math.max(0, ...[...place.querySelectorAll("[data-seq]")].map((one) => Number(one.dataset.seq)));
const scroller = () => document.getElementById("scroll");
const isAtEnd = () => scroller().scrollHeight - scroller().scrollTop - scroller().clientHeight < 80;

export function toEnd() {
  scroller().scrollTop = scroller().scrollHeight;
  document.getElementById("newer").hidden = true;
}

document.getElementById("newer").addEventListener("click", toEnd);
scroller().addEventListener("scroll", () => { if (isAtEnd()) document.getElementById("newer").hidden = true; }, { passive: true });
new ResizeObserver(() => { if (document.getElementById("newer").hidden) scroller().scrollTop = scroller().scrollHeight; }).observe(scroller());
toEnd();

let fading = 0;
function fadeTyping() {
  clearTimeout(fading);
  const typing = document.getElementById("typing");
  if (typing.textContent.trim()) {
    fading = setTimeout(() => typing.replaceChildren(), 6500);
    if (isAtEnd()) toEnd();
  }
}

/** Waiting times go on by themselves. The words are those of the server's pages (pages.span). */
export function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000));
    const hours = Math.floor(minutes / 60);
    const text = minutes < 1 ? "now" : minutes < 60 ? `${minutes} min`
      : hours < 24 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${Math.floor(hours / 24)} d`;
    if (time.textContent !== text) time.textContent = text;
  }
}
