// Writing. A draft lives in localStorage until the server has the message, and carries the id under which it was
// first sent: sending again after an error or a reload cannot double it.
import { api, SignedOut } from "./net.js";
import { Canned } from "./canned.js";
import { toEnd } from "./parts.js";

const text = document.getElementById("text");
const form = document.getElementById("composer");
const send = document.getElementById("send");
const status = document.getElementById("send-state");
const HINT = status.innerHTML;
const TYPING_EVERY = 3000;
const MODES = { reply: ["Your reply", "Write to the customer"], note: ["Your private note", "A note that only colleagues see"] };

export class Composer {
  constructor(agent, conversation, sent) {
    this.agent = agent;
    this.conversation = conversation;
    this.sent = sent;
    this.mode = "reply";
    this.typed = 0;
    this.sending = false;
    this.again = false;  // asked to send while the message before was on its way
    this.canned = new Canned(text, (words) => this.insert(words));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    text.addEventListener("input", () => this.changed());
    text.addEventListener("keydown", (event) => this.key(event));
    text.addEventListener("blur", () => this.stopTyping());
    for (const button of form.querySelectorAll("button.mode[data-mode]")) {
      button.addEventListener("click", () => this.focus(button.dataset.mode));
    }
    document.getElementById("canned-button").addEventListener("click", () => {
      this.focus("reply");
      if (!text.value) text.value = "/";
      this.changed();
      this.canned.show("");
    });
  }

  key(event) {
    if (this.canned.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") text.blur();
  }

  insert(words) {
    if (text.value.startsWith("/")) text.value = words;
    else text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    this.changed();
  }

  // -- drafts --

  slot(mode = this.mode, id = this.conversation()) { return `tandem:draft:${this.agent}:${mode}:${id}`; }

  read(slot = this.slot()) {
    try { return JSON.parse(localStorage.getItem(slot)) || { text: "" }; } catch { return { text: "" }; }
  }

  keep(draft, slot = this.slot()) {
    try {
      if (draft.text || draft.sent) localStorage.setItem(slot, JSON.stringify(draft));
      else localStorage.removeItem(slot);
    } catch { /* Without storage the text is still in the field. */ }
  }

  forget() {
    for (const slot of Object.keys(localStorage)) if (slot.startsWith("tandem:draft:")) localStorage.removeItem(slot);
  }

  changed() {
    const draft = this.read();
    this.keep({ ...draft, text: text.value });
    this.grow();
    if (this.mode === "reply" && !text.value.startsWith("/")) this.canned.hide();
    if (this.mode === "reply" && text.value.startsWith("/") && !text.value.includes("\n")) this.canned.show(text.value.slice(1));
    if (this.mode === "reply" && text.value.trim() && !text.value.startsWith("/")) this.type();
  }

  // -- modes --

  enter() {
    if (!this.conversation()) return;
    this.setMode(!this.canReply() && this.read(this.slot("note")).text ? "note" : "reply");
  }

  leave() { this.stopTyping(); this.canned.hide(); this.say(""); }

  canReply() { return Boolean(document.getElementById("composer-state").dataset.canReply); }

  update() {
    if (this.canReply() !== this.could) {
      this.could = this.canReply();
      if (this.mode === "note" && !text.value) this.setMode("reply");
    }
    this.enable();
  }

  setMode(mode) {
    this.mode = mode;
    this.could = this.canReply();
    form.dataset.mode = mode;
    for (const button of form.querySelectorAll("button.mode[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    [form.querySelector("label").textContent, text.placeholder] = MODES[mode];
    send.textContent = mode === "note" ? "Add note" : "Send";
    text.value = this.read().text || "";
    this.canned.hide();
    this.enable();
    this.grow();
  }

  enable() {
    const able = this.mode === "note" || this.canReply();
    // A draft stays readable and can be copied even when the conversation has gone to somebody else.
    text.readOnly = !able;
    form.classList.toggle("closed", !able && !text.value);
    this.grow();
    send.disabled = !able;
    form.querySelector('[data-mode="reply"]').disabled = !this.canReply() && !this.read(this.slot("reply")).text;
    document.getElementById("canned-button").disabled = !this.canReply();
  }

  focus(mode) {
    if (mode === "reply" && !this.canReply() && !this.read(this.slot("reply")).text) return;
    if (mode !== this.mode) this.setMode(mode);
    else this.enable();
    text.focus();
  }

  grow() {
    text.style.height = "auto";
    if (!text.offsetParent) return;  // hidden, it has no height to measure
    text.style.height = `${Math.min(text.scrollHeight + 2, window.innerHeight * 0.35)}px`;
  }

  // -- sending --

  async send() {
    const words = text.value;
    if (!words.trim() || send.disabled) return;
    if (this.sending) { this.again = true; return; }
    if (this.mode === "reply" && /^\/\S*$/.test(words.trim())) {
      this.say(`No canned response is called ${words.trim()}.`, true);
      return;
    }
    const id = this.conversation();
    const mode = this.mode;
    const slot = this.slot();
    const draft = this.read(slot);
    const clientId = draft.sent === words && draft.client_id ? draft.client_id : newId();
    this.keep({ text: words, sent: words, client_id: clientId }, slot);
    this.sending = true;
    const slow = setTimeout(() => this.say("Sending…"), 250);
    try {
      await api(id, mode, { text: words, client_id: clientId });
      // What was typed while the message was on its way is the next draft.
      const open = this.slot() === slot;
      const now = open ? text.value : this.read(slot).text;
      const rest = now.startsWith(words) ? now.slice(words.length).replace(/^\n/, "") : now;
      this.keep({ text: rest }, slot);
      if (open) { text.value = rest; this.grow(); this.say(""); }
      this.typed = 0;
      await this.sent();
      if (open) toEnd();
    } catch (error) {
      this.again = false;
      if (error instanceof SignedOut) this.sent();  // the page then offers to sign in
      if (this.slot() === slot) {
        this.say(error instanceof SignedOut ? "You are signed out. Your text is kept; sign in and send it again."
          : `${error.message} Your text is kept.`, true);
      }
    } finally {
      clearTimeout(slow);
      this.sending = false;
      this.enable();
      const again = this.again && this.slot() === slot;
      this.again = false;
      if (again) this.send();
    }
  }

  say(words, bad = false) {
    status.classList.toggle("bad", bad);
    if (words) status.textContent = words;
    else status.innerHTML = HINT;
  }

  type() {
    if (!this.canReply() || Date.now() - this.typed < TYPING_EVERY) return;
    this.typed = Date.now();
    api(this.conversation(), "typing", { writes: true }).catch(() => {});
  }

  stopTyping() {
    if (!this.typed) return;
    this.typed = 0;
    if (this.canReply()) api(this.conversation(), "typing", { writes: false }).catch(() => {});
  }
}

function newId() {
  // crypto.randomUUID exists on https and localhost only.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
