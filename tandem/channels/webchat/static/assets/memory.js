// What the browser keeps: the session (conversation id, token, how far the customer has read) and unsent messages.
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

  get session() {
    const found = this.lasting.get(`${this.name}:session`);
    return found && typeof found.token === "string" ? found : null;
  }

  set session(value) {
    if (value) this.lasting.set(`${this.name}:session`, value);
    else this.lasting.remove(`${this.name}:session`);
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

  get draft() {
    return this.tab.get(`${this.name}:draft`) ?? "";
  }

  set draft(value) {
    if (value) this.tab.set(`${this.name}:draft`, value);
    else this.tab.remove(`${this.name}:draft`);
  }

  get wasOpen() {
    return this.tab.get(`${this.name}:open`);
  }

  set wasOpen(value) {
    this.tab.set(`${this.name}:open`, value);
  }

  forget() {
    this.session = null;
    this.draft = "";
    for (const item of this.unsent()) this.dropUnsent(item.client_id);
  }
}
