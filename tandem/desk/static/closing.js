// The questions before a conversation leaves the agent: a line for the bot, what the bot does next, words not sent yet.
const dialog = document.getElementById("closing");
const note = document.getElementById("closing-note");
const part = (name) => document.getElementById(`closing-${name}`);

const CLOSING = {
  "hand-back": ["Hand back to the bot", "The bot answers the customer's next message.", "Hand back"],
  resolve: ["Resolve the conversation", "The customer is told that it is closed. If they write again, the bot answers.", "Resolve"],
  release: ["Put it back into the queue", "Whoever is free takes it next.", "Release"],
};

/**
 * What to send with a step, after asking where there is something to ask; null if the agent would rather not.
 *
 * @param flow What the bot was in the middle of.
 * @param unsent Words to the customer that are not sent yet.
 */
export function askBefore(step, flow, unsent) {
  if (!CLOSING[step] || (step === "release" && !unsent)) return Promise.resolve({});
  ["title", "text", "yes"].forEach((name, index) => { part(name).textContent = CLOSING[step][index]; });
  const ends = step !== "release";
  part("line").hidden = !ends;
  part("next").hidden = step !== "hand-back" || !flow;
  part("flow").textContent = flow || "";
  part("unsent").hidden = !unsent;
  part("unsent-words").textContent = unsent.length > 200 ? `${unsent.slice(0, 200)}…` : unsent;
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  if (unsent) part("no").focus();
  else note.focus();
  return new Promise((done) => dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") done(null);
    else if (!ends) done({});
    else {
      const resume = !part("next").hidden && part("next").querySelector("[value=resume]").checked;
      done({ note_for_bot: note.value.trim(), ...(step === "hand-back" ? { resume } : {}) });
    }
  }, { once: true }));
}

note.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); part("yes").click(); }
});
