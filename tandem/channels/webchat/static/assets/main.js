// Puts the chat together: the conversation's model, the connection to the server, and what the customer sees.
import { Api, ApiError } from "./api.js";
import { Connection } from "./connection.js";
import { h, paint } from "./dom.js";
import { Log } from "./log.js";
import { Memory } from "./memory.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Transcript } from "./transcript.js";
import { words } from "./words.js";

const TYPING_EVERY = 3000; // milliseconds between typing signs while the customer writes
const ACKNOWLEDGE_AFTER = 250;
const SIGN_AFTER = 1500; // milliseconds without a connection before the customer is told

class Chat {
  constructor(base, options) {
    this.memory = new Memory(base);
    this.api = new Api(base);
    this.transcript = new Transcript();
    this.identity = options.identity || null;
    this.language = options.language;
    this.checked = false; // whether the server has confirmed the session that was kept
    this.acknowledged = 0;
    this.state = { owner: "bot", agent: null, typing: null, bot_writing: false, queue_position: null };
    const names = {
      title: options.title || words.title,
      assistant: options.assistant || words.assistant,
      greeting: options.greeting || words.greeting,
      starters: options.starters === undefined ? words.starters : options.starters.split("|").map((text) => text.trim()).filter(Boolean),
    };
    const host = h("tandem-chat", { "data-theme": options.theme, "data-side": options.side, "data-testid": "tandem-chat" });
    const root = host.attachShadow({ mode: "open" });
    this.log = new Log(words, names, {
      onChoice: (title, payload) => this.choose(title, payload),
      onRetry: (id) => {
        this.panel.keepFocus();
        this.outbox.retry(id);
      },
      onDiscard: (id) => this.discard(id),
    });
    this.panel = new Panel(root, words, names, this.log, {
      send: (text) => this.send(text),
      starter: (text) => this.choose(text),
      backToBot: () => this.choose(words.backToBot, "/back_to_bot"),
      typed: (text) => this.typed(text),
      toggle: () => this.toggle(),
      close: () => this.close(),
      seen: () => this.read(),
    });
    this.outbox = new Outbox(this.memory, (item) => this.deliver(item), {
      onState: (item, state) => {
        this.transcript.setState(item.client_id, state);
        this.redraw();
      },
      onSent: (item, seq, at) => {
        this.transcript.confirm(item.client_id, seq, at);
        this.redraw();
      },
    });
    this.connection = new Connection({
      api: this.api,
      session: () => this.session(),
      cursor: () => this.transcript.cursor,
      onMessage: (message) => this.received(message),
      onState: (state) => this.stateChanged(state),
      onStatus: (status) => this.statusChanged(status),
      onLost: () => this.lost(),
    });
    for (const item of this.outbox.items) this.transcript.addOwn(item);
    this.panel.showState(this.state);
    this.redraw();
    this.#place(host, root, base, options);
  }

