// Tells the server how far messages have come, a moment after each, for the conversation in which they came.
const AFTER = 250; // milliseconds

export class Receipts {
  constructor(api, session) {
    Object.assign(this, { api, session });
    this.clear();
  }

  clear() {
    clearTimeout(this.timer);
    this.upTo = 0;
  }

  acknowledge(seq) {
    this.upTo = Math.max(this.upTo, seq);
    clearTimeout(this.timer);
    const { conversation_id: id } = this.session.current;
    this.timer = setTimeout(() => {
      const { current } = this.session;
      if (current?.conversation_id !== id) return;
      this.api.acknowledge(current, this.upTo).catch(() => {}); // the next one covers it
    }, AFTER);
  }
}
