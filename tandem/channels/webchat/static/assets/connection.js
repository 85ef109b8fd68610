// Keeps the live stream open: comes back after every break, and gives way in tabs nobody looks at, because browsers
// allow only a few open connections to one server over all tabs.
const PAUSES = [0.3, 1, 2, 4, 8, 15]; // seconds
const SILENCE = 40000; // milliseconds without a sign of life after which a stream counts as dead
const PARK_AFTER = 30000; // milliseconds a tab must be hidden
const LOOK_EVERY = 10000; // milliseconds between looks while parked

export class Connection {
  // api, session(): a promise of the session, position(): from where on, on*: what the page is told, each with the
  // session that it was asked for.
  constructor({ api, session, position, onMessage, onState, onStart, onStatus, onLost }) {
    Object.assign(this, { api, session, position, onMessage, onState, onStart, onStatus, onLost });
    this.attempt = 0;
    this.running = null;
    this.parked = false;
    document.addEventListener("visibilitychange", () => this.#lookedAt());
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.controller?.abort());
    addEventListener("pagehide", () => this.controller?.abort());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
  }

  async start() {
    if (this.running) return this.wake();
    const life = (this.running = {}); // a stopped loop that is still waiting must not go on beside its successor
    while (this.running === life) {
      const round = (this.controller = new AbortController());
      let pause = 0;
      let session = null;
      try {
        session = await this.session();
        if (round !== this.controller || round.signal.aborted) continue; // for a session that has gone meanwhile
        if (this.parked) pause = await this.#look(session, round);
        else await this.#listen(session, round);
        if (!this.parked) pause = PAUSES[0];
      } catch (error) {
        if (this.running !== life) break;
        if (error.sessionIsLost && session) this.onLost(session, error);
        if (this.running !== life) break;
        if (!this.parked) this.onStatus(navigator.onLine ? "reconnecting" : "offline");
        pause = error.retryAfter ?? PAUSES[Math.min(this.attempt++, PAUSES.length - 1)] * (0.8 + Math.random() * 0.4);
      }
      if (this.running === life) await this.#rest(pause * 1000);
    }
  }

  stop() {
    this.running = null;
    this.controller?.abort();
    this.wake();
  }

  // Begin the round anew, for another session.
  restart() {
    this.attempt = 0;
    this.controller?.abort();
    this.wake();
  }

  wake() {
    this.attempt = 0;
    this.rested?.();
  }

  async #listen(session, round) {
    const response = await this.api.stream(session, this.position(), round.signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let dead = null;
    const alive = () => {
      clearTimeout(dead);
      dead = setTimeout(() => round.abort(), SILENCE);
    };
    let rest = "";
    try {
      alive();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (round !== this.controller || round.signal.aborted) return;
        alive();
        this.attempt = 0;
        this.onStatus("open");
        const events = (rest + part.value).split("\n\n");
        rest = events.pop();
        for (const event of events) this.#tell(event, session);
      }
    } finally {
      clearTimeout(dead);
      reader.cancel().catch(() => {});
    }
    throw new Error("The stream ended.");
  }

  #tell(event, session) {
    const fields = {};
    for (const line of event.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /u, "");
    }
    if (fields.event === "message") this.onMessage(JSON.parse(fields.data), session);
    else if (fields.event === "state") this.onState(JSON.parse(fields.data), session);
    else if (fields.event === "start") this.onStart(JSON.parse(fields.data), session);
  }

  async #look(session, round) {
    let found;
    do {
      found = await this.api.history(session, this.position().after);
      if (round !== this.controller || round.signal.aborted) return 0;
      for (const message of found.messages) this.onMessage(message, session);
    } while (found.more);
    this.onState(found.state, session);
    return LOOK_EVERY / 1000;
  }

  #lookedAt() {
    clearTimeout(this.parking);
    if (document.hidden) {
      this.parking = setTimeout(() => {
        this.parked = true;
        this.controller?.abort();
      }, PARK_AFTER);
    } else if (this.parked) {
      this.parked = false;
      this.wake();
    }
  }

  #rest(milliseconds) {
    return new Promise((done) => {
      const timer = setTimeout(done, milliseconds);
      this.rested = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
