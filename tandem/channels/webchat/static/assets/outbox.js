// Sends what the customer writes, in order, each once: every attempt carries the same client id.
const PAUSES = [1, 2, 5, 10, 20, 30]; // seconds between attempts that failed for want of a connection
const STALE = 24 * 3600 * 1000; // what is older is no longer sent without being asked

export class Outbox {
  // send(item) stores a message on the server; covers(item): whether it may still be said; on*: what the page is told.
  constructor(memory, send, covers, { onState, onSent }) {
    this.memory = memory;
    this.deliver = send;
    this.onState = onState;
    this.onSent = onSent;
    this.attempt = 0;
    this.busy = null; // the round that sends, if one does
    const now = Date.now();
    const [mine, others] = [[], []];
    for (const item of memory.unsent()) (covers(item) ? mine : others).push(item);
    for (const item of others) memory.dropUnsent(item.client_id);
    this.items = mine.map((item) => ({
      ...item, state: item.refused ? "refused" : now - item.at > STALE ? "failed" : "sending", held: now - item.at > STALE,
    }));
  }

  // whose: conversation_id (null before there is one) and customer.
  add(text, payload, whose) {
    const at = Math.max(Date.now(), (this.items.at(-1)?.at ?? 0) + 1);
    const item = { client_id: newId(), text, payload, at, ...whose };
    this.memory.keepUnsent(item);
    const queued = { ...item, state: "sending" };
    this.items.push(queued);
    return queued;
  }

  retry(clientId) {
    const item = this.items.find((one) => one.client_id === clientId);
    if (!item) return;
    Object.assign(item, { refused: false, held: false });
    this.#mark(item, "sending");
    this.flush(true);
  }

  discard(clientId) {
    this.items = this.items.filter((one) => one.client_id !== clientId);
    this.memory.dropUnsent(clientId);
  }

  // What waits belongs to another conversation of the same customer from now on.
  rebind(conversationId) {
    for (const item of this.items) {
      if (item.conversation_id === conversationId) continue;
      item.conversation_id = conversationId;
      this.memory.keepUnsent({ ...item, state: undefined });
    }
  }

  // Drop what was written for a conversation that this tab has left.
  clear() {
    for (const item of this.items) this.memory.dropUnsent(item.client_id);
    this.items = [];
    this.busy = null; // what comes next does not wait for what is on its way
  }

  // Send what waits. `now` does not sit out a pause.
  async flush(now = false) {
    if (now) {
      clearTimeout(this.timer);
      this.attempt = 0;
    }
    if (this.busy) return;
    const round = (this.busy = {});
    try {
      for (let item = this.#next(); item && this.busy === round; item = this.#next()) {
        if (!(await this.#try(item))) break;
      }
    } finally {
      if (this.busy === round) this.busy = null;
    }
  }

  #next() {
    return this.items.find((item) => !item.refused && !item.held);
  }

  async #try(item) {
    this.#mark(item, "sending");
    try {
      const { seq, at } = await this.deliver(item);
      this.attempt = 0;
      if (this.items.includes(item)) this.onSent(item, seq, at);
      this.discard(item.client_id);
      return true;
    } catch (error) {
      if (!this.items.includes(item)) return true; // its conversation was left meanwhile
      if (error.status === 429) return this.#pause("slow", error.retryAfter ?? 3);
      if (error.isFinal) {
        item.refused = true;
        this.memory.keepUnsent({ ...item, state: undefined });
        this.#mark(item, "refused");
        return true;
      }
      const pause = error.retryAfter ?? PAUSES[Math.min(this.attempt++, PAUSES.length - 1)];
      return this.#pause(navigator.onLine ? "failed" : "waiting", pause);
    }
  }

  #pause(state, seconds) {
    for (const item of this.items) if (!item.refused && !item.held) this.#mark(item, state);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), seconds * 1000);
    return false;
  }

  #mark(item, state) {
    if (item.state === state) return;
    item.state = state;
    this.onState(item, state);
  }
}

function newId() {
  // randomUUID exists on secure pages only.
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
