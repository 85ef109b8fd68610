// The widget's frame: launcher, header, the strip above the composer, the composer.
import { BackButton } from "./back.js";
import { h, icon, initials, mark } from "./dom.js";

const COUNT_FROM = 0.8; // of the allowed length; the counter shows from there
const FULL = "(max-width: 520px), (max-height: 480px)"; // as in widget.css: the chat fills the screen
const NEAR_TOP = 80; // pixels from the top at which earlier messages are fetched
const TIGHT = 230; // pixels of height under which the header makes room for what is written

export class Panel {
  constructor(root, words, names, log, on) {
    Object.assign(this, { root, words, names, log, on, maxText: 10000, full: matchMedia(FULL) });
    this.back = new BackButton(() => this.on.close());
    this.#build();
    this.full.addEventListener("change", () => this.isOpen && this.#fill());
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Tab" && this.full.matches) this.#keepInside(event);
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation();
      this.on.close();
    });
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroller);
    globalThis.visualViewport?.addEventListener("resize", () => this.#fit());
    this.#fit();
    this.atEnd = true;
  }

  #build() {
    const { words, names } = this;
    this.badge = h("span", { class: "badge", "aria-hidden": "true", "data-testid": "unread", hidden: true });
    this.launcher = h("button", {
      type: "button", class: "launcher", "data-testid": "launcher", "aria-label": words.openChat, "aria-expanded": "false",
      "aria-controls": "panel", onclick: () => this.on.toggle(),
    }, mark(), this.badge);
    this.person = h("span", { class: "seat person" });
    this.duo = h("span", { class: "duo", "aria-hidden": "true" }, h("span", { class: "seat assistant" }, mark()), this.person);
    this.heading = h("h2", { id: "title", tabindex: "-1" }, names.title);
    this.status = h("p", { class: "status", "data-testid": "status" });
    this.connection = h("p", { class: "connection", "data-testid": "connection", hidden: true });
    this.empty = h("div", { class: "empty", "data-testid": "empty" },
      h("div", { class: "row bot first last" }, h("div", { class: "avatar", "aria-hidden": "true" }, mark()),
        h("div", { class: "stack" }, h("div", { class: "who" }, names.assistant),
          h("div", { class: "bubble" }, h("span", { class: "text" }, names.greeting)))),
      h("div", { class: "starters", role: "group", "aria-label": words.startersLabel },
        ...names.starters.map((text) => h("button", {
          type: "button", "data-testid": "starter", onclick: () => this.on.starter(text),
        }, text))));
    this.earlier = h("button", {
      type: "button", class: "earlier", "data-testid": "earlier", hidden: true, onclick: () => this.on.earlier(),
    }, words.earlier);
    this.typing = h("div", { class: "row typing", "data-testid": "typing", hidden: true });
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": words.messages },
      this.empty, this.earlier, this.log.element, this.typing);
    this.jump = h("button", { type: "button", class: "jump", "data-testid": "jump", hidden: true, onclick: () => this.#jump() },
      icon("down"), words.jump);
    this.place = h("span", { "data-testid": "place" });
    this.queue = h("div", { class: "queue", "data-testid": "queue", hidden: true },
      h("p", {}, this.place, " ", h("span", { class: "more" }, words.waitingMore)),
      h("button", { type: "button", "data-testid": "back-to-bot", onclick: () => this.on.backToBot() }, words.backToBot));
    this.input = h("textarea", {
      id: "input", rows: "1", "data-testid": "input", "aria-label": words.input, placeholder: words.placeholder,
      enterkeyhint: "send", autocomplete: "off", "aria-describedby": "counter",
    });
    this.counter = h("p", { id: "counter", class: "counter", "data-testid": "counter", hidden: true });
    this.sender = h("button", { type: "submit", class: "sender", "data-testid": "send", "aria-label": words.send, disabled: true },
      icon("send"));
    this.form = h("form", { class: "composer" }, h("div", { class: "field" }, this.input, this.sender), this.counter);
    this.panel = h("section", {
      id: "panel", class: "panel", role: "dialog", "aria-labelledby": "title", "data-testid": "panel", hidden: true,
    },
    h("div", { class: "head" }, this.duo, h("div", { class: "titles" }, this.heading, this.status),
      h("button", { type: "button", class: "close", "data-testid": "close", "aria-label": words.closeChat, onclick: () => this.on.close() },
        icon("close"))),
    this.connection, h("div", { class: "middle" }, this.scroller, this.jump), this.queue, this.form);
    this.announcer = h("div", { class: "sr", role: "status", "aria-live": "polite", "data-testid": "announcer" });
    const frame = h("div", { class: "frame", lang: words.language, dir: words.dir }, this.panel, this.launcher, this.announcer);
    this.root.append(frame);
  }

  // -- opening --------------------------------------------------------------------------------------------------

  show(focus) {
    this.panel.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    this.root.host.dataset.open = "";
    this.#fill();
    this.#typed();
    this.toEnd();
    // On a touch screen the keyboard would cover what the customer came to read.
    if (focus) (matchMedia("(pointer: coarse)").matches ? this.heading : this.input).focus({ preventScroll: true });
  }

  // After a press on something that then goes away, or the keyboard's focus would be lost with it. On a touch screen
  // not to the field, whose keyboard would cover the answer.
  keepFocus() {
    (matchMedia("(pointer: coarse)").matches ? this.scroller : this.input).focus({ preventScroll: true });
  }

  // On a screen that the chat fills: nothing behind it is reached, and Back closes it.
  #fill() {
    this.panel.toggleAttribute("aria-modal", false);
    if (this.full.matches) {
      this.panel.setAttribute("aria-modal", "true");
      this.back.arm();
    } else this.back.disarm();
  }

  #keepInside(event) {
    const all = [...this.panel.querySelectorAll("button:not(:disabled), a[href], textarea, [tabindex='0']")]
      .filter((element) => element.getClientRects().length);
    const at = all.indexOf(this.root.activeElement);
    if (event.shiftKey ? at > 0 : at < all.length - 1) return;
    event.preventDefault();
    all.at(event.shiftKey ? -1 : 0).focus();
  }

  hide(focus) {
    this.panel.hidden = true;
    this.back.disarm();
    this.launcher.setAttribute("aria-expanded", "false");
    delete this.root.host.dataset.open;
    if (focus) this.launcher.focus({ preventScroll: true });
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  showUnread(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 9 ? "9+" : String(count);
    if (!this.isOpen) {
      this.launcher.setAttribute("aria-label",
        count ? this.words.openChatUnread(count) : this.words.openChat);
    }
  }

  announce(text) {
    this.announcer.textContent = text;
  }

  // -- what the server says -------------------------------------------------------------------------------------

  showState(state) {
    const { words } = this;
    this.panel.dataset.owner = state.owner;
    const name = state.agent ?? "";
    const off = state.owner === "waiting" && state.on_duty === false;
    this.person.textContent = state.owner === "agent" && name ? initials(name) : "";
    this.status.replaceChildren(...(state.owner === "agent"
      ? (name ? words.agentIsHere(h("strong", {}, name)) : [words.status.agentNameless])
      : [words.status[off ? "offDuty" : state.owner]]));
    this.queue.hidden = state.owner !== "waiting";
    this.place.textContent = state.queue_position ? (off ? words.placeOffDuty : words.place)(state.queue_position)
      : off ? words.status.offDuty : words.waiting;
    this.input.placeholder = state.owner === "resolved" ? words.placeholderResolved : words.placeholder;
    this.#showTyping(state);
  }

  #showTyping(state) {
    const writer = state.typing ? { author: state.typing.author, name: state.typing.name || this.words.person }
      : state.bot_writing ? { author: "bot", name: this.names.assistant } : null;
    const key = writer ? `${writer.author}:${writer.name}` : "";
    if (this.typing.dataset.writer === key) return;
    const wasAtEnd = this.atEnd;
    this.typing.dataset.writer = key;
    this.typing.hidden = !writer;
    this.typing.className = `row typing ${writer?.author ?? ""}`;
    if (writer) {
      this.typing.replaceChildren(
        h("div", { class: "avatar", "aria-hidden": "true" }, writer.author === "agent" ? initials(writer.name) : mark()),
        h("div", { class: "stack" }, h("div", { class: "bubble" },
          h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
          h("span", { class: "sr" }, this.words.writes(writer.name)),
          writer.author === "agent" ? h("span", { class: "writes", "aria-hidden": "true" }, this.words.writes(writer.name)) : null)));
      if (writer.author === "agent" && this.isOpen) this.announce(this.words.writes(writer.name));
    }
    if (wasAtEnd) this.toEnd();
  }

  showConnection(status) {
    const text = status === "open" ? "" : this.words[status];
    if (this.connection.textContent === text) return;
    if (this.isOpen) this.announce(text || this.words.online);
    this.connection.textContent = text;
    this.connection.hidden = !text;
  }

  showEmpty(isEmpty) {
    this.empty.hidden = !isEmpty;
  }

  showEarlier(areThere) {
    this.earlier.hidden = !areThere;
  }

  // Keep what is read where it is while something is drawn above it.
  inPlace(draw) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    draw();
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  // -- the composer ---------------------------------------------------------------------------------------------

  submit() {
    const text = this.input.value.trim();
    if (!text || [...text].length > this.maxText) return;
    this.write("");
    this.on.send(text);
    this.input.focus({ preventScroll: true }); // here the keyboard is up already
  }

  write(text) {
    this.input.value = text;
    this.#typed();
  }

  #typed() {
    const text = this.input.value.trim();
    const left = this.maxText - [...text].length;
    this.counter.hidden = left > this.maxText * (1 - COUNT_FROM);
    this.counter.textContent = this.counter.hidden ? "" : this.words.left(left);
    this.counter.classList.toggle("over", left < 0);
    this.input.setAttribute("aria-invalid", String(left < 0));
    this.sender.disabled = !text || left < 0;
    this.input.style.height = "auto";
    if (this.isOpen) this.input.style.height = `${Math.min(this.input.scrollHeight, 132)}px`;
    this.on.typed(this.input.value);
  }

  #key(event) {
    // While an input method composes, Enter belongs to it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }

  // -- scrolling ------------------------------------------------------------------------------------------------

  toEnd(smooth = false) {
    const behavior = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches ? "smooth" : "instant";
    // The greeting of an empty chat is read from its beginning.
    this.scroller.scrollTo({ top: this.empty.hidden ? this.scroller.scrollHeight : 0, behavior });
    this.atEnd = true;
    this.jump.hidden = true;
  }

  #jump() {
    this.keepFocus();
    this.toEnd(true);
  }

  follow(isOwn) {
    if (isOwn || this.atEnd) this.toEnd();
    else this.jump.hidden = false;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < 48;
    if (this.atEnd) {
      this.jump.hidden = true;
      this.on.seen();
    } else if (scrollTop < NEAR_TOP && !this.earlier.hidden) this.on.earlier();
  }

  // The part of the screen above a phone's keyboard.
  #fit() {
    const height = globalThis.visualViewport?.height ?? innerHeight;
    this.root.host.style.setProperty("--visible-height", `${Math.round(height)}px`);
    this.panel.toggleAttribute("data-tight", height < TIGHT);
  }
}
