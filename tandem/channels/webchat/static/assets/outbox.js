// Sends what the customer writes, in order, each once: every attempt carries the same client id.
const PAUSES = [1, 2, 5, 10, 20, 30]; // seconds between attempts that failed for want of a connection
const STALE = 24 * 3600 * 1000; // what is older is no longer sent without being asked

export class Outbox {
  // send(item) stores a message on the server; on*: what the page is told.
  constructor(memory, send, { onState, onSent }) {
    this.memory = memory;
    this.deliver = send;
    this.onState = onState;
    this.onSent = onSent;
    this.attempt = 0;
    this.busy = false;
    const now = Date.now();
    this.items = memory.unsent().map((item) => ({
      ...item, state: item.refused ? "refused" : now - item.at > STALE ? "failed" : "sending", held: now - item.at > STALE,
    }));
  }

  add(text, payload) {
    const item = { client_id: newId(), text, payload, at: Math.max(Date.now(), (this.items.at(-1)?.at ?? 0) + 1) };
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

  clear() {
    for (const item of this.items) this.memory.dropUnsent(item.client_id);
    this.items = [];
  }

  // Send what waits. `now` does not sit out a pause.
  async flush(now = false) {
    if (now) {
      clearTimeout(this.timer);
      this.attempt = 0;
    }
    if (this.busy) return;
    this.busy = true;
    try {
      for (let item = this.#next(); item; item = this.#next()) {
        if (!(await this.#try(item))) break;
      }
    } finally {
      this.busy = false;
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
      this.discard(item.client_id);
      this.onSent(item, seq, at);
      return true;
    } catch (error) {
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
