// What the desk tells by itself: through a worker that all tabs share, or a stream of this page's own.
import { EventStream } from "./event_stream.js";

const ALIVE = 20_000;

class Shared {
  constructor(deliver, whenBroken) {
    // A worker belongs to one session: after a new sign-in it is another one.
    const worker = new SharedWorker(new URL("./stream_worker.js", import.meta.url),
      { type: "module", name: `tandem-desk ${document.body.dataset.csrf}` });
    worker.addEventListener("error", whenBroken);
    this.port = worker.port;
    this.port.addEventListener("message", ({ data }) => deliver(data.name, data.data));
    this.port.start();
    this.alive = setInterval(() => this.port.postMessage({}), ALIVE);
    this.bye = () => this.port.postMessage({ bye: true });
    window.addEventListener("pagehide", this.bye);
  }

  follow(id) { this.port.postMessage({ follow: id }); }

  close() {
    clearInterval(this.alive);
    window.removeEventListener("pagehide", this.bye);
    this.bye();
    this.port.close();
  }
}

class Own {
  constructor(deliver) { this.stream = new EventStream(deliver); }

  follow(id) { this.stream.follow(id ? [id] : []); }

  close() { this.stream.close(); }
}

/** The live stream; `deliver` gets names and data until it is closed. */
export class Live {
  constructor(deliver) {
    this.deliver = deliver;
    this.way = null;
    this.id = null;
  }

  /** Be told of conversation `id`, besides the queue. */
  follow(id) {
    this.id = id;
    this.way ??= this.begin();
    this.way.follow(id);
  }

  begin() {
    const told = (name, data) => this.deliver(name, data);
    if (!("SharedWorker" in window)) return new Own(told);
    try { return new Shared(told, () => this.goAlone()); } catch { return new Own(told); }
  }

  goAlone() {
    this.way = new Own((name, data) => this.deliver(name, data));
    this.way.follow(this.id);
  }

  close() {
    this.way?.close();
    this.way = null;
  }
}

// A page that the browser brings back from its cache begins anew: its worker has said goodbye to it.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
