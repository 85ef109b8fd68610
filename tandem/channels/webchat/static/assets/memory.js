// What the browser keeps for all its tabs: the session (see session.js), how far the customer has read, unsent messages,
// and sessions that are to be ended; and for one tab: whether the chat is open, and a draft.
// Without storage (blocked, full) the chat works until the page is left.
class Store {
  constructor(area) {
    this.map = new Map();
    try {
      this.area = window[area];
      this.area.getItem("tandem");
    } catch {
      this.area = null;
    }
  }

  get(key) {
    try {
      const raw = this.area ? this.area.getItem(key) : this.map.get(key);
      return raw ? JSON.parse(raw) : null;
    } catch {
      return null;
    }
  }

  set(key, value) {
    const raw = JSON.stringify(value);
    this.map.set(key, raw);
    try {
      this.area?.setItem(key, raw);
    } catch {
      this.area = null;
    }
  }

  remove(key) {
    this.map.delete(key);
    try {
      this.area?.removeItem(key);
    } catch {
      this.area = null;
    }
  }

  keys(prefix) {
    const all = this.area ? Array.from({ length: this.area.length }, (_, at) => this.area.key(at)) : [...this.map.keys()];
    return all.filter((key) => key.startsWith(prefix));
  }
}

export class Memory {
  constructor(base) {
    this.name = `tandem:${base}`;
    this.lasting = new Store("localStorage");
    this.tab = new Store("sessionStorage");
  }

  get sessionKey() {
    return `${this.name}:session`;
  }

  // With a token: conversation_id, token, customer, since. Without one: since when nobody is here.
  get session() {
    const found = this.lasting.get(this.sessionKey);
    return found && typeof found === "object" ? found : null;
  }

  set session(value) {
    this.lasting.set(this.sessionKey, value);
    const read = this.lasting.get(`${this.name}:read`);
    if (read && read.conversation_id !== value.conversation_id) this.lasting.remove(`${this.name}:read`);
  }

  // The highest number that the customer has read. It has a key of its own: a tab that is behind must not write an old
  // session over a new one.
  read(conversationId) {
    const found = this.lasting.get(`${this.name}:read`);
    if (found && found.conversation_id === conversationId) return found.seq;
    const { session } = this; // where earlier versions kept it
    return session?.conversation_id === conversationId ? session?.read ?? 0 : 0;
  }

  setRead(conversationId, seq) {
    this.lasting.set(`${this.name}:read`, { conversation_id: conversationId, seq });
  }

  endings() {
    return this.lasting.keys(`${this.name}:ending:`).map((key) => this.lasting.get(key)).filter((one) => one?.token);
  }

  keepEnding(id, token) {
    this.lasting.set(`${this.name}:ending:${id}`, { id, token });
  }

  dropEnding(id) {
    this.lasting.remove(`${this.name}:ending:${id}`);
  }

  // Each unsent message has a key of its own, so that two tabs never write over each other.
  unsent() {
    const found = this.lasting.keys(`${this.name}:unsent:`).map((key) => this.lasting.get(key));
    return found.filter((item) => item?.client_id).sort((a, b) => a.at - b.at);
  }

  keepUnsent(item) {
    this.lasting.set(`${this.name}:unsent:${item.client_id}`, item);
  }

  dropUnsent(clientId) {
    this.lasting.remove(`${this.name}:unsent:${clientId}`);
  }

  // text, at, conversation_id, customer; earlier versions kept the text alone.
  get draft() {
    const found = this.tab.get(`${this.name}:draft`);
    return typeof found === "string" ? { text: found, at: 0 } : found;
  }

  set draft(value) {
    if (value?.text) this.tab.set(`${this.name}:draft`, value);
    else this.tab.remove(`${this.name}:draft`);
  }

  get wasOpen() {
    return this.tab.get(`${this.name}:open`);
  }

  set wasOpen(value) {
    this.tab.set(`${this.name}:open`, value);
  }
}
