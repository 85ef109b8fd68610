// Puts the chat together: the conversation's model, the connection to the server, and what the customer sees.
import { Api, ApiError } from "./api.js";
import { Connection } from "./connection.js";
import { History } from "./history.js";
import { Host, paint } from "./host.js";
import { Log } from "./log.js";
import { Memory } from "./memory.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Receipts } from "./receipts.js";
import { Session } from "./session.js";
import { Title } from "./title.js";
import { Transcript } from "./transcript.js";
import { loadWords } from "./words.js";

const TYPING_EVERY = 3000; // milliseconds between typing signs while the customer writes
const SIGN_AFTER = 1500; // milliseconds without a connection before the customer is told
const BEGINNING = { owner: "bot", agent: null, typing: null, bot_writing: false, queue_position: null };

class Chat {
  constructor(base, options, words) {
    this.words = words;
    this.memory = new Memory(base);
    this.api = new Api(base);
    this.transcript = new Transcript();
    this.title = new Title();
    this.language = options.language;
    this.customersLeft = 0;
    this.state = BEGINNING;
    const names = namesOf(options, words);
    const host = new Host(options, () => this.panel.atEnd && this.panel.toEnd());
    this.log = new Log(words, names, {
      onChoice: (title, payload) => this.choose(title, payload),
      onRetry: (id) => {
        this.panel.keepFocus();
        this.outbox.retry(id);
      },
      onDiscard: (id) => this.discard(id),
    });
    this.panel = new Panel(host.root, words, names, this.log, {
      send: (text) => this.send(text),
      starter: (text) => this.choose(text),
      backToBot: () => this.choose(words.backToBot, "/back_to_bot"),
      typed: (text) => this.typed(text),
      toggle: () => this.toggle(),
      close: () => this.close(),
      seen: () => this.read(),
      earlier: () => this.history.load(),
    });
    this.session = new Session(this.api, this.memory, options.identity || null, {
      onChange: (same) => this.left(same),
      onOpened: (opened) => this.opened(opened),
    });
    this.receipts = new Receipts(this.api, this.session);
    this.history = new History(this.api, this.session, this.transcript, this.panel, this.log);
    this.outbox = new Outbox(this.memory, (item) => this.deliver(item), (item) => this.session.covers(item), {
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
      session: () => this.session.get(),
      position: () => this.position(),
      onMessage: (message, session) => this.isShown(session) && this.received(message),
      onState: (state, session) => this.isShown(session) && this.stateChanged(state),
      onStart: ({ after }, session) => this.isShown(session) && this.history.begins(after),
      onStatus: (status) => this.statusChanged(status),
      onLost: (session, error) => this.session.lost(session, error),
    });
    for (const item of this.outbox.items) this.transcript.addOwn(item);
    this.panel.showState(this.state);
    this.redraw();
    const accent = options.accent && CSS.supports("color", options.accent) ? options.accent : null;
    if (accent) paint(host.element, accent);
    host.place(base, () => {
      const { draft } = this.memory;
      this.panel.write(draft && this.session.covers(draft) ? draft.text : "");
      if (this.memory.wasOpen ?? options.open === "true") this.open({ focus: false });
    });
    document.addEventListener("visibilitychange", () => this.returned());
    addEventListener("pageshow", () => this.returned());
    addEventListener("online", () => this.outbox.flush(true));
    if (this.session.current || this.session.leaving) this.connection.start();
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
    this.session.identify(token);
    if (!this.session.current && !this.session.leaving) return;
    this.connection.restart();
    this.connection.start();
  }

  signOut() {
    this.session.signOut();
  }

  // -- the session ----------------------------------------------------------------------------------------------

  isShown({ conversation_id: id }) {
    return id === this.session.current?.conversation_id;
  }

  opened({ max_text: maxText }) {
    this.panel.maxText = maxText;
    this.outbox.rebind(this.session.current.conversation_id);
    this.connection.start();
  }

  // The tab shows another conversation from now on, or none. What another customer was shown and wrote goes at once.
  left(same) {
    const { current } = this.session;
    this.receipts.clear();
    this.signedAt = 0;
    this.transcript.clear();
    this.history.begins(0);
    if (same && current) this.outbox.rebind(current.conversation_id);
    else if (!same) {
      this.customersLeft += 1;
      this.outbox.clear();
      this.memory.draft = null;
      this.panel.write("");
    }
    for (const item of this.outbox.items) this.transcript.addOwn(item);
    this.stateChanged(BEGINNING);
    this.live = false;
    this.redraw();
    if (!current && !this.session.leaving) {
      this.connection.stop();
      return;
    }
    this.connection.restart(); // it may still listen to the conversation that was left
    this.connection.start();
  }

