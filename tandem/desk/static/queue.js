// The queue on the page: rows are the same elements as long as their conversations stand in it.
import { tick } from "./conversation.js";
import { morph } from "./morph.js";

const place = document.getElementById("queue");
const rows = () => [...place.querySelectorAll("a[data-conversation]")];

/** Bring the queue up to date. */
export function applyQueue(page, open) {
  const fresh = page.querySelector("#queue-state");
  if (!fresh) return;
  morph(document.getElementById("queue-state"), fresh);
  markOpen(open);
  tick();
}

/** Mark the row of the conversation that is open. */
export function markOpen(id) {
  for (const row of rows()) {
    if (row.dataset.conversation === id) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
  }
}

/** What the queue calls a conversation's customer; empty if it is not there. */
export const nameInQueue = (id) =>
  rows().find((row) => row.dataset.conversation === id)?.querySelector(".who").textContent || "";
