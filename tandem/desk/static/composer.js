// Writing. The field belongs to the conversation it was opened for, and to no other: what is typed, kept and sent goes
// there. A draft carries the id under which it was first sent: sending again after an error or a reload cannot double it.
import { alreadyHolds, shownConversation, toEnd } from "./conversation.js";
import { Canned } from "./canned.js";
import { keepDraft, readDraft } from "./drafts.js";
import { api, SignedOut } from "./net.js";

const text = document.getElementById("text");
const form = document.getElementById("composer");
const send = document.getElementById("send");
const status = document.getElementById("send-state");
const HINT = status.innerHTML;
const TYPING_EVERY = 3000;
const SLOW = 250;
const MODES = { reply: ["Your reply", "Write to the customer"], note: ["Your private note", "A note that only colleagues see"] };

export class Composer {
  /** @param hooks `sent()` after a message was taken, `signedOut(error)` when nobody is signed in. */
  constructor(hooks) {
    this.hooks = hooks;
    this.id = null;  // the conversation that the field belongs to; null while none is shown
    this.mode = "reply";
    this.could = false;
    this.typed = 0;
    this.sending = new Map();  // by conversation and mode: whether to send again once the message before has arrived
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

  draft(mode = this.mode) { return this.id ? readDraft(this.id, mode) : { text: "" }; }

  changed() {
    if (!this.id) return;
    keepDraft(this.id, this.mode, { ...this.draft(), text: text.value });
    this.grow();
    const command = this.mode === "reply" && text.value.startsWith("/");
    if (this.mode === "reply" && !command) this.canned.hide();
    if (command && !text.value.includes("\n")) this.canned.show(text.value.slice(1));
    if (this.mode === "reply" && text.value.trim() && !command) this.type();
  }

  // -- which conversation, and what is written --

  /** Belong to conversation `id`, which the page shows now. */
  enter(id) {
    this.id = id;
    this.could = this.canReply();
    this.setMode(!this.could && this.draft("note").text ? "note" : "reply");
  }

  /** Belong to no conversation: the page is about to show another one. */
  leave() {
    this.stopTyping();
    this.canned.hide();
    this.id = null;
    text.value = "";
    this.say("");
    this.enable();
  }

  canReply() { return this.id !== null && alreadyHolds(); }

  /** The words for the customer that were not sent yet. */
  unsent() { return this.draft("reply").text.trim(); }

  /** Follow what has become of the conversation. */
  update(holder = "") {
    if (!this.id) return;
    const can = this.canReply();
    if (can !== this.could) {
      const lost = this.could && !can;
      this.could = can;
      if (this.mode === "note" && !text.value) this.setMode("reply");
      if (lost && this.unsent()) {
        this.stopTyping();
        this.say(`${holder || "The conversation has moved on"}. Your text is kept here and was not sent.`, true);
      } else if (can) this.say("");
    }
    this.enable();
  }

  setMode(mode) {
    this.mode = mode;
    form.dataset.mode = mode;
    for (const button of form.querySelectorAll("button.mode[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    [form.querySelector("label").textContent, text.placeholder] = MODES[mode];
    send.textContent = mode === "note" ? "Add note" : "Send";
    text.value = this.draft().text || "";
    this.canned.hide();
    this.enable();
    this.grow();
  }

  enable() {
    const able = this.id !== null && (this.mode === "note" || this.canReply());
    // A draft stays readable and can be copied even when the conversation has gone to somebody else.
    text.readOnly = !able;
    form.classList.toggle("closed", !able && !text.value);
    form.hidden = this.id === null;
    this.grow();
    send.disabled = !able;
    form.querySelector('[data-mode="reply"]').disabled = !this.canReply() && !this.draft("reply").text;
    document.getElementById("canned-button").disabled = !this.canReply();
  }

  focus(mode) {
    if (!this.id || (mode === "reply" && !this.canReply() && !this.draft("reply").text)) return;
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
    const { id, mode } = this;
    const key = `${mode}:${id}`;
    if (this.sending.has(key)) { this.sending.set(key, true); return; }
    if (this.mode === "reply" && /^\/\S*$/.test(words.trim())) {
      this.say(`No canned response is called ${words.trim()}.`, true);
      return;
    }
    const draft = this.draft();
    const clientId = draft.sent === words && draft.client_id ? draft.client_id : newId();
    keepDraft(id, mode, { text: words, sent: words, client_id: clientId });
    const here = () => this.id === id && this.mode === mode;
    this.sending.set(key, false);
    const slow = setTimeout(() => { if (here()) this.say("Sending…"); }, SLOW);
    let done = false;
    try {
      await api(id, mode, { text: words, client_id: clientId }, shownConversation());
      clearTimeout(slow);
      done = true;
      // What was typed while the message was on its way is the next draft.
      const now = here() ? text.value : readDraft(id, mode).text;
      const rest = now.startsWith(words) ? now.slice(words.length).replace(/^\n/, "") : now;
      keepDraft(id, mode, { text: rest });
      if (here()) { text.value = rest; this.grow(); this.say(""); toEnd(); }
      this.typed = 0;
      this.hooks.sent();
    } catch (error) {
      clearTimeout(slow);
      if (error instanceof SignedOut) this.hooks.signedOut(error);
      if (here()) {
        this.say(error instanceof SignedOut ? `${error.message} Your text is kept; sign in and send it again.`
          : `${error.message} Your text is kept.`, true);
      }
    } finally {
      const again = this.sending.get(key);
      this.sending.delete(key);
      this.enable();
      if (done && again && here()) this.send();
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
    this.tell(true);
  }

  stopTyping() {
    if (!this.typed) return;
    this.typed = 0;
    if (this.canReply()) this.tell(false);
  }

  tell(writes) { api(this.id, "typing", { writes }, shownConversation()).catch(() => {}); }
}

function newId() {
  // crypto.randomUUID exists on https and localhost only.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