  returned() {
    this.session.follow(); // a page that slept was told nothing of what other tabs did
    this.read();
  }

  // -- outgoing -------------------------------------------------------------------------------------------------

  send(text, payload) {
    const { customersLeft } = this;
    this.session.follow();
    if (customersLeft !== this.customersLeft) return; // written for a customer who is here no more
    const { current, customer } = this.session;
    this.transcript.addOwn(this.outbox.add(text, payload, { conversation_id: current?.conversation_id ?? null, customer }));
    this.memory.draft = null;
    this.redraw(true);
    this.outbox.flush(true);
  }

  choose(title, payload) {
    this.panel.keepFocus();
    this.send(title, payload);
  }

  async deliver(item) {
    const told = { ...item, language: this.language || document.documentElement.lang || navigator.language };
    const session = await this.#sessionFor(item);
    try {
      return await this.api.send(session, told);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.sessionIsLost) throw error;
      this.session.lost(session, error);
      return this.api.send(await this.#sessionFor(item), told);
    }
  }

  async #sessionFor(item) {
    const session = await this.session.get();
    const isOurs = this.outbox.items.includes(item) && (item.conversation_id ?? session.conversation_id) === session.conversation_id;
    if (!isOurs) throw new Error("The conversation of this message was left.");
    return session;
  }

  discard(clientId) {
    this.panel.keepFocus();
    this.outbox.discard(clientId);
    this.transcript.remove(clientId);
    this.redraw();
  }

  typed(text) {
    const now = Date.now();
    const { current, customer, confirmed } = this.session;
    this.memory.draft = { text, at: now, conversation_id: current?.conversation_id ?? null, customer };
    const watched = ["agent", "waiting"].includes(this.state.owner);
    const sign = text.trim() ? now - (this.signedAt ?? 0) > TYPING_EVERY : Boolean(this.signedAt);
    if (!watched || !confirmed || !current || !sign) return;
    this.signedAt = text.trim() ? now : 0;
    this.api.typing(current, Boolean(text.trim())).catch(() => {}); // a lost sign does no harm
  }

  // -- incoming -------------------------------------------------------------------------------------------------

  // From where on the server is asked: what was not read, and at least the last page; later, what is missing.
  position() {
    if (this.transcript.cursor) return { after: this.transcript.cursor };
    return { after: this.memory.read(this.session.current?.conversation_id), latest: true };
  }

  received(message) {
    const isNew = this.transcript.add(message);
    if (message.client_id && message.author === "customer") this.outbox.discard(message.client_id);
    if (message.author !== "customer") this.receipts.acknowledge(message.seq);
    if (isNew && this.live && message.author !== "customer" && !this.panel.isOpen && message.kind === "text") {
      this.panel.announce(this.words.newFrom(this.log.nameOf(message)));
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

  // Mark what is on the screen as read.
  read() {
    const id = this.session.current?.conversation_id;
    if (this.panel.isOpen && !document.hidden && this.panel.atEnd && id && this.transcript.cursor > this.memory.read(id)) {
      this.memory.setRead(id, this.transcript.cursor);
    }
    const unread = this.transcript.unreadAbove(this.memory.read(id)).filter((entry) => entry.kind === "text").length;
    this.panel.showUnread(unread);
    this.title.show(unread);
  }

  // Several changes of one moment are drawn once.
  redraw(isOwn = false) {
    this.drawOwn ||= isOwn;
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      const entries = this.transcript.list();
      const grew = this.transcript.cursor !== this.drawnTo;
      this.drawnTo = this.transcript.cursor;
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

// What the page calls things, else what the words do.
function namesOf(options, words) {
  const starters = options.starters?.split("|").map((text) => text.trim()).filter(Boolean);
  return {
    title: options.title || words.title,
    assistant: options.assistant || words.assistant,
    greeting: options.greeting || words.greeting,
    starters: starters ?? words.starters,
  };
}

export async function mount(base, options) {
  return new Chat(base, options, await loadWords(options.language || document.documentElement.lang));
}
