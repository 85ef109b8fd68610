// The session that this tab shows, and the customer it is for. The browser keeps one session for all its tabs, and the
// latest word on who the customer is counts in each of them: a page's token, `identify`, `signOut`.
const PATIENCE = 5000; // milliseconds to wait for another tab
const VISIT = 3600 * 1000; // milliseconds of silence after which a visitor may be somebody else

export class Session {
  // onChange(same): from now on the tab shows another conversation, or none; `same` says of the same customer.
  // onOpened(answer): the server has opened or confirmed the session.
  constructor(api, memory, identity, { onChange, onOpened }) {
    Object.assign(this, { api, memory, onChange, onOpened });
    this.identity = identity;
    this.customer = customerOf(identity);
    this.since = Date.now();
    this.current = null; // what this tab shows: conversation_id, token, customer
    this.confirmed = false; // whether a server has confirmed it, to this tab or to another
    this.changes = 0; // an answer that was asked for before a change is worth nothing after it
    const kept = memory.session;
    if (kept?.token && this.#isAnothers(kept)) this.#leaveTo(kept.token);
    else if (kept?.token) this.current = kept;
    addEventListener("storage", (event) => (event.key === null || event.key === memory.sessionKey) && this.follow());
    addEventListener("online", () => this.#endSessions());
    this.#endSessions();
  }

  // The session, after the server has opened or confirmed it; one request however many ask.
  async get() {
    this.follow();
    if (this.confirmed && this.current) return this.current;
    if (!this.making) {
      const making = (this.making = this.#open());
      making.catch(() => {}).then(() => {
        if (this.making === making) this.making = null;
      });
    }
    return this.making;
  }

  identify(token) {
    if (token === this.identity && this.confirmed) return;
    this.identity = token;
    this.customer = customerOf(token);
    this.since = Date.now();
    this.#changed();
    this.confirmed = false;
    if (this.current && this.#isAnothers(this.current)) {
      this.#leaveTo(this.current.token);
      this.onChange(false);
    }
  }

  signOut() {
    const { token, conversation_id: id } = this.current ?? this.memory.session ?? {};
    this.#leave(Date.now());
    this.memory.session = { since: this.since };
    if (token) this.memory.keepEnding(id, token);
    this.#endSessions();
  }

  // The server refused this session: take the one that another tab has got, or open one when it is needed next.
  lost(session, error) {
    this.follow();
    if (this.current?.token !== session.token) return;
    if (error.code === "signed_out") {
      this.#leave(Date.now());
      this.memory.session = { since: this.since };
    } else this.confirmed = false;
  }

  // Take over what another tab has done.
  follow() {
    const kept = this.memory.session;
    if (!kept?.token) {
      const isNewer = !kept || (kept.since ?? 0) > this.since;
      if (isNewer && (this.current || (kept && this.identity))) this.#leave(kept?.since ?? Date.now(), kept?.customer ?? null);
      return;
    }
    if (kept.conversation_id === this.current?.conversation_id) {
      this.current = { ...this.current, token: kept.token };
      return;
    }
    const same = (this.current ? this.current.customer ?? null : this.customer) === (kept.customer ?? null);
    if (!same && (kept.since ?? 0) < this.since) return; // this tab knows better, and is about to say so
    if (!same) {
      this.identity = null;
      this.customer = kept.customer ?? null;
    }
    this.current = kept;
    this.since = Math.max(this.since, kept.since ?? 0);
    this.confirmed = true;
    this.#changed();
    this.onChange(same);
  }

  // Whether words written for this conversation or customer may be said in the present one.
  covers({ conversation_id: id, customer = null, at }) {
    if (id) return id === this.current?.conversation_id;
    return customer === this.customer || (customer === null && Date.now() - at < VISIT);
  }

  async #open() {
    await this.#othersOpen();
    if (this.confirmed && this.current) return this.current;
    const { changes, current: known } = this;
    const token = known?.token ?? this.leaving ?? this.memory.session?.token;
    const opened = await this.api.session(token, this.identity);
    this.follow();
    if (changes === this.changes) return this.#opened(known, opened);
    if (!this.current && !this.leaving && !this.identity) throw new Error("The customer has signed out.");
    return this.get();
  }

  // What was asked for until now is answered too late.
  #changed() {
    this.changes += 1;
    this.making = null;
  }

  // Another tab has said who the customer is, and has the token that this one lacks: it opens the session for both.
  async #othersOpen() {
    const until = Date.now() + PATIENCE;
    while (this.customer && !this.identity && !this.current && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 100));
      this.follow();
    }
  }

  #opened(known, opened) {
    const resumed = known?.conversation_id === opened.conversation_id;
    if (this.identity && !opened.identified) {
      console.warn("Tandem: the identity token of this page was not accepted, so the customer is a stranger to the chat. "
        + "The log of the chat's server says why: expired, signed with another secret than TANDEM_IDENTITY_SECRET, or "
        + "without `sub`, `email` or `exp`. See docs/webchat.md.");
    }
    const customer = opened.identified ? this.customer : resumed ? known.customer ?? null : null;
    this.current = { conversation_id: opened.conversation_id, token: opened.token, customer };
    this.confirmed = true;
    this.leaving = null;
    this.memory.session = { ...this.current, since: this.since };
    if (known && !resumed) this.onChange((known.customer ?? null) === customer);
    this.onOpened(opened);
    return this.current;
  }

  #isAnothers({ customer }) {
    return Boolean(customer && this.customer && customer !== this.customer);
  }

  // Another customer is here: the last one's session is shown to the server once more, which then closes it.
  #leaveTo(leaving) {
    this.leaving = leaving;
    this.current = null;
    this.confirmed = false;
    this.memory.session = { since: this.since, customer: this.customer };
  }

  #leave(at, customer = null) {
    this.identity = this.current = this.leaving = null;
    this.customer = customer;
    this.since = at;
    this.confirmed = false;
    this.#changed();
    this.onChange(false);
  }

  // Sessions that the customer has left and that the server has not been told of yet.
  #endSessions() {
    for (const { id, token } of this.memory.endings()) {
      this.api.signOut({ conversation_id: id, token }).then(
        () => this.memory.dropEnding(id),
        (error) => (error.sessionIsLost || error.isFinal) && this.memory.dropEnding(id),
      );
    }
  }
}

// A mark that tells customers apart in this browser and says nothing else about them. The token is not checked here.
function customerOf(token) {
  try {
    const { sub } = JSON.parse(atob(token.split(".")[1].replace(/-/gu, "+").replace(/_/gu, "/")));
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (const character of String(sub)) {
      const code = character.codePointAt(0);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    return ((a ^ (b >>> 16)) >>> 0).toString(36) + ((b ^ (a >>> 13)) >>> 0).toString(36);
  } catch {
    return null;
  }
}
