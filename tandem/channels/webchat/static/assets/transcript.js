// The conversation as the browser knows it: what the server numbered, in that order, then what is still on its way.
export class Transcript {
  constructor() {
    this.clear();
  }

  clear() {
    this.entries = new Map();
    this.cursor = 0; // highest number that came in order from the server; a sent message's own number is not one
    this.begin = null; // the number above which all is here; null before the server has said
  }

  // A message from the server; true if it was not known.
  add(message) {
    this.cursor = Math.max(this.cursor, message.seq);
    const key = message.client_id ? `c${message.client_id}` : `s${message.seq}`;
    const known = this.entries.get(key);
    this.entries.set(key, { ...message, key, state: "sent" });
    return known === undefined || known.seq === undefined;
  }

  addOwn(item) {
    const key = `c${item.client_id}`;
    if (this.entries.has(key)) return;
    this.entries.set(key, {
      key, author: "customer", kind: "text", name: "", text: item.text, at: new Date(item.at).toISOString(), data: {},
      client_id: item.client_id, state: item.state,
    });
  }

  setState(clientId, state) {
    const entry = this.entries.get(`c${clientId}`);
    if (entry && entry.seq === undefined) entry.state = state;
  }

  confirm(clientId, seq, at) {
    const entry = this.entries.get(`c${clientId}`);
    if (entry) Object.assign(entry, { seq, at, state: "sent" });
  }

  remove(clientId) {
    this.entries.delete(`c${clientId}`);
  }

  list() {
    return [...this.entries.values()].sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || 0);
  }

  // Messages of others above this number.
  unreadAbove(seq) {
    return this.list().filter((entry) => entry.seq > seq && entry.author !== "customer");
  }
}
