// One live stream from the desk, kept up whatever happens to it. Runs in the shared worker, or in the page without one.
const ADDRESS = new URL("../desk/events", import.meta.url);
const NAMES = ["hello", "queue", "stale", "conversation", "ping", "signed-out"];
const SILENCE = 40_000;  // milliseconds: pings come every 15 seconds
const RETRIES = [0.5, 1, 2, 4, 8, 15];  // seconds
const MOST = 40;  // conversations that one stream follows

export class EventStream {
  /** @param deliver Called with the name and the data of each event, and with "down" when the stream is not there. */
  constructor(deliver) {
    this.deliver = deliver;
    this.followed = new Set();
    this.source = null;
    this.tries = 0;
    this.timer = 0;
    this.heard = Date.now();
    this.watch = setInterval(() => { if (this.source && Date.now() - this.heard > SILENCE) this.lost(this.source); }, 5_000);
  }

  /** Follow these conversations; those followed before stay as long as there is room. */
  follow(ids) {
    const wanted = [...ids];
    if (this.source && wanted.every((id) => this.followed.has(id))) return;
    if (this.followed.size + wanted.length > MOST) this.followed.clear();
    for (const id of wanted) this.followed.add(id);
    this.open();
  }

  open() {
    clearTimeout(this.timer);
    const before = this.source;
    const address = new URL(ADDRESS);
    for (const id of this.followed) address.searchParams.append("c", id);
    const source = new EventSource(address);
    this.source = source;
    this.heard = Date.now();
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.heard = Date.now();
        // The stream before it is heard until this one speaks: nothing falls between them.
        if (name === "hello") { this.tries = 0; before?.close(); }
        this.deliver(name, JSON.parse(event.data));
        if (name === "signed-out") this.close();
      });
    }
    source.onerror = () => this.lost(source);
    if (before) setTimeout(() => before.close(), 5_000);
  }

  /** The browser gives up on some errors; this does not. */
  lost(source) {
    source.close();
    if (source !== this.source) return;
    this.deliver("down", {});
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), 1000 * RETRIES[Math.min(this.tries++, RETRIES.length - 1)]);
    this.heard = Date.now();
  }

  close() {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.source?.close();
    this.source = null;
  }
}
