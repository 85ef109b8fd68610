// Drafts live in localStorage until the desk has the message: per agent, conversation, and reply or note.
const PREFIX = "tandem:draft:";
const agent = document.body.dataset.agent;
const slot = (id, mode) => `${PREFIX}${agent}:${mode}:${id}`;

/** The draft; `sent` and `client_id` are there if it was sent and no answer came. */
export function readDraft(id, mode) {
  try { return JSON.parse(localStorage.getItem(slot(id, mode))) || { text: "" }; } catch { return { text: "" }; }
}

export function keepDraft(id, mode, draft) {
  try {
    if (draft.text || draft.sent) localStorage.setItem(slot(id, mode), JSON.stringify(draft));
    else localStorage.removeItem(slot(id, mode));
  } catch { /* Without storage the text is still in the field. */ }
}

const mine = () => Object.keys(localStorage).filter((key) => key.startsWith(`${PREFIX}${agent}:`));

/** How many conversations have words of this agent that were not sent. */
export function countDrafts() {
  try { return mine().filter((key) => JSON.parse(localStorage.getItem(key))?.text?.trim()).length; } catch { return 0; }
}

/** Forget this agent's drafts: on signing out, because others may use the browser. */
export function forgetDrafts() {
  try { for (const key of mine()) localStorage.removeItem(key); } catch { /* there are none */ }
}
