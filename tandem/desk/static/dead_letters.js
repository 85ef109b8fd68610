// The page of dead letters: tries them again, leaves a message out, or discards them, after asking where words are lost.
import { post, SignedOut } from "./net.js";

const said = document.getElementById("said");
const sure = document.getElementById("sure");

const STEPS = {
  replay: { path: "replay", done: "It is tried again." },
  skip: {
    path: "replay?skip=true", done: "The message is left out, and the rest is tried again.", yes: "Skip message",
    title: "Leave the message out?", text: "The tool's agents will not get the message at which it stopped. The desk keeps it.",
  },
  discard: {
    path: "discard", done: "It is discarded.", yes: "Discard", title: "Discard for good?",
    text: "It is not carried any more and cannot be brought back. The conversation itself stays as it is.",
  },
};

// A handoff's acts go with it: all rows of one address are dealt with together.
const alike = (row) => [...document.querySelectorAll("tr[data-address]")].filter(
  (one) => one.dataset.address === row.dataset.address);

function asked(step, row) {
  const others = alike(row).length > 1 ? " What else is dead of the same handoff goes with it." : "";
  if (!step.text) return Promise.resolve(true);
  document.getElementById("sure-title").textContent = step.title;
  document.getElementById("sure-text").textContent = `${row.dataset.what}. ${step.text}${others}`;
  document.getElementById("sure-yes").textContent = step.yes;
  sure.returnValue = "";
  sure.showModal();
  return new Promise((answer) => sure.addEventListener("close", () => answer(sure.returnValue === "yes"), { once: true }));
}

async function take(button) {
  const row = button.closest("tr");
  const step = STEPS[button.dataset.do];
  if (!(await asked(step, row))) return;
  const buttons = [...row.querySelectorAll("button")];
  for (const one of buttons) one.disabled = true;
  try {
    await post(`${row.dataset.address}/${step.path}`, {});
    for (const one of alike(row)) one.remove();
    said.textContent = step.done;
    said.classList.remove("bad");
  } catch (error) {
    for (const one of buttons) one.disabled = false;
    said.textContent = error instanceof SignedOut ? "You are signed out. Sign in again on the desk." : error.message;
    said.classList.add("bad");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (button) take(button);
});
