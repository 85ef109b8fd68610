// The pages of accounts: an agent changes their own password; an admin makes, changes, closes and deletes accounts.
import { post, send, SignedOut } from "./net.js";

const said = document.getElementById("said");
const sure = document.getElementById("sure");

function tell(text, bad = false) {
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

async function attempt(work, done) {
  try {
    await work();
    tell(done);
    return true;
  } catch (error) {
    tell(error instanceof SignedOut ? "You are signed out. Sign in again on the desk." : error.message, true);
    return false;
  }
}

const values = (form) => Object.fromEntries(new FormData(form));

document.getElementById("own-password")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const { current, password, again } = values(form);
  if (password !== again) return tell("The two new passwords differ.", true);
  if (await attempt(() => post("/api/me/password", { current, password }), "Your password is changed.")) form.reset();
});

document.getElementById("new-account")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await attempt(() => post("/api/accounts", values(event.target)), "")) location.reload();
});

const STEPS = {
  close: { title: "Close the account?", yes: "Close", change: { active: false },
    text: "It can no longer sign in, its sessions end, and its customers go back to the queue. It can be opened again." },
  open: { change: { active: true } },
  password: { title: "Set a new password", yes: "Set password", text: "The account's sessions end." },
  delete: { title: "Delete the account?", yes: "Delete",
    text: "It cannot be brought back. Its customers go back to the queue; what it said stays in the conversations." },
};

function asked(step, name, wantsPassword) {
  if (!step.text) return Promise.resolve(true);
  const password = document.getElementById("sure-password");
  document.getElementById("sure-title").textContent = step.title;
  document.getElementById("sure-text").textContent = `${name}. ${step.text}`;
  document.getElementById("sure-yes").textContent = step.yes;
  document.getElementById("sure-field").hidden = !wantsPassword;
  password.required = wantsPassword;
  password.value = "";
  sure.returnValue = "";
  sure.showModal();
  return new Promise((answer) => sure.addEventListener("close", () => answer(sure.returnValue === "yes"), { once: true }));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const name = button.closest("tr").dataset.account;
  const step = STEPS[button.dataset.do];
  if (!(await asked(step, name, button.dataset.do === "password"))) return;
  const address = `/api/accounts/${encodeURIComponent(name)}`;
  const password = document.getElementById("sure-password").value;
  document.getElementById("sure-password").value = "";
  if (button.dataset.do === "password") {
    await attempt(() => post(`${address}/password`, { password }), `${name} has a new password.`);
  } else if (await attempt(
    () => (button.dataset.do === "delete" ? send("DELETE", address) : send("PATCH", address, step.change)), "")) {
    location.reload();
  }
});

document.addEventListener("change", async (event) => {
  const field = event.target.closest("[data-field]");
  if (!field || !field.checkValidity()) return;
  const name = field.closest("tr").dataset.account;
  const value = field.type === "number" ? Number(field.value) : field.value;
  const address = `/api/accounts/${encodeURIComponent(name)}`;
  if (await attempt(() => send("PATCH", address, { [field.dataset.field]: value }), `${name} is changed.`)) return;
  const kept = said.textContent;
  setTimeout(() => { if (said.textContent === kept) location.reload(); }, 4000);
});

// Nothing can be pressed or typed before this script listens.
for (const field of document.querySelectorAll("main [disabled]")) field.disabled = false;