  // Shown once its stylesheet is there.
  #place(host, root, base, options) {
    const sheet = h("link", { rel: "stylesheet", href: new URL("widget.css", import.meta.url).href });
    const accent = options.accent && CSS.supports("color", options.accent) ? options.accent : null;
    host.style.setProperty("display", "none");
    sheet.addEventListener("load", () => {
      host.style.removeProperty("display");
      if (accent) paint(host, accent);
      this.panel.write(this.memory.draft);
      if (this.memory.wasOpen ?? options.open === "true") this.open({ focus: false });
    });
    root.append(sheet);
    document.body.append(host);
    document.addEventListener("visibilitychange", () => this.read());
    addEventListener("online", () => this.outbox.flush(true));
    if (this.memory.session) this.connection.start();
    else this.log.ready();
    this.outbox.flush();
  }

  // -- what a page may ask (window.Tandem) ----------------------------------------------------------------------

  open({ focus = true } = {}) {
    this.memory.wasOpen = true;
    this.panel.show(focus);
    this.read();
  }

  close() {
    this.memory.wasOpen = false;
    this.panel.hide(true);
  }

  toggle() {
    if (this.panel.isOpen) this.close();
    else this.open();
  }

  identify(token) {
    if (!token) return this.signOut();
    this.identity = token;
    this.checked = false;
    this.sessionInMaking = null;
    if (this.memory.session) this.connection.restart();
  }

  signOut() {
    this.identity = null;
    this.connection.stop();
    this.outbox.clear();
    this.#forget();
    this.log.ready();
  }

  // -- the session ----------------------------------------------------------------------------------------------

  // The token, after the server has confirmed or opened the session; one request however many ask.
  async session() {
    if (this.checked && this.memory.session) return this.memory.session.token;
    this.sessionInMaking ??= this.#openSession();
    try {
      return await this.sessionInMaking;
    } finally {
      this.sessionInMaking = null;
    }
  }

  async #openSession() {
    const known = this.memory.session;
    const identity = this.identity;
    const opened = await this.api.session(known?.token, identity);
    if (identity !== this.identity) return this.#openSession();
    const changed = known && known.conversation_id !== opened.conversation_id;
    if (changed) this.#forget({ keepUnsent: true });
    const read = opened.resumed ? known?.read ?? 0 : 0;
    this.memory.session = { conversation_id: opened.conversation_id, token: opened.token, read };
    this.panel.maxText = opened.max_text;
    this.checked = true;
    if (changed) this.connection.restart(); // it may still listen to the conversation that is gone
    this.connection.start();
    return opened.token;
  }

  // The server no longer knows the session: the conversation was erased, or the secret was changed.
  async lost() {
    this.checked = false;
  }

  #forget({ keepUnsent = false } = {}) {
    this.checked = false;
    this.acknowledged = 0;
    if (keepUnsent) this.memory.session = null;
    else this.memory.forget();
    this.transcript.clear();
    for (const item of this.outbox.items) this.transcript.addOwn(item);
    this.stateChanged({ owner: "bot", agent: null, typing: null, bot_writing: false, queue_position: null });
    this.redraw();
  }

  // -- outgoing -------------------------------------------------------------------------------------------------

  send(text, payload) {
    this.transcript.addOwn(this.outbox.add(text, payload));
    this.memory.draft = "";
    this.redraw(true);
    this.outbox.flush(true);
  }

  choose(title, payload) {
    this.panel.keepFocus();
    this.send(title, payload);
  }

  async deliver(item) {
    const told = { ...item, language: this.language || document.documentElement.lang || navigator.language };
    try {
      return await this.api.send(await this.session(), told);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.sessionIsLost) throw error;
      await this.lost();
      return this.api.send(await this.session(), told);
    }
  }

  discard(clientId) {
    this.panel.keepFocus();
    this.outbox.discard(clientId);
    this.transcript.remove(clientId);
    this.redraw();
  }

  typed(text) {
    this.memory.draft = text;
    const now = Date.now();
    const watched = ["agent", "waiting"].includes(this.state.owner);
    const sign = text.trim() ? now - (this.signedAt ?? 0) > TYPING_EVERY : Boolean(this.signedAt);
    if (!watched || !this.checked || !sign) return;
    this.signedAt = text.trim() ? now : 0;
    this.api.typing(this.memory.session?.token, Boolean(text.trim())).catch(() => {}); // a lost sign does no harm
  }

  // -- incoming -------------------------------------------------------------------------------------------------

  received(message) {
    const isNew = this.transcript.add(message);
    if (message.client_id && message.author === "customer") this.outbox.discard(message.client_id);
    if (message.author !== "customer") this.#acknowledge(message.seq);
    if (isNew && this.live && message.author !== "customer" && !this.panel.isOpen && message.kind === "text") {
      this.panel.announce(words.newFrom(this.log.nameOf(message)));
    }
    this.redraw();
  }

  stateChanged(state) {
    this.state = state;
    this.live = true;
    this.panel.showState(state);
    if (!this.drawing) this.log.ready();
    else this.afterDrawing = () => this.log.ready();
  }

  statusChanged(status) {
    if (status !== this.status) clearTimeout(this.signTimer);
    else return;
    this.status = status;
    if (status === "open") {
      this.panel.showConnection(status);
      if (this.wasBroken) this.outbox.flush(true);
      this.wasBroken = false;
      return;
    }
    this.wasBroken = true;
    this.panel.showState({ ...this.state, typing: null, bot_writing: false }); // a sign nobody can take back any more
    this.signTimer = setTimeout(() => this.panel.showConnection(status), status === "offline" ? 0 : SIGN_AFTER);
  }

  #acknowledge(seq) {
    this.acknowledged = Math.max(this.acknowledged, seq);
    clearTimeout(this.acknowledging);
    this.acknowledging = setTimeout(() => {
      const { session } = this.memory;
      if (session) this.api.acknowledge(session.token, this.acknowledged).catch(() => {}); // the next one covers it
    }, ACKNOWLEDGE_AFTER);
  }

  // Mark what is on the screen as read.
  read() {
    const { session } = this.memory;
    if (this.panel.isOpen && !document.hidden && this.panel.atEnd && session && this.transcript.cursor > session.read) {
      this.memory.session = { ...session, read: this.transcript.cursor };
    }
    this.#showUnread();
  }

  #showUnread() {
    const unread = this.transcript.unreadAbove(this.memory.session?.read ?? 0).filter((entry) => entry.kind === "text").length;
    this.panel.showUnread(unread);
    const prefix = unread ? `(${unread}) ` : "";
    if (document.title !== (this.titled ?? "") || !this.pageTitle) this.pageTitle = document.title;
    const title = prefix + this.pageTitle;
    if (document.title !== title) document.title = title;
    this.titled = title;
  }

  // Several changes of one moment are drawn once.
  redraw(isOwn = false) {
    this.drawOwn ||= isOwn;
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      const entries = this.transcript.list();
      const grew = entries.length !== this.drawn;
      this.drawn = entries.length;
      this.panel.showEmpty(entries.length === 0);
      this.log.draw(entries);
      if (grew || this.drawOwn) this.panel.follow(this.drawOwn);
      this.drawOwn = false;
      this.drawing = false;
      this.read();
      this.afterDrawing?.();
      this.afterDrawing = null;
    });
  }
}

export function mount(base, options) {
  return new Chat(base, options);
}
